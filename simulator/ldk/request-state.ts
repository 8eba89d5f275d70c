import * as z from 'zod'
import { SpliceKind } from '../../core/splice/splice.ts'

export const RequestFault = z.discriminatedUnion('type', [
  /** Executed, but the caller learns nothing. */
  z.object({ type: z.literal('lose_reply') }),
  /** The caller learns nothing; the request executes that much later, if its signature is still accepted then. */
  z.object({ type: z.literal('late'), ms: z.number().nonnegative() }),
  /** Never executed; the caller learns nothing. */
  z.object({ type: z.literal('drop') }),
  /** Not executed; the caller gets that gRPC status. */
  z.object({ type: z.literal('refuse'), status: z.int() }),
  /** Every call, reads too, gets no answer until lifted. */
  z.object({ type: z.literal('down') }),
  /** Every call, reads too, gets status 16 until lifted. */
  z.object({ type: z.literal('unauthenticated') }),
])
/** What happens to a request. The first four hit splice requests and fee bumps only. */
export type RequestFault = z.infer<typeof RequestFault>

export const SpliceRequest = z.object({
  kind: SpliceKind,
  userChannelId: z.string(),
  counterpartyNodeId: z.string(),
  amountSats: z.number(),
  /** splice-out only */
  address: z.string().nullable(),
})
/** A splice request as it comes over the wire. */
export type SpliceRequest = z.infer<typeof SpliceRequest>

export const BumpRequest = z.object({
  kind: z.literal('bump'),
  userChannelId: z.string(),
  counterpartyNodeId: z.string(),
})
/** A fee bump as it comes over the wire. */
export type BumpRequest = z.infer<typeof BumpRequest>

/** What changes a channel when it is executed. */
export const ChannelRequest = z.discriminatedUnion('kind', [SpliceRequest, BumpRequest])
export type ChannelRequest = z.infer<typeof ChannelRequest>
