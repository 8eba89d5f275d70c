import { z } from '@hono/zod-openapi'
import { NonExecutionProof, Proof, SpliceKind, SpliceState } from '../../core/splice/splice.ts'
import { FailureReason, RefusalClass } from '../../core/splice/failure.ts'
import { spliceExample } from './examples.ts'

const Time = z.iso.datetime()
const Message = z.object({ code: z.string(), message: z.string() })

const AttemptView = z.object({
  number: z.int(),
  kind: z.enum(['submit', 'bump']),
  submittedOn: z.string(),
  startedAt: Time,
  result: z.enum(['taken', 'refused', 'unknown']).nullable().openapi({
    description: 'The answer of the node. `unknown`: the node may have taken the request. null: no answer yet.',
  }),
  refusal: RefusalClass.nullable(),
  reason: FailureReason.nullable(),
  notExecuted: z.boolean().openapi({ description: 'The attempt is proven not executed: it can never take effect.' }),
  provenBy: NonExecutionProof.nullable(),
  count: z.int().openapi({ description: 'How many identical refusals this entry stands for.' }),
})

const CandidateView = z.object({
  txid: z.string(),
  feeSats: z.int().nullable(),
  feeRateSatPerVb: z.number().nullable(),
  overCeiling: z.boolean().nullable().openapi({
    description: 'Whether its fee exceeds the ceiling of the budget. null: the fee is not known yet.',
  }),
  confirmations: z.int(),
  blockHash: z.string().nullable(),
  seenAt: Time,
})

const BumpView = z.object({
  id: z.string(),
  status: z.enum(['open', 'done', 'abandoned']),
  by: z.enum(['client', 'policy']),
  feeRateSatPerVb: z.number().nullable().openapi({ description: 'The requested feerate. null: the node chooses.' }),
  replaces: z.string().openapi({ description: 'The transaction to replace.' }),
  txid: z.string().nullable().openapi({ description: 'The replacement. null: it was not seen yet.' }),
  attempts: z.array(AttemptView),
  outcome: Message.nullable(),
  openedAt: Time,
  endedAt: Time.nullable(),
})

/** A splice as the API shows it. */
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
      description: 'The funding outpoint of the channel at the first submission. null: not submitted yet.',
    }),
    txid: z.string().nullable().openapi({
      description: 'Its transaction: the confirmed candidate, else the newest. null: none was seen yet.',
    }),
    feeSats: z.int().nullable().openapi({ description: 'The fee of that transaction. null: not known.' }),
    confirmations: z.int().nullable().openapi({
      description: 'The confirmations of that transaction, as of the last block that was seen. null: there is none.',
    }),
    confirmationsNeeded: z.int().nullable().openapi({
      description: 'The confirmations at which it is final and the splice can settle. null: not known.',
    }),
    nextAttemptAt: Time.nullable().openapi({
      description: 'Nothing is sent to the node before this time. null: it waits for no time.',
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
    feeCap: z
      .enum(['enforced', 'gated'])
      .nullable()
      .openapi({
        description:
          '`enforced`: the node signs nothing over the fee ceiling. `gated`: its worst case is checked ' +
          'before each submission.',
      }),
    notBefore: Time.nullable(),
    metadata: z.record(z.string(), z.string()),
    lockedAt: Time.nullable(),
    cancelRequestedAt: Time.nullable(),
    position: z.int().nullable().openapi({
      description: 'Its place in the queue of its channel, 1 is the first; null: it is not queued.',
    }),
    ahead: z.string().nullable().openapi({
      description: 'The splice that goes first on its channel; null: none, or one of another tenant.',
    }),
    waitingFor: z.string().nullable().openapi({ description: 'What the splice is waiting for, in one sentence.' }),
    failure: Message.extend({ proof: Proof }).nullable(),
    attention: Message.nullable(),
    anomaly: z.object({ txid: z.string(), at: Time }).nullable(),
    createdAt: Time,
    updatedAt: Time,
    settledAt: Time.nullable(),
    epoch: z.int(),
    timeline: z.array(z.object({ at: Time, status: SpliceState, why: z.string(), count: z.int() })),
  })
  .openapi('Splice', { example: spliceExample })
export type SpliceView = z.infer<typeof SpliceView>
