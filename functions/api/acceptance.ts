import { acceptSplice, isDuplicate } from '../../core/accept.ts'
import type { ApiKey, ChannelSeen, NodeSeen } from '../../core/items.ts'
import { channelKey } from '../../core/items.ts'
import type { Store } from '../../core/ports.ts'
import type { Splice } from '../../core/splice.ts'
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
export type Draft = { readonly splice: Splice; readonly node: NodeSeen }

/** What a request would be accepted as; nothing is written. Throws the problem that stands against it. */
export async function draftOf(
  deps: ApiDeps,
  key: ApiKey,
  body: SpliceBody,
  identity: Identity,
): Promise<Draft> {
  const { store, clock, generation } = deps.ports
  const node = nodeOf(deps.ports, key.tenant, body.node)
  const seen = await store.item('node', node.name)
  if (seen === null)
    throw new Problem('node_not_seen', { field: 'node', headers: { 'Retry-After': SWEEP_SECONDS } })
  const draft = acceptSplice(requestOf(body), {
    ...identity,
    tenant: key.tenant,
    node: seen.value,
    channel: await channelOf(store, node.name, seen.value, body),
    generation,
    now: clock.now(),
  })
  if (!draft.ok)
    throw new Problem(draft.error.code, { field: draft.error.field, detail: draft.error.message })
  const duplicate = await duplicateOf(store, draft.value)
  if (duplicate !== null)
    throw new Problem('duplicate_output', { field: 'amountSats', detail: `see ${duplicate.id}` })
  return { splice: draft.value, node: seen.value }
}

/**
 * The channel that a body names; of a node that picks the channel itself, the only one that it can pick. With several, or with
 * none, nobody knows which it will be: null.
 */
async function channelOf(
  store: Store,
  name: string,
  node: NodeSeen,
  body: SpliceBody,
): Promise<ChannelSeen | null> {
  if (body.channel !== undefined)
    return (await store.item('channel', channelKey(name, body.channel)))?.value ?? null
  if (node.slotScope === 'channel' && node.unsupported === undefined) {
    const message = 'the channel to splice, as `GET /v1/channels` lists it'
    throw new Problem('invalid_request', { field: 'channel', errors: [{ field: 'channel', message }] })
  }
  const open: ChannelSeen[] = []
  for (const id of node.channelIds) {
    const item = await store.item('channel', channelKey(name, id))
    if (item !== null && item.value.goneAt === null && !item.value.closing) open.push(item.value)
  }
  const [only, ...others] = open
  return only === undefined || others.length > 0 ? null : only
}

/**
 * The index may lag, so two duplicates posted at one moment can both be accepted. What closes the gap is the slot (gate
 * 11): the second cannot submit before the first has ended, and by then each transaction of the first has its owner.
 */
async function duplicateOf(store: Store, draft: Splice): Promise<Splice | null> {
  let cursor: string | null = null
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.byChannel(draft.tenant, draft.channelId, PAGE, cursor)
    const others = await store.loadMany(found.ids)
    const duplicate = others.find((other) => isDuplicate(draft, other))
    if (duplicate !== undefined) return duplicate
    if (found.cursor === null) return null
    cursor = found.cursor
  }
  return null
}
