import type { FundingSpend } from '../chain/funding-history.ts'
import type { FollowedChain, ChannelState, NodeState, ChannelLease, Versioned } from '../ports/records.ts'
import type { ChannelSnapshot, NodeLook } from '../ports/node.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** What the chain shows of a channel's funding history, oldest first. */
export type ChainView = {
  readonly tip: { readonly height: number; readonly hash: string }
  readonly fundingSpends: readonly FundingSpend[]
  /** Whether the walk arrived at the node's current funding outpoint, or there was none to arrive at. */
  readonly reachedFunding: boolean
  /** Spenders without our effect that no pointer leads from: the ledger does not know them yet. */
  readonly unrecorded: readonly string[]
  /**
   * A transaction with our effect before the known funding history, since a backup was taken (gate
   * `no_earlier_effect`).
   */
  readonly earlierEffect: string | null
  readonly feeRateSatPerKw: number | null
}

/** Everything that can be known now about a splice, gathered through the ports: the node first, the chain last. */
export type Observation = {
  readonly at: Instant
  readonly node: NodeLook | null
  readonly channel: ChannelSnapshot | null
  readonly nodeState: NodeState | null
  readonly channelState: ChannelState | null
  readonly quietAbsenceMs: number | null
  readonly chain: ChainView | null
  /**
   * The chain as sweeps follow it, if a candidate was seen. A reorg is noticed by the hash of the candidate's block.
   */
  readonly followed: FollowedChain | null
  /** null: nobody has written it yet, or it was not read because the splice only waits for blocks. */
  readonly lease: Versioned<ChannelLease> | null
  /** The configured generation, and the one in the guard item; null: there is no guard item yet. */
  readonly generation: { readonly configured: number; readonly stored: number | null }
}

/**
 * Whether a node that picks the channel itself lists another one that it could pick. What it does there is
 * not visible on this channel's funding history, so nothing is submitted and nothing proven.
 */
export function mayPickAnother(node: NodeLook, channelId: string): boolean {
  if (node.capabilities.leaseScope !== 'node') return false
  return node.channels.some((channel) => channel.channelId !== channelId && !channel.closing)
}

/** Whether the look is of the pinned node and network. */
export function isPinned(splice: Splice, node: NodeLook): boolean {
  return node.nodeId === splice.nodeId && node.network === splice.network
}
