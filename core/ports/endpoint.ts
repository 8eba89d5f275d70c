import * as z from 'zod'
import { Instant } from '../values/instant.ts'

export const WEBHOOK_LIMITS = { endpoints: 10, urlLength: 1024, descriptionLength: 200, secrets: 4 } as const

/** Why a delivery failed. `status`: an answer that is not 2xx; `no_answer`: none in time; `target_refused`: it must not be asked. */
export const DeliveryFault = z.enum(['status', 'no_answer', 'target_refused'])
export type DeliveryFault = z.infer<typeof DeliveryFault>

/** Who is told of a tenant's events, and how far it has been told. */
export const Endpoint = z.object({
  id: z.string(),
  url: z.string().max(WEBHOOK_LIMITS.urlLength),
  description: z.string().max(WEBHOOK_LIMITS.descriptionLength).nullable(),
  /** Newest first; null: until it is rotated. */
  secrets: z
    .array(z.object({ secret: z.string().max(128), validUntil: Instant.nullable() }))
    .min(1)
    .max(WEBHOOK_LIMITS.secrets),
  /** The sequence of the tenant's log through which everything was taken. */
  deliveredThrough: z.int().nonnegative(),
  /** Failures in a row since the last success. */
  failing: z
    .object({
      since: Instant,
      failures: z.int().positive(),
      nextAttemptAt: Instant,
      fault: DeliveryFault,
      status: z.int().nullable(),
    })
    .nullable(),
  /** The consumer that sends to it now. */
  lease: z.object({ holder: z.string(), until: Instant }).nullable(),
  /** `announced`: the log says so, where it has to. */
  disabled: z
    .object({ at: Instant, reason: z.enum(['asked', 'failing', 'gone']), announced: z.boolean() })
    .nullable(),
  createdAt: Instant,
})
export type Endpoint = z.infer<typeof Endpoint>

/** The endpoints of a tenant. Key: the tenant. */
export const Endpoints = z.object({ endpoints: z.array(Endpoint).max(WEBHOOK_LIMITS.endpoints) })
export type Endpoints = z.infer<typeof Endpoints>

/**
 * A message of the queue of notices: deliver what this endpoint has not had; with a sequence, that line once more. A hint: the
 * table is the truth.
 */
export const DeliveryHint = z.strictObject({
  tenant: z.string().min(1).max(128),
  endpointId: z.string().min(1).max(128),
  sequence: z.int().positive().optional(),
})
export type DeliveryHint = z.infer<typeof DeliveryHint>

/** The queue of notices. */
export interface DeliveryQueue {
  hint(notice: DeliveryHint, delayMs: number): Promise<void>
}
