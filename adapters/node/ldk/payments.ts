import * as z from 'zod'
import { listOf } from '../../list.ts'
import { Txid } from '../../../core/bitcoin/outpoint.ts'
import { ChannelId, type Codec, MAX_CHANNELS, uint64 } from './codecs.ts'
import type { LdkPayment } from './rpc.ts'

/** By ldk-server's enumeration numbers. */
const DIRECTIONS = ['inbound', 'outbound'] as const
const STATUSES = ['pending', 'succeeded', 'failed'] as const

/** Bounds by what fits into a message. */
const MAX_PAYMENTS = 200_000
const MAX_TOKEN_BYTES = 4_096
const InteractiveFunding = z.object({
  channels: listOf(z.object({ channelId: ChannelId }), { max: MAX_CHANNELS }),
})
const Onchain = z.object({
  txid: Txid,
  txType: z.object({ interactiveFunding: InteractiveFunding.optional() }).optional(),
})
const Payment = z.object({
  id: z.string(),
  kind: z.object({ onchain: Onchain.optional() }).optional(),
  amountMsat: uint64.optional(),
  direction: z.literal([0, 1]),
  status: z.literal([0, 1, 2]),
  feePaidMsat: uint64.optional(),
})
type Payment = z.infer<typeof Payment>

/** Null for Lightning payments, which do not concern us. */
function onchainPaymentOf(wire: Payment): LdkPayment | null {
  const onchain = wire.kind?.onchain
  if (onchain === undefined) return null
  return {
    id: wire.id,
    txid: onchain.txid,
    amountMsat: wire.amountMsat ?? null,
    feePaidMsat: wire.feePaidMsat ?? null,
    direction: DIRECTIONS[wire.direction],
    status: STATUSES[wire.status],
    channelIds: onchain.txType?.interactiveFunding?.channels.map(({ channelId }) => channelId) ?? [],
  }
}

function wireOf(payment: LdkPayment): Payment {
  const channels = payment.channelIds.map((channelId) => ({ channelId }))
  const txType = channels.length === 0 ? undefined : { interactiveFunding: { channels } }
  return {
    id: payment.id,
    kind: { onchain: { txid: payment.txid, txType } },
    amountMsat: payment.amountMsat ?? undefined,
    direction: payment.direction === 'inbound' ? 0 : 1,
    status: payment.status === 'pending' ? 0 : payment.status === 'succeeded' ? 1 : 2,
    feePaidMsat: payment.feePaidMsat ?? undefined,
  }
}

export const PaymentDetails: Codec<LdkPayment | null> = z.codec(
  z.object({ payment: Payment.optional() }),
  z.custom<LdkPayment | null>(),
  {
    decode: ({ payment }) => (payment === undefined ? null : onchainPaymentOf(payment)),
    encode: (payment) => ({ payment: payment === null ? undefined : wireOf(payment) }),
  },
)

/** One page of ListPayments. The next page's token is echoed unchanged; null on the last page. */
export type PaymentPage = {
  readonly payments: readonly LdkPayment[]
  readonly nextPageToken: Uint8Array | null
}

const PageToken = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= MAX_TOKEN_BYTES)
  .optional()

export const PaymentPage: Codec<PaymentPage> = z.codec(
  z.object({ payments: listOf(Payment, { max: MAX_PAYMENTS }), nextPageToken: PageToken }),
  z.custom<PaymentPage>(),
  {
    decode: (wire) => ({
      payments: wire.payments.map(onchainPaymentOf).filter((payment) => payment !== null),
      nextPageToken: wire.nextPageToken ?? null,
    }),
    encode: (page) => ({
      payments: page.payments.map(wireOf),
      nextPageToken: page.nextPageToken ?? undefined,
    }),
  },
)

export const PageRequest: Codec<Uint8Array | null> = z.codec(
  z.object({ pageToken: PageToken }),
  z.custom<Uint8Array | null>(),
  {
    decode: ({ pageToken }) => pageToken ?? null,
    encode: (pageToken) => ({ pageToken: pageToken ?? undefined }),
  },
)
