import type { FailureReason } from '../../core/splice/failure.ts'
import { broadcastCandidate } from './broadcast.ts'
import type { Context } from '../world/context.ts'
import { canInitiateRbf, isAffordable } from './contribution.ts'
import { checkLock } from './lock.ts'
import { dustLimitSats } from '../chain/mempool.ts'
import { enterPhase, failRound, loseContribution, planStep, startOwnRound } from './rounds.ts'
import { buildCandidate } from './splice-transaction.ts'
import type { Channel, Contribution, Negotiation, NodeState } from '../world/state.ts'

/** Runs the step that ends a round's current phase (docs/reference/ldk.md 1.1 and 1.4). */
export function stepRound(ctx: Context, node: NodeState, channel: Channel): void {
  const round = channel.negotiation
  if (round === null) return
  const failure = abortOf(channel, round)
  if (failure !== null) {
    endRound(ctx, node, channel, failure)
    return
  }
  switch (round.phase) {
    case 'quiescence':
      if (joinContributions(ctx, node, channel, round)) enterPhase(ctx, node, channel, 'awaiting_ack')
      return
    case 'awaiting_ack':
      enterPhase(ctx, node, channel, 'constructing')
      return
    case 'constructing':
      round.candidate = buildCandidate(ctx, channel, round)
      if (round.candidate === null) endRound(ctx, node, channel, 'NegotiationError')
      else enterPhase(ctx, node, channel, 'awaiting_signatures')
      return
    case 'awaiting_signatures':
      if (round.commitmentAccepted) finishRound(ctx, node, channel, round)
      else acceptCommitment(ctx, node, channel, round)
  }
}

/** Why the peer aborts now; null if it does not. It cannot abort once we accepted its commitment. */
function abortOf(channel: Channel, round: Negotiation): FailureReason | null {
  if (round.ours === null || round.commitmentAccepted) return null
  if (channel.abortAt === round.phase) {
    channel.abortAt = null
    return 'CounterpartyAborted'
  }
  // LDK does not check its own output for dust; the receiver does (docs/reference/ldk.md 3.3, step 6).
  const { script, amountSats } = round.ours
  const dust = script !== null && amountSats < dustLimitSats(script)
  return dust && round.phase === 'constructing' ? 'CounterpartyAborted' : null
}

/** Decides, at quiescence, whose contributions a round carries. Returns false if there is no round. */
function joinContributions(ctx: Context, node: NodeState, channel: Channel, round: Negotiation): boolean {
  const { queued } = channel
  if (round.initiator === 'us') {
    if (queued === null) throw new Error('a round of ours without a contribution')
    return takeOwn(ctx, node, channel, round, queued)
  }
  const carried = channel.candidates.at(-1)?.ours ?? null
  if (queued === null || carried !== null || !round.mergesOurs) {
    round.ours = carried
    return true
  }
  if (round.feeRateSatPerKw > queued.maxFeeRateSatPerKw) {
    // FeeRateTooHigh: we abort the peer's round and keep ours queued.
    endRound(ctx, node, channel, 'NegotiationError')
    return false
  }
  if (isAffordable(ctx, channel, queued, round.feeRateSatPerKw)) {
    round.ours = queued
    channel.queued = null
    ctx.note('contribution_merged', { node, channel }, { contribution: queued.id, round: round.id })
  }
  return true
}

/** Moves what is queued into our round, unless it is stale or can no longer replace the pending candidate. */
function takeOwn(ctx: Context, node: NodeState, channel: Channel, round: Negotiation, queued: Contribution): boolean {
  const stale = channel.staleNext || !isAffordable(ctx, channel, queued, queued.feeRateSatPerKw)
  const late = channel.candidates.length > 0 && !canInitiateRbf(channel)
  if (!stale && !late) {
    round.ours = queued
    channel.queued = null
    return true
  }
  if (stale) {
    channel.staleNext = false
    channel.queued = null
    loseContribution(ctx, node, channel, queued, 'ContributionInvalid')
  }
  channel.negotiation = null
  ctx.note('round_failed', { node, channel }, { round: round.id, phase: round.phase, reason: stale ? 'stale' : 'late' })
  // LDK can leave quiescence only by disconnecting.
  ctx.plan(0, { type: 'disconnect', node: node.name, peerId: channel.peerId })
  return false
}

function acceptCommitment(ctx: Context, node: NodeState, channel: Channel, round: Negotiation): void {
  round.commitmentAccepted = true
  ctx.note('commitment_accepted', { node, channel }, { round: round.id })
  planStep(ctx, node, channel, round)
}

function finishRound(ctx: Context, node: NodeState, channel: Channel, round: Negotiation): void {
  const { candidate } = round
  if (candidate === null) throw new Error('signatures without a transaction')
  channel.negotiation = null
  channel.candidates.push(candidate)
  const { txid } = candidate.funding
  const { initiator, feeRateSatPerKw, oursNetSats, oursFeeSats, ours } = candidate
  ctx.note(
    'candidate_signed',
    { node, channel, txid },
    { initiator, feeRateSatPerKw, oursNetSats, oursFeeSats, contribution: ours?.id ?? null },
  )
  broadcastCandidate(ctx, node, channel, candidate)
  if (ours !== null) ctx.emit(node, { type: 'splice_negotiated', channelId: channel.channelId, txid })
  afterRound(ctx, node, channel)
}

function endRound(ctx: Context, node: NodeState, channel: Channel, reason: FailureReason): void {
  failRound(ctx, node, channel, reason)
  afterRound(ctx, node, channel)
}

/** Continues what the round delayed: a lock, then a queued contribution. */
function afterRound(ctx: Context, node: NodeState, channel: Channel): void {
  checkLock(ctx, node, channel)
  startOwnRound(ctx, node, channel)
}
