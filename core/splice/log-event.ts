import * as z from 'zod'
import { Metadata } from './metadata.ts'
import { EventType, SpliceKind, SpliceState, type Snapshot, type Splice } from './splice.ts'

/** The event types of a tenant's log: those of its splices, and that a webhook endpoint was disabled. */
export const LogEventType = z.enum([...EventType.options, 'webhook.disabled'])
export type LogEventType = z.infer<typeof LogEventType>

/**
 * The splice of an event as it was when the event happened, in the names of the API. `status`, `txid`, `feeSats` and the
 * codes are of that moment; the rest never changes.
 */
export const SpliceThen = z.object({
  status: SpliceState,
  txid: z.string().nullable(),
  feeSats: z.int().nullable(),
  failureCode: z.string().nullable(),
  attentionCode: z.string().nullable(),
  paymentId: z.string(),
  node: z.string(),
  channel: z.string(),
  kind: SpliceKind,
  amountSats: z.int(),
  metadata: Metadata,
})
export type SpliceThen = z.infer<typeof SpliceThen>

/** A splice as the snapshot of an event shows it. */
export function spliceThen(splice: Splice, { state, ...then }: Snapshot): SpliceThen {
  const { paymentId, node, channelId, kind, amountSats, metadata } = splice
  return { status: state, ...then, paymentId, node, channel: channelId, kind, amountSats, metadata }
}
