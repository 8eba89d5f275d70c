import { z } from '@hono/zod-openapi'
import { ForeignKind } from '../../core/ports/records.ts'
import { satPerVb } from '../../core/bitcoin/money.ts'
import type { Payment, PaymentCandidate } from '../../core/ledger/payment.ts'
import { SpliceKind } from '../../core/splice/splice.ts'
import { isoOf } from './view.ts'
import { paymentExample } from './examples.ts'

const Time = z.iso.datetime()

const PaymentCandidateView = z.object({
  txid: z.string(),
  feeSats: z.int().nullable(),
  feeRateSatPerVb: z.number().nullable(),
  blockHash: z.string().nullable(),
  seenAt: Time,
})

/** A payment as the API shows it (design section 7). */
export const PaymentView = z
  .object({
    id: z.string(),
    object: z.literal('payment'),
    kind: z.enum([...SpliceKind.options, ...ForeignKind.options]).openapi({
      description: 'What it is of: a splice of ours, or what somebody else did with the channel.',
    }),
    status: z.enum(['intended', 'pending', 'confirmed', 'final', 'void']).openapi({
      description: 'Only a reorg takes a confirmation back; the payment keeps its id.',
    }),
    splice: z.string().nullable().openapi({ description: 'null: it is not of a splice of ours.' }),
    node: z.string(),
    channel: z.string(),
    network: z.string(),
    txid: z.string().nullable().openapi({
      description: 'The candidate that confirmed, else the newest; the figures are those of this one.',
    }),
    amountSats: z.int().nullable().openapi({
      description: 'The amount of the splice; otherwise by how much the capacity of the channel changed.',
    }),
    feeSats: z.int().nullable(),
    feeRateSatPerVb: z.number().nullable(),
    contributionSats: z.int().nullable().openapi({
      description: 'What the node added, fee included, by its own record; null where none is known.',
    }),
    confirmations: z.int(),
    blockHash: z.string().nullable(),
    candidates: z.array(PaymentCandidateView),
    metadata: z.record(z.string(), z.string()),
    createdAt: Time,
  })
  .openapi('Payment', { example: paymentExample })
export type PaymentView = z.infer<typeof PaymentView>

/** Instants, feerates and names as the API writes them. */
export function paymentViewOf(payment: Payment): PaymentView {
  const { id, kind, status, node, network, txid, amountSats, contributionSats, confirmations } = payment
  return {
    id,
    object: 'payment',
    kind,
    status,
    splice: payment.spliceId,
    node,
    channel: payment.channelId,
    network,
    txid,
    amountSats,
    feeSats: payment.feeSats,
    feeRateSatPerVb: satPerVbOrNull(payment.feeRateSatPerKw),
    contributionSats,
    confirmations,
    blockHash: payment.block?.hash ?? null,
    candidates: payment.candidates.map(candidateView),
    metadata: payment.metadata,
    createdAt: isoOf(payment.createdAt),
  }
}

function candidateView(candidate: PaymentCandidate): PaymentView['candidates'][number] {
  const { txid, feeSats, feeRateSatPerKw, block, seenAt } = candidate
  return {
    txid,
    feeSats,
    feeRateSatPerVb: satPerVbOrNull(feeRateSatPerKw),
    blockHash: block?.hash ?? null,
    seenAt: isoOf(seenAt),
  }
}

function satPerVbOrNull(feeRateSatPerKw: number | null): number | null {
  return feeRateSatPerKw === null ? null : satPerVb(feeRateSatPerKw)
}
