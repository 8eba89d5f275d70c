import { z } from '@hono/zod-openapi'
import type { SpliceRequest } from '../../core/accept/accept-splice.ts'
import { AmountSats, MAX_SATS, satPerKw } from '../../core/bitcoin/money.ts'
import { BUDGET } from '../../core/splice/policy.ts'
import { SpliceKind } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import { orderExample } from './examples.ts'

/** An instant in a request. */
export const Time = z.iso.datetime({ offset: true })

/** A name or an id in a request: visible ASCII. */
const Name = z.string().regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters')

const Metadata = z
  .record(z.string(), z.string())
  .refine(
    (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= BUDGET.metadataBytes,
    `at most ${BUDGET.metadataBytes} bytes of JSON`,
  )

/** The body of `POST /v1/splices` and of its preview (design section 8). */
export const SpliceBody = z
  .strictObject({
    node: Name.openapi({ example: 'alice' }),
    channel: Name.optional().openapi({
      description:
        'The channel id, as `GET /v1/channels` lists it. Needed, but for a node that picks the channel itself (phoenixd), where it is refused.',
    }),
    kind: SpliceKind,
    amountSats: AmountSats.meta({ example: 50_000 }),
    address: z.string().min(1).max(128).optional().openapi({
      description: 'splice_out only: who is paid. Without one, the node gives an address of its own wallet.',
    }),
    budget: z
      .strictObject({
        maxAttempts: z
          .int()
          .min(1)
          .max(BUDGET.maxAttempts)
          .optional()
          .openapi({
            description: `Submissions that the node may have taken; ${BUDGET.defaultAttempts} if left out.`,
          }),
        deadline: Time.optional().openapi({
          description: 'No submission after it; 24 hours if left out, at most 30 days.',
        }),
        maxFeeRateSatPerVb: z.number().min(0.01).max(1_000_000).optional(),
        maxFeeSats: z.int().positive().max(MAX_SATS).optional(),
      })
      .optional(),
    notBefore: Time.optional().openapi({ description: 'No submission before it.' }),
    autoBump: z
      .strictObject({ afterBlocks: z.int().min(1).max(2016) })
      .optional()
      .openapi({
        description:
          'Bumps the fee by itself when unconfirmed after so many blocks, up to the ceiling of the budget, which it needs.',
      }),
    metadata: Metadata.optional().openapi({ description: 'Yours: given back with the splice.' }),
  })
  .openapi('SpliceRequest', { example: orderExample })
export type SpliceBody = z.infer<typeof SpliceBody>

/** The wish in a body, in the units of the core. */
export function requestOf(body: SpliceBody): SpliceRequest {
  const { budget } = body
  const maxFeeRate = budget?.maxFeeRateSatPerVb
  return {
    node: body.node,
    channelId: body.channel ?? null,
    kind: body.kind,
    amountSats: body.amountSats,
    address: body.address ?? null,
    budget: {
      maxAttempts: budget?.maxAttempts ?? null,
      deadline: instantOf(budget?.deadline),
      maxFeeRateSatPerKw: maxFeeRate === undefined ? null : satPerKw(maxFeeRate),
      maxFeeSats: budget?.maxFeeSats ?? null,
    },
    notBefore: instantOf(body.notBefore),
    autoBumpAfterBlocks: body.autoBump?.afterBlocks ?? null,
    metadata: body.metadata ?? {},
  }
}

/** An ISO 8601 time as an instant, the first one for any before 1970; null where there is none. */
export function instantOf(time: string | undefined): Instant | null {
  return time === undefined ? null : Math.max(0, Date.parse(time))
}
