import { acceptSplice } from '../../core/accept/accept-splice.ts'
import {
  channelKey,
  type ApiKey,
  type ChannelLease,
  type ChannelState,
  type NodeState,
  type Versioned,
} from '../../core/ports/records.ts'
import type { Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { ApiDeps } from './context.ts'
import { Problem } from './problem.ts'
import { requestOf, type SpliceBody } from './splice-body.ts'
import { nodeOf } from './tenancy.ts'
import { invalid } from './validation.ts'

const SWEEP_SECONDS = '60'

/** What identifies an order. */
export type Identity = { readonly idempotencyKey: string; readonly bodyHash: string }

/** The record that an order would create, and its node and channel as last seen. */
export type Draft = { readonly splice: Splice; readonly node: NodeState; readonly channel: ChannelState | null }

/** The stored state that an order is checked against. null: not seen yet, or the body names no channel. */
export type Facts = {
  readonly node: NodeState | null
  readonly channel: ChannelState | null
  /** The queue of the channel that the body names; undefined: it names none, and the node's is to be read. */
  readonly lease: Versioned<ChannelLease> | null | undefined
}

/** Reads the facts for an order concurrently. */
export async function readFacts(store: Store, { node, channel }: Pick<SpliceBody, 'node' | 'channel'>): Promise<Facts> {
  const [nodeItem, channelItem, lease] = await Promise.all([
    store.item('node', node),
    channel === undefined ? null : store.item('channel', channelKey(node, channel)),
    channel === undefined ? undefined : store.item('lease', channel),
  ])
  return { node: nodeItem?.value ?? null, channel: channelItem?.value ?? null, lease }
}

/** Builds the record that an order would create; writes nothing. Throws a problem if the order is refused. */
export async function draftOf(
  deps: ApiDeps,
  key: ApiKey,
  body: SpliceBody,
  identity: Identity,
  facts: Facts,
): Promise<Draft> {
  const { store, clock, generation } = deps.ports
  const { node } = facts
  const { name } = nodeOf(deps.ports, key.tenant, body.node)
  if (node === null) throw new Problem('node_not_seen', { field: 'node', headers: { 'Retry-After': SWEEP_SECONDS } })
  const channel = body.channel === undefined ? await onlyChannel(store, name, node) : facts.channel
  const draft = acceptSplice(requestOf(body), {
    ...identity,
    tenant: key.tenant,
    node,
    channel,
    generation,
    now: clock.now(),
  })
  if (!draft.ok) throw new Problem(draft.error.code, { field: draft.error.field, detail: draft.error.message })
  return { splice: draft.value, node, channel }
}

/**
 * The channel for a body that names none. That is allowed on a node that picks the channel itself. If the
 * node has exactly one open channel, it will pick that one; otherwise its choice is not known: null.
 */
async function onlyChannel(store: Store, name: string, node: NodeState): Promise<ChannelState | null> {
  if (node.capabilities.leaseScope === 'channel' && node.capabilities.unsupported === undefined) {
    const message = '`channel` is missing: the id of the channel to splice, from `GET /v1/channels`'
    throw invalid({ field: 'channel', message })
  }
  const seen = await Promise.all(node.channelIds.map((id) => store.item('channel', channelKey(name, id))))
  const open = seen.flatMap((item) => item?.value ?? []).filter(({ goneAt, closing }) => goneAt === null && !closing)
  const [only, ...others] = open
  return only === undefined || others.length > 0 ? null : only
}
