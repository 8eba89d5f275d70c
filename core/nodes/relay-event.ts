import * as z from 'zod'
import { FailureReason } from '../splice/failure.ts'
import { Txid } from '../bitcoin/outpoint.ts'

/** What a node's relay can report. */
export const NodeEventType = z.enum([
  'process_started',
  'splice_negotiated',
  'splice_negotiation_failed',
  'channel_state_changed',
  'peer_connected',
  'peer_disconnected',
])
export type NodeEventType = z.infer<typeof NodeEventType>

/** Unix time in milliseconds, or ISO 8601; parsed to milliseconds. */
const At = z.union([
  z.int().nonnegative(),
  z.iso
    .datetime({ offset: true })
    .transform((text) => Date.parse(text))
    .pipe(z.number().nonnegative('must not be before 1970')),
])

/**
 * An event that a relay reports about its node. It is a wake-up, and `process_started` is also part of a
 * proof that an attempt was not executed. The id makes an event count once, however often it is sent.
 */
export const RelayEvent = z.strictObject({
  id: z.string().min(1).max(128),
  type: NodeEventType,
  at: At,
  channelId: z.string().min(1).max(128).optional(),
  txid: Txid.optional(),
  reason: FailureReason.optional(),
})
export type RelayEvent = z.infer<typeof RelayEvent>

/** A message of the node events queue: one event of one configured node. */
export const NodeEventMessage = z.strictObject({ node: z.string(), event: RelayEvent })
export type NodeEventMessage = z.infer<typeof NodeEventMessage>
