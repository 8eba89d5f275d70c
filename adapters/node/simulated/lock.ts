import { isConnected } from './context.ts'
import type { Context } from './context.ts'
import { overlap } from './contribution.ts'
import { loseContribution, startOwnRound } from './rounds.ts'
import type { Channel, NodeState, SpliceCandidate } from './state.ts'

/**
 * Sends splice_locked for a candidate at the channel's lock depth; zero-conf: for the newest, at once. A running round puts
 * it off (docs/reference/ldk.md 1.5). The peer answers if it is connected; `again`: it is asked anew, as at a reconnection.
 */
export function checkLock(ctx: Context, node: NodeState, channel: Channel, again = false): void {
  if (channel.status !== 'open' || channel.negotiation !== null) return
  const deep = deepCandidate(ctx, channel)
  if (deep === null) return
  const { txid } = deep.funding
  const fresh = channel.lockSentTxid !== txid
  if (fresh) {
    channel.lockSentTxid = txid
    ctx.note('splice_locked_sent', { node, channel, txid })
  }
  if (fresh || again) {
    ctx.plan(ctx.state.phases.lockMs, { type: 'lock', node: node.name, channelId: channel.channelId, txid })
  }
}

/** The peer's splice_locked for a transaction would be here by now; without the peer it comes at its return. */
export function receiveLock(ctx: Context, node: NodeState, channel: Channel, txid: string): void {
  const candidate = deepCandidate(ctx, channel)
  if (channel.lockSentTxid !== txid || candidate?.funding.txid !== txid) return
  if (!channel.peerLocks || !isConnected(node, channel) || channel.status !== 'open') return
  promote(ctx, node, channel, candidate)
}

/** A reorg took a transaction's block: a splice_locked sent for it is withdrawn. */
export function withdrawLock(ctx: Context, node: NodeState, channel: Channel, txid: string): void {
  if (channel.lockSentTxid !== txid || channel.lockDepth === 0) return
  channel.lockSentTxid = null
  ctx.note('splice_locked_withdrawn', { node, channel, txid })
}

function deepCandidate(ctx: Context, channel: Channel): SpliceCandidate | null {
  if (channel.lockDepth === 0) return channel.candidates.at(-1) ?? null
  const deep = channel.candidates.find(
    (candidate) => (ctx.chain.confirmations(candidate.funding.txid) ?? 0) >= channel.lockDepth,
  )
  return deep ?? null
}

/** Swaps the funding: the channel keeps its ids, losers are forgotten, what waited on the lock has its turn. */
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
