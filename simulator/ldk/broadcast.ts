import { closeTransaction } from './close-transaction.ts'
import type { Context } from '../world/context.ts'
import { recordOpening, recordPayment } from './payments.ts'
import type { Channel, NodeState, OpenCandidate, SpliceCandidate } from '../world/state.ts'

/**
 * Broadcasts a signed candidate for the first time. ldk-node classifies a transaction before it sends it
 * (docs/reference/ldk.md R1).
 */
export function broadcastCandidate(ctx: Context, node: NodeState, channel: Channel, candidate: SpliceCandidate): void {
  if (node.behaviour.broadcasts === 'never') return
  recordPayment(ctx, node, channel, candidate)
  offer(ctx, node, channel, candidate)
}

/** Broadcasts a candidate for a channel's first funding. Returns the mempool's reason to refuse it, or null. */
export function broadcastOpen(
  ctx: Context,
  node: NodeState,
  channel: Channel,
  candidate: OpenCandidate,
): string | null {
  if (node.behaviour.broadcasts === 'never') return 'not broadcast'
  recordOpening(ctx, node, channel, candidate)
  return ctx.chain.broadcast(candidate.funding.hex)
}

/** Rebroadcasts signed candidates that are in neither chain nor mempool: at each new tip and at a start. */
export function rebroadcast(ctx: Context, node: NodeState, channel: Channel): void {
  if (node.behaviour.broadcasts !== 'always') return
  if (channel.opening !== null) rebroadcastOpen(ctx, node, channel, channel.opening.candidates)
  else if (ctx.chain.confirmations(channel.funding.txid) === null) ctx.chain.broadcast(channel.funding.hex)
  if (channel.status === 'closed') {
    const hex = closeTransaction(ctx, channel)
    if (hex !== null) ctx.chain.broadcast(hex)
    return
  }
  // Newest first, so that the best candidate that the mempool accepts wins.
  for (const candidate of channel.candidates.toReversed()) {
    if (ctx.chain.confirmations(candidate.funding.txid) !== null) return
    recordPayment(ctx, node, channel, candidate)
    if (offer(ctx, node, channel, candidate)) return
  }
}

function rebroadcastOpen(ctx: Context, node: NodeState, channel: Channel, candidates: readonly OpenCandidate[]): void {
  for (const candidate of candidates.toReversed()) {
    if (ctx.chain.confirmations(candidate.funding.txid) !== null) return
    if (broadcastOpen(ctx, node, channel, candidate) === null) return
  }
}

function offer(ctx: Context, node: NodeState, channel: Channel, candidate: SpliceCandidate): boolean {
  const { txid, hex } = candidate.funding
  const rejection = ctx.chain.broadcast(hex)
  ctx.note('candidate_broadcast', { node, channel, txid }, { rejection })
  return rejection === null
}
