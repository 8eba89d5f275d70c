import * as z from 'zod'
import { SpliceKind } from '../../core/splice/splice.ts'

export const RequestFault = z.discriminatedUnion('type', [
  /** Executed, but the caller gets no answer. */
  z.object({ type: z.literal('lose_reply') }),
  /** The caller gets no answer. The request executes that much later if its signature is still valid then. */
  z.object({ type: z.literal('late'), ms: z.number().nonnegative() }),
  /** Never executed, and the caller gets no answer. */
  z.object({ type: z.literal('drop') }),
  /** Not executed; the caller gets this gRPC status. */
  z.object({ type: z.literal('refuse'), status: z.int() }),
  /** No call, reads included, gets an answer until lifted. */
  z.object({ type: z.literal('down') }),
  /** Every call, reads included, gets status 16 until lifted. */
  z.object({ type: z.literal('unauthenticated') }),
])
/** A fault for requests. The first four affect only splice requests and fee bumps. */
export type RequestFault = z.infer<typeof RequestFault>

export const SpliceRequest = z.object({
  kind: SpliceKind,
  userChannelId: z.string(),
  counterpartyNodeId: z.string(),
  amountSats: z.number(),
  /** Only for a splice-out. */
  address: z.string().nullable(),
})
export type SpliceRequest = z.infer<typeof SpliceRequest>

export const BumpRequest = z.object({
  kind: z.literal('bump'),
  userChannelId: z.string(),
  counterpartyNodeId: z.string(),
})
export type BumpRequest = z.infer<typeof BumpRequest>

/** A request that changes a channel. */
export const ChannelRequest = z.discriminatedUnion('kind', [SpliceRequest, BumpRequest])
export type ChannelRequest = z.infer<typeof ChannelRequest>
