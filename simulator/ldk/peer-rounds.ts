import { peerCanTakeOut } from './balance.ts'
import { isConnected, type Context } from '../world/context.ts'
import {
  canInitiateRbf,
  fundingFeeRates,
  minRbfFeeRateSatPerKw,
  spliceInContribution,
  spliceOutContribution,
} from './contribution.ts'
import { peerOf } from './peers.ts'
import { beginRound } from './rounds.ts'
import { shareOf } from './share.ts'
import type { Channel, Contribution, NodeState } from '../world/state.ts'
import type { PeerReplacement, PeerSplice } from '../world/steering.ts'
import { newAddress } from './wallet.ts'

/** Starts a splice of the peer. Throws if a real peer could not. */
export function peerSplice(ctx: Context, node: NodeState, channel: Channel, splice: PeerSplice): void {
  assertQuiet(node, channel)
  if (channel.candidates.length > 0) throw new Error('a splice is pending: the peer can replace it')
  const initiator = splice.initiator ?? 'peer'
  if (initiator === 'us' && channel.queued === null) throw new Error('nothing of ours is queued')
  const feeRateSatPerKw = splice.feeRateSatPerKw ?? fundingFeeRates(ctx).estimate
  const theirs = peerContribution(ctx, node, channel, splice.amountSats, feeRateSatPerKw)
  yieldTie(ctx, node, channel)
  beginRound(ctx, node, channel, {
    initiator,
    feeRateSatPerKw: initiator === 'us' ? (channel.queued?.feeRateSatPerKw ?? feeRateSatPerKw) : feeRateSatPerKw,
    theirs,
    mergesOurs: splice.mergeOurs,
  })
}

/** The peer replaces the pending candidate. Both sides' contributions carry over. */
export function peerReplace(ctx: Context, node: NodeState, channel: Channel, options: PeerReplacement = {}): void {
  assertQuiet(node, channel)
  const newest = channel.candidates.at(-1)
  if (newest === undefined || !canInitiateRbf(channel)) throw new Error('no pending splice can be replaced')
  const least = minRbfFeeRateSatPerKw(newest.feeRateSatPerKw)
  const feeRateSatPerKw = options.feeRateSatPerKw ?? Math.max(least, fundingFeeRates(ctx).estimate)
  if (feeRateSatPerKw < least) throw new Error(`the feerate is under the minimum of ${least}`)
  yieldTie(ctx, node, channel)
  beginRound(ctx, node, channel, {
    initiator: 'peer',
    feeRateSatPerKw,
    theirs: newest.theirs,
    mergesOurs: options.mergeOurs ?? false,
  })
}

/** If both sides ask for quiescence, there is one round; a round of ours that was starting restarts in it. */
function yieldTie(ctx: Context, node: NodeState, channel: Channel): void {
  const round = channel.negotiation
  if (round === null) return
  channel.negotiation = null
  ctx.note('round_failed', { node, channel }, { round: round.id, phase: round.phase, reason: 'tie' })
}

function assertQuiet(node: NodeState, channel: Channel): void {
  if (channel.status !== 'open' || channel.opening !== null) throw new Error('the channel is not open')
  if (!isConnected(node, channel)) throw new Error('the peer is not connected')
  if (channel.negotiation !== null && channel.negotiation.phase !== 'quiescence') {
    throw new Error('a round is running')
  }
}

function peerContribution(
  ctx: Context,
  node: NodeState,
  channel: Channel,
  amountSats: number,
  feeRateSatPerKw: number,
): Contribution {
  const { name } = peerOf(node, channel.peerId)
  if (amountSats > 0) {
    const contribution = spliceInContribution(ctx, name, amountSats, new Set(), feeRateSatPerKw)
    if (contribution === null) throw new Error(`${name} does not have enough on chain`)
    return contribution
  }
  const contribution = spliceOutContribution(ctx, -amountSats, newAddress(ctx, name).script)
  const share = shareOf(contribution, true, feeRateSatPerKw)
  if (share === null || !peerCanTakeOut(channel, -share.netSats))
    throw new Error(`${name} does not have enough in the channel`)
  return contribution
}
