import type { FailureReason } from '../../core/splice/failure.ts'
import type { Context } from '../world/context.ts'
import {
  canInitiateRbf,
  fundingFeeRates,
  hasPendingSplice,
  isAffordable,
  minRbfFeeRateSatPerKw,
  overlap,
  pendingContributions,
  repriced,
} from './contribution.ts'
import { startOwnRound } from './rounds.ts'
import type { Channel, Contribution, NodeState } from '../world/state.ts'

/** Whether LDK took a contribution. ldk-node answers every refusal with `ChannelSplicingFailed`. */
export type HandOver = { readonly taken: true } | { readonly taken: false; readonly why: string }

/** Why `splice_channel` refuses before it sees a contribution (docs/reference/ldk.md 1.2), or null. */
export function spliceChannelRefusal(channel: Channel): string | null {
  if (channel.status !== 'open' || channel.opening !== null) return 'the channel is not usable'
  if (channel.queued !== null) return 'a contribution is waiting to be negotiated'
  if (channel.negotiation?.initiator === 'us') return 'a negotiation of ours is running'
  return null
}

/**
 * Whether `splice_channel` shows a prior contribution of ours, which makes ldk-node refuse another one. LDK hides it on
 * zero-conf channels and during the first round, even if that round has ours (docs/reference/ldk.md 1.2).
 */
export function showsPriorContribution(channel: Channel): boolean {
  return channel.lockDepth > 0 && (channel.candidates.at(-1)?.ours ?? null) !== null
}

/**
 * `funding_contributed`: stores a contribution in memory or refuses it (docs/reference/ldk.md 1.3). A refusal
 * may emit a failure event although an earlier splice is still in progress.
 */
export function handOver(ctx: Context, node: NodeState, channel: Channel, contribution: Contribution): HandOver {
  if (!isAffordable(ctx, channel, contribution, contribution.feeRateSatPerKw)) {
    return refused(ctx, node, channel, 'ContributionInvalid')
  }
  const raised = raisedForRbf(ctx, channel, contribution)
  if (hasPendingSplice(channel) && raised === null) {
    const overlaps = pendingContributions(channel).some((pending) => overlap(pending, contribution))
    if (node.behaviour.overlapGuard && overlaps) {
      return refused(ctx, node, channel, canInitiateRbf(channel) ? 'FeeRateTooLow' : 'CannotInitiateRbf')
    }
  }
  channel.queued = raised ?? contribution
  const { id, kind, amountSats, script, feeRateSatPerKw } = channel.queued
  const waitsFor = hasPendingSplice(channel) && raised === null ? 'lock' : 'quiescence'
  ctx.note(
    'contribution_queued',
    { node, channel },
    { contribution: id, kind, amountSats, script, feeRateSatPerKw, waitsFor },
  )
  startOwnRound(ctx, node, channel)
  return { taken: true }
}

/**
 * ldk-node's `bump_channel_funding_fee` (docs/reference/ldk.md 3.2): same outputs and amount, at the estimate
 * or the minimum for RBF, whichever is higher.
 */
export function handOverBump(ctx: Context, node: NodeState, channel: Channel): HandOver {
  const refusal = spliceChannelRefusal(channel)
  if (refusal !== null) return { taken: false, why: refusal }
  const newest = channel.candidates.at(-1)
  if (newest === undefined || channel.lockDepth === 0) return { taken: false, why: 'no pending splice to replace' }
  if (newest.ours === null) return { taken: false, why: 'the pending splice has no contribution of ours' }
  const { estimate, max } = fundingFeeRates(ctx)
  const target = Math.max(estimate, minRbfFeeRateSatPerKw(newest.feeRateSatPerKw))
  if (target > max) return { taken: false, why: 'the feerate would be over the maximum' }
  const contribution = repriced(ctx, node, newest.ours, target)
  if (contribution === null) return { taken: false, why: 'insufficient funds' }
  return handOver(ctx, node, channel, contribution)
}

/** The contribution at a feerate that replaces the pending candidate; null if nothing can be replaced. */
function raisedForRbf(ctx: Context, channel: Channel, contribution: Contribution): Contribution | null {
  const newest = channel.candidates.at(-1)
  if (newest === undefined || !canInitiateRbf(channel)) return null
  const needed = Math.max(contribution.feeRateSatPerKw, minRbfFeeRateSatPerKw(newest.feeRateSatPerKw))
  if (needed > contribution.maxFeeRateSatPerKw) return null
  const raised = { ...contribution, feeRateSatPerKw: needed }
  return isAffordable(ctx, channel, raised, needed) ? raised : null
}

function refused(ctx: Context, node: NodeState, channel: Channel, reason: FailureReason): HandOver {
  ctx.emit(node, { type: 'splice_negotiation_failed', channelId: channel.channelId, reason })
  return { taken: false, why: reason }
}
