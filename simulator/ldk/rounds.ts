import type { FailureReason } from '../../core/splice/failure.ts'
import { isConnected, type Context } from '../world/context.ts'
import { canInitiateRbf, minRbfFeeRateSatPerKw } from './contribution.ts'
import type { Channel, Contribution, Negotiation, NodeState, PhaseDurations } from '../world/state.ts'

/** The initial values of a round; the rest is decided once the channel is quiescent. */
export type RoundStart = Pick<Negotiation, 'initiator' | 'feeRateSatPerKw' | 'theirs' | 'mergesOurs'>

/**
 * Starts a round with the queued contribution if the peer is connected, no other round runs, and the feerate
 * replaces any pending candidate. Otherwise the contribution waits for the peer (`WaitingOnQuiescence`) or
 * for the lock (`WaitingOnLock`, docs/reference/ldk.md 1.1).
 */
export function startOwnRound(ctx: Context, node: NodeState, channel: Channel): void {
  const { queued } = channel
  if (queued === null || channel.status !== 'open' || channel.negotiation !== null) return
  if (!isConnected(node, channel)) return
  const newest = channel.candidates.at(-1)
  if (newest !== undefined) {
    if (!canInitiateRbf(channel)) return
    if (queued.feeRateSatPerKw < minRbfFeeRateSatPerKw(newest.feeRateSatPerKw)) return
  }
  const { feeRateSatPerKw } = queued
  beginRound(ctx, node, channel, {
    initiator: 'us',
    feeRateSatPerKw,
    theirs: newest?.theirs ?? null,
    mergesOurs: true,
  })
}

export function beginRound(ctx: Context, node: NodeState, channel: Channel, start: RoundStart): void {
  const id = `round-${ctx.serial()}`
  channel.negotiation = {
    ...start,
    id,
    phase: 'quiescence',
    ours: null,
    candidate: null,
    commitmentAccepted: false,
    timerSerial: 0,
  }
  ctx.note('round_started', { node, channel }, { round: id, initiator: start.initiator })
  planStep(ctx, node, channel, channel.negotiation)
}

export function enterPhase(ctx: Context, node: NodeState, channel: Channel, phase: Negotiation['phase']): void {
  const round = channel.negotiation
  if (round === null) return
  round.phase = phase
  ctx.note('round_phase', { node, channel }, { round: round.id, phase })
  planStep(ctx, node, channel, round)
}

/** Plans the round's next step and invalidates earlier plans. */
export function planStep(ctx: Context, node: NodeState, channel: Channel, round: Negotiation): void {
  round.timerSerial += 1
  ctx.plan(durationMs(ctx.state.phases, round.phase), {
    type: 'negotiate',
    node: node.name,
    channelId: channel.channelId,
    negotiationId: round.id,
    serial: round.timerSerial,
  })
}

/** Ends a round without a candidate. LDK emits an event only if a contribution of ours is lost. */
export function failRound(ctx: Context, node: NodeState, channel: Channel, reason: FailureReason): void {
  const round = channel.negotiation
  if (round === null) return
  channel.negotiation = null
  ctx.note('round_failed', { node, channel }, { round: round.id, phase: round.phase, reason })
  const carried = channel.candidates.at(-1)?.ours?.id
  if (round.ours !== null && round.ours.id !== carried) loseContribution(ctx, node, channel, round.ours, reason)
}

/** Journals a lost contribution and emits an event, unless it was lost silently (null). */
export function loseContribution(
  ctx: Context,
  node: NodeState,
  channel: Channel,
  contribution: Contribution,
  reason: FailureReason | null,
): void {
  ctx.note('contribution_lost', { node, channel }, { contribution: contribution.id, reason })
  if (reason !== null) {
    ctx.emit(node, { type: 'splice_negotiation_failed', channelId: channel.channelId, reason })
  }
}

/** On a disconnect, a round before signatures is lost; what is queued stays (docs/reference/ldk.md 1.6). */
export function interruptRound(ctx: Context, node: NodeState, channel: Channel): void {
  const round = channel.negotiation
  if (round === null) return
  if (round.phase === 'awaiting_signatures') round.timerSerial += 1
  else failRound(ctx, node, channel, 'PeerDisconnected')
}

/** Resumes a round after a reconnection: signatures are exchanged after all (`channel_reestablish.next_funding`). */
export function resumeRound(ctx: Context, node: NodeState, channel: Channel): void {
  const round = channel.negotiation
  if (round !== null) planStep(ctx, node, channel, round)
}

function durationMs(phases: PhaseDurations, phase: Negotiation['phase']): number {
  switch (phase) {
    case 'quiescence':
      return phases.quiescenceMs
    case 'awaiting_ack':
      return phases.ackMs
    case 'constructing':
      return phases.constructingMs
    case 'awaiting_signatures':
      // One half until we accept the peer's commitment, one half until both sides sent tx_signatures.
      return phases.signingMs / 2
  }
}
