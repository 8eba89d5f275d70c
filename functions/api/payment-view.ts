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

/** A payment as the API shows it. */
export const PaymentView = z
  .object({
    id: z.string(),
    object: z.literal('payment'),
    kind: z.enum([...SpliceKind.options, ...ForeignKind.options]).openapi({
      description: 'The kind of your splice, or what else happened to the channel.',
    }),
    status: z.enum(['intended', 'pending', 'confirmed', 'final', 'void']).openapi({
      description: 'Only a reorg can undo a confirmation. The payment keeps its id.',
    }),
    splice: z.string().nullable().openapi({ description: 'The splice. null: no splice of yours made this payment.' }),
    node: z.string(),
    channel: z.string(),
    network: z.string(),
    txid: z
      .string()
      .nullable()
      .openapi({
        description:
          'The candidate that confirmed, or else the newest one. The amounts and fees are those of this ' +
          'candidate.',
      }),
    amountSats: z.int().nullable().openapi({
      description: 'The amount of the splice. Without a splice: the change of the channel capacity.',
    }),
    feeSats: z.int().nullable(),
    feeRateSatPerVb: z.number().nullable(),
    contributionSats: z.int().nullable().openapi({
      description: 'The contribution that the node recorded, including the fee. null: not known.',
    }),
    confirmations: z.int(),
    blockHash: z.string().nullable(),
    candidates: z.array(PaymentCandidateView),
    metadata: z.record(z.string(), z.string()),
    createdAt: Time,
  })
  .openapi('Payment', { example: paymentExample })
export type PaymentView = z.infer<typeof PaymentView>

/** Converts a payment to the units and names of the API. */
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
