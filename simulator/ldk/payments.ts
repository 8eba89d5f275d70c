import type { LdkPayment } from '../../adapters/node/ldk/rpc.ts'
import { bytesOf, hexOf } from '../world/keys.ts'
import type { Context } from '../world/context.ts'
import type { Channel, NodeState, OpenCandidate, PaymentRecord, SpliceCandidate } from '../world/state.ts'
import { ownsScript } from './wallet.ts'

/** The depth at which ldk-node calls a payment succeeded (LDK's ANTI_REORG_DELAY). */
const ANTI_REORG_DELAY = 6

/**
 * Records a splice when it is broadcast, as ldk-node classifies it (docs/reference/ldk.md R3 to R6). There is no record
 * without a contribution or without a movement of the wallet, hence none for a splice-out to a foreign address.
 */
export function recordPayment(ctx: Context, node: NodeState, channel: Channel, candidate: SpliceCandidate): void {
  const { ours } = candidate
  if (ours === null) return
  const moves = ours.kind === 'splice_in' || (ours.script !== null && ownsScript(ctx, node.name, ours.script))
  if (!moves) return
  const { txid } = candidate.funding
  record(ctx, node, channel, {
    first: channel.candidates[0]?.funding.txid ?? txid,
    figures: { txid, amountSats: Math.abs(candidate.oursNetSats), feeSats: candidate.oursFeeSats },
    direction: candidate.oursNetSats >= 0 ? 'outbound' : 'inbound',
    interactive: true,
  })
}

/** Records an open when it is broadcast, if our wallet pays into it (docs/reference/ldk.md R2, R3 and R7). */
export function recordOpening(ctx: Context, node: NodeState, channel: Channel, candidate: OpenCandidate): void {
  const { opening } = channel
  if (opening === null || opening.ours === null) return
  const { txid } = candidate.funding
  record(ctx, node, channel, {
    first: opening.candidates[0]?.funding.txid ?? txid,
    figures: { txid, amountSats: opening.ours.amountSats, feeSats: candidate.oursFeeSats },
    direction: 'outbound',
    interactive: opening.funding === 'dual',
  })
}

type Broadcast = Pick<PaymentRecord, 'direction' | 'interactive'> & {
  /** The txid of the first candidate, which identifies the record. */
  readonly first: string
  readonly figures: PaymentRecord['candidates'][number]
}

function record(ctx: Context, node: NodeState, channel: Channel, broadcast: Broadcast): void {
  const { first, figures, direction, interactive } = broadcast
  const id = hexOf(bytesOf(first).reverse())
  const { txid } = figures
  const known = node.disk.payments.find((payment) => payment.id === id)
  if (known?.candidates.some((old) => old.txid === txid) === true) return
  ctx.note('payment', { node, channel, txid }, { payment: id, status: 'pending' })
  if (known !== undefined) {
    known.candidates.push(figures)
    refreshPayment(ctx, node, known)
    return
  }
  node.disk.payments.push({
    ...figures,
    id,
    channelId: channel.channelId,
    direction,
    succeeded: false,
    candidates: [figures],
    interactive,
  })
}

/** At a new tip, payments show the confirmed candidate, else the newest, and succeed at six confirmations. */
export function refreshPayments(ctx: Context, node: NodeState): void {
  for (const payment of node.disk.payments) refreshPayment(ctx, node, payment)
}

export function shownPayment(node: NodeState, payment: PaymentRecord): LdkPayment {
  return {
    id: payment.id,
    txid: payment.txid,
    amountMsat: payment.amountSats * 1000,
    feePaidMsat: payment.feeSats * 1000,
    direction: payment.direction,
    status: payment.succeeded ? 'succeeded' : 'pending',
    channelIds: payment.interactive && node.behaviour.paymentsNameChannels ? [payment.channelId] : [],
  }
}

function refreshPayment(ctx: Context, node: NodeState, payment: PaymentRecord): void {
  // ldk-node only updates pending records, so a succeeded one stays as it is (docs/reference/ldk.md R19).
  if (payment.succeeded) return
  const depth = (txid: string): number => ctx.chain.confirmations(txid) ?? 0
  const active = payment.candidates.find(({ txid }) => depth(txid) > 0) ?? payment.candidates.at(-1)
  if (active === undefined) return
  Object.assign(payment, active)
  if (depth(active.txid) < ANTI_REORG_DELAY) return
  payment.succeeded = true
  ctx.note('payment', { node, txid: active.txid }, { payment: payment.id, status: 'succeeded' })
}
