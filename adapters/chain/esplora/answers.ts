import * as z from 'zod'
import type { ChainFault, ChainTransaction } from '../../../core/ports/chain.ts'
import { MAX_SATS } from '../../../core/bitcoin/money.ts'
import { Txid } from '../../../core/bitcoin/outpoint.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { listOf } from '../../list.ts'
import { MAX_OUTPUTS, unreachable } from '../answer.ts'
import type { HttpAnswer } from './http.ts'

const Height = z.int().nonnegative()

/** Where a transaction is: in a block, or in the mempool. */
const Status = z.discriminatedUnion('confirmed', [
  z.object({
    confirmed: z.literal(true),
    block_height: Height,
    block_hash: Txid,
    block_time: z.int().nonnegative(),
  }),
  z.object({ confirmed: z.literal(false) }),
])
type Status = z.infer<typeof Status>

/** `GET /tx/:txid`, the fields that we use. */
export const TransactionAnswer = z.object({
  txid: Txid,
  vout: listOf(z.object({ value: z.int().nonnegative().max(MAX_SATS) }), { min: 1, max: MAX_OUTPUTS }),
  fee: z.int().nonnegative().max(MAX_SATS).nullish(),
  status: Status,
})
export type TransactionAnswer = z.infer<typeof TransactionAnswer>

/** `GET /tx/:txid/outspend/:vout`. Esplora also answers `spent: false` for outputs that it does not know. */
export const OutspendAnswer = z.discriminatedUnion('spent', [
  z.object({ spent: z.literal(true), txid: Txid }),
  z.object({ spent: z.literal(false) }),
])

/** `GET /fee-estimates`: sat/vB by target in blocks. */
export const FeeEstimatesAnswer = z.record(z.string().regex(/^\d+$/), z.number().positive().max(1_000_000))

export const HashAnswer = z.string().trim().pipe(Txid)
export const HeightAnswer = z
  .string()
  .trim()
  .regex(/^\d{1,9}$/)
  .transform(Number)
// A capturing group would overflow the stack at a few megabytes.
export const HexAnswer = z
  .string()
  .trim()
  .regex(/^(?:[0-9a-f]{2})+$/)

/** A plain-text answer with status 200; anything else is a fault. */
export function textIn<T>(
  route: string,
  answer: Result<HttpAnswer, ChainFault>,
  schema: z.ZodType<T, string>,
): Result<T, ChainFault> {
  if (!answer.ok) return answer
  if (answer.value.status !== 200) return unreachable(`GET ${route}: HTTP ${answer.value.status}`)
  const parsed = schema.safeParse(answer.value.body)
  return parsed.success ? ok(parsed.data) : unreachable(`GET ${route}: not what Esplora answers`)
}

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.issues.push({ code: 'custom', message: 'no JSON', input: text })
    return z.NEVER
  }
})

/** A JSON answer with status 200; anything else is a fault. */
export function jsonIn<T>(
  route: string,
  answer: Result<HttpAnswer, ChainFault>,
  schema: z.ZodType<T>,
): Result<T, ChainFault> {
  return textIn(route, answer, json.pipe(schema))
}

/** The block of a transaction in core's form; null in the mempool. */
export function blockOf(status: Status): ChainTransaction['block'] {
  return status.confirmed ? { height: status.block_height, hash: status.block_hash, time: status.block_time } : null
}
