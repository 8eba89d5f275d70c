import type { Hop } from '../chain/funding-history.ts'
import type { ChainSeen, ChannelSeen, NodeSeen, Slot, Versioned } from '../ports/records.ts'
import type { ChannelSnapshot, NodeLook } from '../ports/node.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** What the chain shows of a channel's lineage, oldest first. */
export type ChainView = {
  readonly tip: { readonly height: number; readonly hash: string }
  readonly hops: readonly Hop[]
  /** The walk arrived at the node's current funding outpoint, or there was none to arrive at. */
  readonly reachedFunding: boolean
  /** Spenders without our effect that no pointer leads from: the ledger does not know them (design section 7). */
  readonly unrecorded: readonly string[]
  /** Transactions with our effect before the known lineage, since a backup was taken (gate 6). */
  readonly earlierEffect: string | null
  readonly feeRateSatPerKw: number | null
}

/** Everything that can be known now about a splice, gathered through the ports: node first, chain last. */
export type Observation = {
  readonly at: Instant
  readonly node: NodeLook | null
  readonly channel: ChannelSnapshot | null
  readonly nodeSeen: NodeSeen | null
  readonly channelSeen: ChannelSeen | null
  readonly quietAbsenceMs: number | null
  readonly chain: ChainView | null
  /** The chain as sweeps follow it, where a candidate was seen: what left it is found by its block's hash. */
  readonly followed: ChainSeen | null
  /** null: nobody has written it yet, or a splice that waits for blocks has not asked for it. */
  readonly slot: Versioned<Slot> | null
  /** The configured generation, and the one that the guard item holds; null: there is no guard item yet. */
  readonly generation: { readonly configured: number; readonly stored: number | null }
}

/**
 * A node that picks the channel itself lists another one that it could pick: what it does there is not seen on the lineage
 * of this one. Nothing is submitted then, and nothing proven.
 */
export function mayPickAnother(node: NodeLook, channelId: string): boolean {
  if (node.capabilities.slotScope !== 'node') return false
  return node.channels.some((channel) => channel.channelId !== channelId && !channel.closing)
}

/** The node's look is of the pinned node and network. */
export function isPinned(splice: Splice, node: NodeLook): boolean {
  return node.nodeId === splice.nodeId && node.network === splice.network
}
