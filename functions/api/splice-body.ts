import { z } from '@hono/zod-openapi'
import type { SpliceRequest } from '../../core/accept/accept-splice.ts'
import { AmountSats, MAX_SATS, satPerKw } from '../../core/bitcoin/money.ts'
import { Metadata } from '../../core/splice/metadata.ts'
import { BUDGET } from '../../core/splice/policy.ts'
import { SpliceKind } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import { orderExample } from './examples.ts'

/** An instant in a request. */
export const Time = z.iso.datetime({ offset: true })

/** A name or an id in a request: visible ASCII. */
const Name = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')

const LimitedMetadata = Metadata.refine(
  (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= BUDGET.metadataBytes,
  `must be at most ${BUDGET.metadataBytes} bytes of JSON`,
)

/** The body of `POST /v1/splices` and of its preview. */
export const SpliceBody = z
  .strictObject({
    node: Name.openapi({ example: 'alice' }),
    channel: Name.optional().openapi({
      description:
        'The channel id from `GET /v1/channels`. Required, except on a node that picks the channel itself ' +
        '(phoenixd), which refuses it.',
    }),
    kind: SpliceKind,
    amountSats: AmountSats.meta({ example: 50_000 }),
    address: z.string().min(1).max(128).optional().openapi({
      description: '`splice_out` only: the address to pay. Default: a new address of the wallet of the node.',
    }),
    budget: z
      .strictObject({
        maxAttempts: z
          .int()
          .min(1)
          .max(BUDGET.maxAttempts)
          .optional()
          .openapi({
            description: `The most submissions that the node may have taken. Default: ${BUDGET.defaultAttempts}.`,
          }),
        deadline: Time.optional().openapi({
          description:
            'Nothing is submitted after this time. Default: 24 hours from now or from `notBefore`. At most 30 days from now.',
        }),
        maxFeeRateSatPerVb: z.number().min(0.01).max(1_000_000).optional(),
        maxFeeSats: z.int().positive().max(MAX_SATS).optional(),
      })
      .optional(),
    notBefore: Time.optional().openapi({ description: 'Nothing is submitted before this time.' }),
    autoBump: z
      .strictObject({ afterBlocks: z.int().min(1).max(2016) })
      .optional()
      .openapi({
        description:
          'Bumps the fee automatically if the transaction is unconfirmed after this many blocks. Requires ' +
          'a fee ceiling in the budget, and never exceeds it.',
      }),
    metadata: LimitedMetadata.optional().openapi({
      type: 'object',
      additionalProperties: { type: 'string' },
      description:
        `Your own data, returned with the splice as it was: text under any names, at most ${BUDGET.metadataBytes} bytes of ` +
        'JSON.',
    }),
    failFast: z
      .boolean()
      .optional()
      .openapi({
        description:
          'Refuse the order with `insufficient_balance`, instead of waiting for funds, if the channel (for a splice-in, the ' +
          'wallet) could not pay the amount when it was last seen, some minutes ago at most. Default: false.',
      }),
  })
  .openapi('SpliceRequest', { example: orderExample })
export type SpliceBody = z.infer<typeof SpliceBody>

/** Converts a body to the units of the core. */
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
    failFast: body.failFast ?? false,
  }
}

/** Converts an ISO 8601 time to an instant; any time before 1970 becomes 0, and undefined becomes null. */
export function instantOf(time: string | undefined): Instant | null {
  return time === undefined ? null : Math.max(0, Date.parse(time))
}
