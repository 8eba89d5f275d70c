import { acceptSplice, isDuplicate } from '../../core/accept/accept-splice.ts'
import { channelKey, type ApiKey, type ChannelState, type NodeState } from '../../core/ports/records.ts'
import type { Page, Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { ApiDeps } from './context.ts'
import { Problem } from './problem.ts'
import { requestOf, type SpliceBody } from './splice-body.ts'
import { nodeOf } from './tenancy.ts'

const SWEEP_SECONDS = '60'
const PAGE = 100
/** Duplicates are searched among a channel's newest splices: a live one has a deadline, so it is recent. */
const PAGES_MAX = 10

/** What identifies an order. */
export type Identity = { readonly idempotencyKey: string; readonly bodyHash: string }

/** The record that an order would create, and the node as last seen. */
export type Draft = { readonly splice: Splice; readonly node: NodeState }

/** The stored state that an order is checked against. null: not seen yet, or the body names no channel. */
export type Facts = {
  readonly node: NodeState | null
  readonly channel: ChannelState | null
  /** The newest splices of the channel that the body names. */
  readonly listed: Page | null
}

/** Reads the facts for an order concurrently. */
export async function readFacts(
  store: Store,
  tenant: string,
  { node, channel }: Pick<SpliceBody, 'node' | 'channel'>,
): Promise<Facts> {
  const [nodeItem, channelItem, listed] = await Promise.all([
    store.item('node', node),
    channel === undefined ? null : store.item('channel', channelKey(node, channel)),
    channel === undefined ? null : store.byChannel(tenant, channel, PAGE, null),
  ])
  return { node: nodeItem?.value ?? null, channel: channelItem?.value ?? null, listed }
}

/** Builds the record that an order would create; writes nothing. Throws a problem if the order is refused. */
export async function draftOf(
  deps: ApiDeps,
  key: ApiKey,
  body: SpliceBody,
  identity: Identity,
  { node, channel, listed }: Facts,
): Promise<Draft> {
  const { store, clock, generation } = deps.ports
  const { name } = nodeOf(deps.ports, key.tenant, body.node)
  if (node === null) throw new Problem('node_not_seen', { field: 'node', headers: { 'Retry-After': SWEEP_SECONDS } })
  const draft = acceptSplice(requestOf(body), {
    ...identity,
    tenant: key.tenant,
    node,
    channel: body.channel === undefined ? await onlyChannel(store, name, node) : channel,
    generation,
    now: clock.now(),
  })
  if (!draft.ok) throw new Problem(draft.error.code, { field: draft.error.field, detail: draft.error.message })
  const duplicate = await duplicateOf(deps, draft.value, listed)
  if (duplicate !== null) throw new Problem('duplicate_output', { field: 'amountSats', detail: `see ${duplicate.id}` })
  return { splice: draft.value, node }
}

/**
 * The channel for a body that names none. That is allowed on a node that picks the channel itself. If the
 * node has exactly one open channel, it will pick that one; otherwise its choice is not known: null.
 */
async function onlyChannel(store: Store, name: string, node: NodeState): Promise<ChannelState | null> {
  if (node.capabilities.leaseScope === 'channel' && node.capabilities.unsupported === undefined) {
    const message = 'required: the id of the channel to splice, from `GET /v1/channels`'
    throw new Problem('invalid_request', { field: 'channel', errors: [{ field: 'channel', message }] })
  }
  const seen = await Promise.all(node.channelIds.map((id) => store.item('channel', channelKey(name, id))))
  const open = seen.flatMap((item) => item?.value ?? []).filter(({ goneAt, closing }) => goneAt === null && !closing)
  const [only, ...others] = open
  return only === undefined || others.length > 0 ? null : only
}

/**
 * Finds a live splice with the same effect. The index may lag, so two duplicates posted at the same moment
 * can both be accepted. The lease gate closes that gap: the second cannot submit before the first has ended,
 * and by then every transaction of the first has its owner.
 */
async function duplicateOf(
  { ports: { store }, effects }: ApiDeps,
  draft: Splice,
  listed: Page | null,
): Promise<Splice | null> {
  const pageAt = (cursor: string | null) => store.byChannel(draft.tenant, draft.channelId, PAGE, cursor)
  let page = listed ?? (await pageAt(null))
  for (let pages = 1; ; pages += 1) {
    const others = await store.loadMany(page.ids.filter((id) => effects?.ruleOut(id, draft) !== true))
    for (const other of others) effects?.note(other)
    const duplicate = others.find((other) => isDuplicate(draft, other))
    if (duplicate !== undefined) return duplicate
    if (page.cursor === null || pages === PAGES_MAX) return null
    page = await pageAt(page.cursor)
  }
}
