import type { ForeignKind, ForeignPayment } from '../ports/records.ts'
import { confirmedOf } from './foreign-payment.ts'
import { shownOf } from '../splice/snapshot.ts'
import type { BlockRef } from '../bitcoin/block.ts'
import type { Splice, SpliceKind } from '../splice/splice.ts'
import type { Network } from '../bitcoin/network.ts'
import type { Instant } from '../values/instant.ts'

/** `intended`: no transaction seen yet. `void`: none will come. */
export type PaymentStatus = 'intended' | 'pending' | 'confirmed' | 'final' | 'void'

/** A transaction of a payment. Amounts are null while unknown, `block` is null while unconfirmed. */
export type PaymentCandidate = {
  readonly txid: string
  readonly feeSats: number | null
  readonly feeRateSatPerKw: number | null
  readonly seenAt: Instant
  readonly block: BlockRef | null
}

/** A funding transaction in the ledger. Amounts and fees are those of the confirmed candidate, else of the newest. */
export type Payment = {
  readonly id: string
  readonly kind: SpliceKind | ForeignKind
  readonly status: PaymentStatus
  /** Our splice; null for a foreign payment. */
  readonly spliceId: string | null
  readonly node: string
  readonly network: Network
  readonly channelId: string
  /** Ours: the ordered amount. Foreign: the change of the channel's capacity; null: unknown. */
  readonly amountSats: number | null
  /** Foreign: our contribution by the node's own record, fee included; null: unknown, or the payment is ours. */
  readonly contributionSats: number | null
  readonly txid: string | null
  readonly feeSats: number | null
  readonly feeRateSatPerKw: number | null
  readonly confirmations: number
  readonly block: BlockRef | null
  readonly candidates: readonly PaymentCandidate[]
  readonly createdAt: Instant
  readonly metadata: Readonly<Record<string, string>>
}

/** Whether an id is a payment's, 64 hex digits, and not a splice's, which has a prefix. */
export function isPaymentId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id)
}

/**
 * The payment of a splice. It is derived from the splice and never stored. `tipHeight` may lag; null:
 * unknown. `finalDepth` comes from {@link finalDepthOf}.
 */
export function paymentOf(splice: Splice, tipHeight: number | null, finalDepth: number): Payment {
  const shown = shownOf(splice.candidates)
  const confirmations = confirmationsOf(shown?.block ?? null, tipHeight)
  const { node, network, channelId, kind, amountSats, candidates, createdAt, metadata } = splice
  return {
    id: splice.paymentId,
    kind,
    status: statusOf(splice, confirmations, finalDepth),
    spliceId: splice.id,
    node,
    network,
    channelId,
    amountSats,
    contributionSats: null,
    ...figuresOf(shown),
    confirmations,
    candidates,
    createdAt,
    metadata,
  }
}

/** The ledger's view of a foreign payment. */
export function foreignPaymentOf(payment: ForeignPayment, tipHeight: number | null): Payment {
  const shown = shownOf(payment.candidates)
  const { id, kind, node, network, channelId, candidates, createdAt } = payment
  return {
    id,
    kind,
    status: foreignStatusOf(payment),
    spliceId: null,
    node,
    network,
    channelId,
    amountSats: shown?.amountSats ?? null,
    contributionSats: shown?.contributionSats ?? null,
    ...figuresOf(shown),
    confirmations: confirmationsOf(shown?.block ?? null, tipHeight),
    candidates,
    createdAt,
    metadata: {},
  }
}

/** Confirmations at which a payment is final: the anti-reorg delay, or the channel's lock depth if greater. */
export function finalDepthOf(policy: { readonly finalDepth: number }, lockDepth: number | null): number {
  return Math.max(policy.finalDepth, lockDepth ?? 0)
}

/**
 * Whether a foreign payment that our splice absorbed is a payment of its own again: one of its own
 * transactions confirmed, and is final or our splice was given up.
 */
export function standsAlone(payment: ForeignPayment, ours: Splice): boolean {
  return confirmedOf(payment) !== null && (payment.final !== null || isVoid(ours))
}

function statusOf(splice: Splice, confirmations: number, finalDepth: number): PaymentStatus {
  if (isVoid(splice)) return 'void'
  if (splice.candidates.length === 0) return 'intended'
  if (confirmations === 0) return 'pending'
  // The tip in the table may lag behind the look that settled the splice.
  return splice.state === 'settled' || confirmations >= finalDepth ? 'final' : 'confirmed'
}

function foreignStatusOf(payment: ForeignPayment): PaymentStatus {
  if (payment.voidAt !== null) return 'void'
  if (confirmedOf(payment) === null) return 'pending'
  return payment.final === null ? 'confirmed' : 'final'
}

function isVoid({ state }: Splice): boolean {
  return state === 'failed' || state === 'cancelled'
}

function figuresOf(shown: PaymentCandidate | null) {
  return {
    txid: shown?.txid ?? null,
    feeSats: shown?.feeSats ?? null,
    feeRateSatPerKw: shown?.feeRateSatPerKw ?? null,
    block: shown?.block ?? null,
  }
}

/** Confirmations of a transaction in `block`: at least 1, even if the known tip is older than the block. */
export function confirmationsOf(block: BlockRef | null, tipHeight: number | null): number {
  return block === null ? 0 : Math.max(1, (tipHeight ?? block.height) - block.height + 1)
}
