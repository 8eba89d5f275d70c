import { acceptSplice, isDuplicate } from '../../core/accept/accept-splice.ts'
import type { ApiKey, ChannelState, NodeState } from '../../core/ports/records.ts'
import { channelKey } from '../../core/ports/records.ts'
import type { Page, Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { ApiDeps } from './context.ts'
import { Problem } from './problem.ts'
import { requestOf } from './splice-body.ts'
import type { SpliceBody } from './splice-body.ts'
import { nodeOf } from './tenancy.ts'

const SWEEP_SECONDS = '60'
const PAGE = 100
/** Of a channel's splices so many are searched, newest first: a live one has a deadline, and so is not old. */
const PAGES_MAX = 10

/** What makes an order this order. */
export type Identity = { readonly idempotencyKey: string; readonly bodyHash: string }

/** The record that a request would be accepted as, and the node as it was last seen. */
export type Draft = { readonly splice: Splice; readonly node: NodeState }

/** What an order is judged by. null: not seen yet, or the body names no channel. */
export type Facts = {
  readonly node: NodeState | null
  readonly channel: ChannelState | null
  /** The newest splices of the channel that the body names. */
  readonly listed: Page | null
}

/** Reads what an order is judged by, side by side. */
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

/** What a request would be accepted as; nothing is written. Throws the problem that stands against it. */
export async function draftOf(
  deps: ApiDeps,
  key: ApiKey,
  body: SpliceBody,
  identity: Identity,
  { node, channel, listed }: Facts,
): Promise<Draft> {
  const { store, clock, generation } = deps.ports
  const { name } = nodeOf(deps.ports, key.tenant, body.node)
  if (node === null)
    throw new Problem('node_not_seen', { field: 'node', headers: { 'Retry-After': SWEEP_SECONDS } })
  const draft = acceptSplice(requestOf(body), {
    ...identity,
    tenant: key.tenant,
    node,
    channel: body.channel === undefined ? await onlyChannel(store, name, node) : channel,
    generation,
    now: clock.now(),
  })
  if (!draft.ok)
    throw new Problem(draft.error.code, { field: draft.error.field, detail: draft.error.message })
  const duplicate = await duplicateOf(deps, draft.value, listed)
  if (duplicate !== null)
    throw new Problem('duplicate_output', { field: 'amountSats', detail: `see ${duplicate.id}` })
  return { splice: draft.value, node }
}

/**
 * The channel that a body without one means: of a node that picks the channel itself, the only one that it can pick. With several,
 * or with none, nobody knows which it will be: null.
 */
async function onlyChannel(store: Store, name: string, node: NodeState): Promise<ChannelState | null> {
  if (node.capabilities.leaseScope === 'channel' && node.capabilities.unsupported === undefined) {
    const message = 'the channel to splice, as `GET /v1/channels` lists it'
    throw new Problem('invalid_request', { field: 'channel', errors: [{ field: 'channel', message }] })
  }
  const seen = await Promise.all(node.channelIds.map((id) => store.item('channel', channelKey(name, id))))
  const open = seen
    .flatMap((item) => item?.value ?? [])
    .filter(({ goneAt, closing }) => goneAt === null && !closing)
  const [only, ...others] = open
  return only === undefined || others.length > 0 ? null : only
}

/**
 * The index may lag, so two duplicates posted at one moment can both be accepted. What closes the gap is the lease (gate
 * 11): the second cannot submit before the first has ended, and by then each transaction of the first has its owner.
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
