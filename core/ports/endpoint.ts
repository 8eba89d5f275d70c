import * as z from 'zod'
import { Instant } from '../values/instant.ts'

export const WEBHOOK_LIMITS = { endpoints: 10, urlLength: 1024, descriptionLength: 200, secrets: 4 } as const

/**
 * Why a delivery failed. `status`: the answer was not 2xx. `no_answer`: no answer in time. `target_refused`:
 * the target must not be called.
 */
export const DeliveryFault = z.enum(['status', 'no_answer', 'target_refused'])
export type DeliveryFault = z.infer<typeof DeliveryFault>

/** A webhook endpoint: where a tenant's events are delivered, and how far delivery has come. */
export const Endpoint = z.object({
  id: z.string(),
  url: z.string().max(WEBHOOK_LIMITS.urlLength),
  description: z.string().max(WEBHOOK_LIMITS.descriptionLength).nullable(),
  /** Newest first. `validUntil` is null until the secret is rotated. */
  secrets: z
    .array(z.object({ secret: z.string().max(128), validUntil: Instant.nullable() }))
    .min(1)
    .max(WEBHOOK_LIMITS.secrets),
  /** Everything in the tenant's log through this sequence has been delivered. */
  deliveredThrough: z.int().nonnegative(),
  /** Consecutive failures since the last success. */
  failing: z
    .object({
      since: Instant,
      failures: z.int().positive(),
      nextAttemptAt: Instant,
      fault: DeliveryFault,
      status: z.int().nullable(),
    })
    .nullable(),
  /** The consumer that is delivering to this endpoint now. */
  lease: z.object({ holder: z.string(), until: Instant }).nullable(),
  /** `announced`: the tenant's log has the event that says so, if one is due. */
  disabled: z.object({ at: Instant, reason: z.enum(['asked', 'failing', 'gone']), announced: z.boolean() }).nullable(),
  createdAt: Instant,
})
export type Endpoint = z.infer<typeof Endpoint>

/** The endpoints of a tenant. Key: the tenant. */
export const Endpoints = z.object({ endpoints: z.array(Endpoint).max(WEBHOOK_LIMITS.endpoints) })
export type Endpoints = z.infer<typeof Endpoints>

/**
 * A message on the webhooks queue: deliver everything that this endpoint has not received; with `sequence`,
 * deliver that one event again. Only a hint: the table is the truth.
 */
export const DeliveryHint = z.strictObject({
  tenant: z.string().min(1).max(128),
  endpointId: z.string().min(1).max(128),
  sequence: z.int().positive().optional(),
})
export type DeliveryHint = z.infer<typeof DeliveryHint>

/** The webhooks queue. */
export interface DeliveryQueue {
  hint(delivery: DeliveryHint, delayMs: number): Promise<void>
}
