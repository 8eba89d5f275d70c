import type { LdkPayment } from '../ldk/rpc.ts'
import { bytesOf, hexOf } from './keys.ts'
import type { Context } from './context.ts'
import type { Channel, NodeState, PaymentRecord, SpliceCandidate } from './state.ts'
import { ownsScript } from './wallet.ts'

/** ldk-node calls a payment succeeded at this depth (LDK's ANTI_REORG_DELAY). */
const ANTI_REORG_DELAY = 6

/**
 * Records a splice at its broadcast, as ldk-node classifies it (docs/reference/ldk.md R3 to R6): nothing without a contribution or without
 * a movement of the wallet, so nothing for a splice-out to a foreign address.
 */
export function recordPayment(
  ctx: Context,
  node: NodeState,
  channel: Channel,
  candidate: SpliceCandidate,
): void {
  const { ours } = candidate
  if (ours === null) return
  const moves = ours.kind === 'splice_in' || (ours.script !== null && ownsScript(ctx, node.name, ours.script))
  if (!moves) return
  const first = channel.candidates[0]?.funding.txid ?? candidate.funding.txid
  const id = hexOf(bytesOf(first).reverse())
  const { txid } = candidate.funding
  const figures = { txid, amountSats: Math.abs(candidate.oursNetSats), feeSats: candidate.oursFeeSats }
  const known = node.disk.payments.find((payment) => payment.id === id)
  if (known?.candidates.some((old) => old.txid === txid) === true) return
  ctx.note('payment', { node, channel, txid }, { payment: id, status: 'pending' })
  if (known !== undefined) {
    known.candidates.push(figures)
    refreshPayment(ctx, node, known)
    return
  }
  const direction = candidate.oursNetSats >= 0 ? 'outbound' : 'inbound'
  node.disk.payments.push({
    ...figures,
    id,
    channelId: channel.channelId,
    direction,
    succeeded: false,
    candidates: [figures],
  })
}

/** A new tip: figures are those of the candidate that is confirmed, else of the newest; six deep it has succeeded. */
export function refreshPayments(ctx: Context, node: NodeState): void {
  for (const payment of node.disk.payments) refreshPayment(ctx, node, payment)
}

/** A payment as the RPC shows it. */
export function shownPayment(node: NodeState, payment: PaymentRecord): LdkPayment {
  return {
    id: payment.id,
    txid: payment.txid,
    amountMsat: payment.amountSats * 1000,
    feePaidMsat: payment.feeSats * 1000,
    direction: payment.direction,
    status: payment.succeeded ? 'succeeded' : 'pending',
    channelIds: node.behaviour.paymentsNameChannels ? [payment.channelId] : [],
  }
}

function refreshPayment(ctx: Context, node: NodeState, payment: PaymentRecord): void {
  // A graduated record is not followed any more: ldk-node resolves only pending ones (docs/reference/ldk.md R19).
  if (payment.succeeded) return
  const depth = (txid: string): number => ctx.chain.confirmations(txid) ?? 0
  const active = payment.candidates.find(({ txid }) => depth(txid) > 0) ?? payment.candidates.at(-1)
  if (active === undefined) return
  Object.assign(payment, active)
  if (depth(active.txid) < ANTI_REORG_DELAY) return
  payment.succeeded = true
  ctx.note('payment', { node, txid: active.txid }, { payment: payment.id, status: 'succeeded' })
}
