import { z } from '@hono/zod-openapi'
import { NonExecutionProof, Proof, SpliceKind, SpliceState } from '../../core/splice/splice.ts'
import { FailureReason, RefusalClass } from '../../core/splice/failure.ts'
import { spliceExample } from './examples.ts'

const Time = z.iso.datetime()
const Said = z.object({ code: z.string(), message: z.string() })

const AttemptView = z.object({
  number: z.int(),
  kind: z.enum(['submit', 'bump']),
  submittedOn: z.string(),
  startedAt: Time,
  result: z.enum(['taken', 'refused', 'unknown']).nullable().openapi({
    description: 'What the node answered; null while nothing is known. `unknown`: it may have been taken.',
  }),
  refusal: RefusalClass.nullable(),
  reason: FailureReason.nullable(),
  notExecuted: z.boolean().openapi({ description: 'It can never take effect any more.' }),
  provenBy: NonExecutionProof.nullable(),
  count: z.int().openapi({ description: 'How many equal refusals this row stands for.' }),
})

const CandidateView = z.object({
  txid: z.string(),
  feeSats: z.int().nullable(),
  feeRateSatPerVb: z.number().nullable(),
  overCeiling: z.boolean().nullable().openapi({
    description: 'Whether it pays more than the budget allows; null while its fee is not known.',
  }),
  confirmations: z.int(),
  blockHash: z.string().nullable(),
  seenAt: Time,
})

const BumpView = z.object({
  id: z.string(),
  status: z.enum(['open', 'done', 'abandoned']),
  by: z.enum(['client', 'policy']),
  feeRateSatPerVb: z
    .number()
    .nullable()
    .openapi({ description: 'What was asked for; null: the node chooses.' }),
  replaces: z.string().openapi({ description: 'The transaction that was to be replaced.' }),
  txid: z.string().nullable().openapi({ description: 'The replacement, once it was seen.' }),
  attempts: z.array(AttemptView),
  outcome: Said.nullable(),
  openedAt: Time,
  endedAt: Time.nullable(),
})

/** A splice as the API shows it (design section 8). */
export const SpliceView = z
  .object({
    id: z.string(),
    object: z.literal('splice'),
    status: SpliceState,
    node: z.string(),
    channel: z.string(),
    network: z.string(),
    kind: SpliceKind,
    amountSats: z.int(),
    address: z.string().nullable(),
    paymentId: z.string(),
    submittedOn: z.string().nullable().openapi({
      description: 'The funding outpoint that stood when it was first submitted; null before.',
    }),
    attempts: z.array(AttemptView),
    candidates: z.array(CandidateView),
    bumps: z.array(BumpView),
    autoBump: z.object({ afterBlocks: z.int() }).nullable(),
    budget: z.object({
      maxAttempts: z.int(),
      attemptsUsed: z.int(),
      deadline: Time,
      maxFeeRateSatPerVb: z.number().nullable(),
      maxFeeSats: z.int().nullable(),
    }),
    feeCap: z.enum(['enforced', 'gated']).nullable().openapi({
      description: 'Whether the node itself keeps the fee ceiling, or it is checked before submitting.',
    }),
    notBefore: Time.nullable(),
    metadata: z.record(z.string(), z.string()),
    lockedAt: Time.nullable(),
    cancelRequestedAt: Time.nullable(),
    waitingFor: z.string().nullable().openapi({ description: 'One sentence: what it waits for.' }),
    failure: Said.extend({ proof: Proof }).nullable(),
    attention: Said.nullable(),
    anomaly: z.object({ txid: z.string(), at: Time }).nullable(),
    createdAt: Time,
    updatedAt: Time,
    settledAt: Time.nullable(),
    epoch: z.int(),
    timeline: z.array(z.object({ at: Time, status: SpliceState, why: z.string(), count: z.int() })),
  })
  .openapi('Splice', { example: spliceExample })
export type SpliceView = z.infer<typeof SpliceView>
