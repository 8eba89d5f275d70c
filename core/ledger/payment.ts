import { paymentIdOf } from '../splice/ids.ts'
import type { ForeignKind, ForeignPayment } from '../ports/records.ts'
import { confirmedOf } from './foreign-payment.ts'
import type { BlockRef } from '../bitcoin/block.ts'
import type { Splice, SpliceKind } from '../splice/splice.ts'
import type { Network } from '../bitcoin/network.ts'
import type { Instant } from '../values/instant.ts'

/** `intended`: no transaction was seen yet; `void`: none will come. */
export type PaymentStatus = 'intended' | 'pending' | 'confirmed' | 'final' | 'void'

/** A transaction of a payment. null: not known; no block: not confirmed. */
export type PaymentCandidate = {
  readonly txid: string
  readonly feeSats: number | null
  readonly feeRateSatPerKw: number | null
  readonly seenAt: Instant
  readonly block: BlockRef | null
}

/** A funding transaction as the ledger shows it: figures are those of the candidate that confirmed, else of the newest. */
export type Payment = {
  readonly id: string
  readonly kind: SpliceKind | ForeignKind
  readonly status: PaymentStatus
  /** The splice of ours that it is of; null: a foreign payment. */
  readonly spliceId: string | null
  readonly node: string
  readonly network: Network
  readonly channelId: string
  /** Ours: the amount that was asked for. Foreign: the change of the channel's capacity; null: not known. */
  readonly amountSats: number | null
  /** Foreign: what we added by the node's own record, fee included; null: not known, or ours. */
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

/** An id of a foreign payment, or of any payment: 64 hex digits; a splice's begins with its prefix. */
export function isPaymentId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id)
}

/**
 * The payment of a splice: resolved from it, stored nowhere (design section 7). `tipHeight` may lag, null: not known;
 * `finalDepth` as {@link finalDepthOf} tells.
 */
export function paymentOf(splice: Splice, tipHeight: number | null, finalDepth: number): Payment {
  const shown = shownOf(splice.candidates)
  const confirmations = confirmationsOf(shown?.block ?? null, tipHeight)
  const { node, network, channelId, kind, amountSats, candidates, createdAt, metadata } = splice
  return {
    id: paymentIdOf(splice.id),
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

/** A foreign payment as the ledger shows it. */
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

/** Depth at which a payment is final: the anti-reorg delay, or the channel's lock depth if that is known and more. */
export function finalDepthOf(policy: { readonly finalDepth: number }, lockDepth: number | null): number {
  return Math.max(policy.finalDepth, lockDepth ?? 0)
}

/**
 * Whether a foreign payment that our splice absorbed stands for itself again: one of its own transactions confirmed after
 * all, for good, or with our splice given up.
 */
export function standsAlone(payment: ForeignPayment, ours: Splice): boolean {
  return confirmedOf(payment) !== null && (payment.final !== null || isVoid(ours))
}

function statusOf(splice: Splice, confirmations: number, finalDepth: number): PaymentStatus {
  if (isVoid(splice)) return 'void'
  if (splice.candidates.length === 0) return 'intended'
  if (confirmations === 0) return 'pending'
  // The tip in the table may lag behind the look that settled it.
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

function shownOf<T extends PaymentCandidate>(candidates: readonly T[]): T | null {
  return candidates.find((candidate) => candidate.block !== null) ?? candidates.at(-1) ?? null
}

function figuresOf(shown: PaymentCandidate | null) {
  return {
    txid: shown?.txid ?? null,
    feeSats: shown?.feeSats ?? null,
    feeRateSatPerKw: shown?.feeRateSatPerKw ?? null,
    block: shown?.block ?? null,
  }
}

/** Confirmations of what is in a block. The tip that is known may be older than the block: it counts at least for itself. */
export function confirmationsOf(block: BlockRef | null, tipHeight: number | null): number {
  return block === null ? 0 : Math.max(1, (tipHeight ?? block.height) - block.height + 1)
}
