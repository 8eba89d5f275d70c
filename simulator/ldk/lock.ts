import { isConnected, type Context } from '../world/context.ts'
import { overlap } from './contribution.ts'
import { loseContribution, startOwnRound } from './rounds.ts'
import type { Channel, Funding, NodeState, SpliceCandidate } from '../world/state.ts'

/**
 * Sends splice_locked for a candidate at the channel's lock depth; on zero-conf channels at once, for the
 * newest. A running round delays it (docs/reference/ldk.md 1.5). An opening channel's channel_ready works the
 * same way. The peer answers if it is connected. `again`: as after a reconnection.
 */
export function checkLock(ctx: Context, node: NodeState, channel: Channel, again = false): void {
  if (channel.status !== 'open' || channel.negotiation !== null) return
  followOpen(ctx, channel)
  const txid = lockableFunding(ctx, channel)?.txid
  if (txid === undefined) return
  const fresh = channel.lockSentTxid !== txid
  if (fresh) {
    channel.lockSentTxid = txid
    if (channel.opening === null) ctx.note('splice_locked_sent', { node, channel, txid })
  }
  if (fresh || again) {
    ctx.plan(ctx.state.phases.lockMs, { type: 'lock', node: node.name, channelId: channel.channelId, txid })
  }
}

/** Sets an opening channel's funding to the confirmed candidate, else to the newest one. */
export function followOpen(ctx: Context, channel: Channel): void {
  const { candidates = [] } = channel.opening ?? {}
  const confirmed = candidates.find(({ funding }) => (ctx.chain.confirmations(funding.txid) ?? 0) > 0)
  channel.funding = (confirmed ?? candidates.at(-1))?.funding ?? channel.funding
}

/** Handles the peer's splice_locked when it is due. If the peer is away, it comes after reconnecting. */
export function receiveLock(ctx: Context, node: NodeState, channel: Channel, txid: string): void {
  const lockable = lockableFunding(ctx, channel)
  if (channel.lockSentTxid !== txid || lockable?.txid !== txid) return
  if (!channel.peerLocks || !isConnected(node, channel) || channel.status !== 'open') return
  if (channel.opening !== null) return becomeReady(ctx, node, channel, lockable)
  const winner = channel.candidates.find((candidate) => candidate.funding.txid === txid)
  if (winner !== undefined) promote(ctx, node, channel, winner)
}

/** Withdraws a splice_locked whose transaction lost its block to a reorg. */
export function withdrawLock(ctx: Context, node: NodeState, channel: Channel, txid: string): void {
  if (channel.lockSentTxid !== txid || channel.lockDepth === 0) return
  channel.lockSentTxid = null
  if (channel.opening === null) ctx.note('splice_locked_withdrawn', { node, channel, txid })
}

/** The candidate's funding, of a splice or an open, that is deep enough to lock. */
function lockableFunding(ctx: Context, channel: Channel): Funding | null {
  const { candidates } = channel.opening ?? channel
  const fundings = candidates.map(({ funding }) => funding)
  if (channel.lockDepth === 0) return fundings.at(-1) ?? null
  return fundings.find(({ txid }) => (ctx.chain.confirmations(txid) ?? 0) >= channel.lockDepth) ?? null
}

function becomeReady(ctx: Context, node: NodeState, channel: Channel, funding: Funding): void {
  const { txid } = funding
  channel.funding = funding
  channel.opening = null
  channel.lockSentTxid = null
  ctx.note('channel_ready', { node, channel, txid })
  ctx.emit(node, { type: 'channel_state_changed', channelId: channel.channelId, txid })
}

/**
 * Switches to the new funding. The channel keeps its ids, other candidates are dropped, and requests that
 * waited for the lock start.
 */
function promote(ctx: Context, node: NodeState, channel: Channel, winner: SpliceCandidate): void {
  const { txid } = winner.funding
  channel.funding = winner.funding
  channel.oursMsat += winner.oursNetSats * 1000
  channel.candidates = []
  channel.lockSentTxid = null
  ctx.note('promoted', { node, channel, txid }, { valueSats: winner.funding.valueSats })
  ctx.emit(node, { type: 'channel_state_changed', channelId: channel.channelId, txid })
  const { queued } = channel
  const paid = queued !== null && winner.ours !== null && overlap(queued, winner.ours)
  if (node.behaviour.overlapGuard && paid) {
    channel.queued = null
    loseContribution(ctx, node, channel, queued, 'CannotInitiateRbf')
  }
  startOwnRound(ctx, node, channel)
}
