import type { FundingSpend } from '../chain/funding-history.ts'
import type { FollowedChain, ChannelState, NodeState, ChannelLease, Versioned } from '../ports/records.ts'
import type { ChannelSnapshot, NodeLook } from '../ports/node.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** What the chain shows of a channel's funding history, oldest first. */
export type ChainView = {
  readonly tip: { readonly height: number; readonly hash: string }
  readonly fundingSpends: readonly FundingSpend[]
  /** The walk arrived at the node's current funding outpoint, or there was none to arrive at. */
  readonly reachedFunding: boolean
  /** Spenders without our effect that no pointer leads from: the ledger does not know them (design section 7). */
  readonly unrecorded: readonly string[]
  /** Transactions with our effect before the known funding history, since a backup was taken (gate `no_earlier_effect`). */
  readonly earlierEffect: string | null
  readonly feeRateSatPerKw: number | null
}

/** Everything that can be known now about a splice, gathered through the ports: node first, chain last. */
export type Observation = {
  readonly at: Instant
  readonly node: NodeLook | null
  readonly channel: ChannelSnapshot | null
  readonly nodeState: NodeState | null
  readonly channelState: ChannelState | null
  readonly quietAbsenceMs: number | null
  readonly chain: ChainView | null
  /** The chain as sweeps follow it, where a candidate was seen: what left it is found by its block's hash. */
  readonly followed: FollowedChain | null
  /** null: nobody has written it yet, or a splice that waits for blocks has not asked for it. */
  readonly lease: Versioned<ChannelLease> | null
  /** The configured generation, and the one that the guard item holds; null: there is no guard item yet. */
  readonly generation: { readonly configured: number; readonly stored: number | null }
}

/**
 * A node that picks the channel itself lists another one that it could pick: what it does there is not seen on the funding history
 * of this one. Nothing is submitted then, and nothing proven.
 */
export function mayPickAnother(node: NodeLook, channelId: string): boolean {
  if (node.capabilities.leaseScope !== 'node') return false
  return node.channels.some((channel) => channel.channelId !== channelId && !channel.closing)
}

/** The node's look is of the pinned node and network. */
export function isPinned(splice: Splice, node: NodeLook): boolean {
  return node.nodeId === splice.nodeId && node.network === splice.network
}
