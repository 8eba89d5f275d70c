import { backoffMs } from './backoff.ts'
import { WEBHOOK_LIMITS, type DeliveryFault, type Endpoint } from '../ports/endpoint.ts'
import type { Policy } from '../splice/policy.ts'
import type { LogEvent } from '../ports/ports.ts'
import type { Instant } from '../values/instant.ts'

/** How long a consumer's lease on an endpoint lasts: its time for sending, one call, and a save. */
export const LEASE_MS = 35_000
/** How long a secret still signs after it was rotated out. */
const ROTATED_MS = 86_400_000
/** Failures before an endpoint may be disabled: time in which nobody tried is no evidence. */
const MIN_FAILURES = 10
/** The status with which a receiver declines all further webhooks (Standard Webhooks). */
const GONE = 410

/** The outcome of one delivery; `status` is the HTTP status, null if there was no answer. */
export type Delivered =
  | { readonly ok: true; readonly status: number }
  | { readonly ok: false; readonly fault: DeliveryFault; readonly status: number | null }

/** A new endpoint. It receives the events after `deliveredThrough`. */
export function newEndpoint(
  wanted: Pick<Endpoint, 'id' | 'url' | 'description' | 'deliveredThrough'> & { readonly secret: string },
  now: Instant,
): Endpoint {
  const { secret, ...endpoint } = wanted
  const secrets = [{ secret, validUntil: null }]
  return { ...endpoint, secrets, failing: null, lease: null, disabled: null, createdAt: now }
}

/** Whether a consumer may send to the endpoint now. */
export function isDue({ disabled, failing, lease }: Endpoint, now: Instant): boolean {
  return disabled === null && (failing === null || failing.nextAttemptAt <= now) && (lease?.until ?? 0) <= now
}

/** Whether the endpoint was disabled and the event log lacks its `webhook.disabled`. */
export function lacksDisabledEvent({ disabled }: Endpoint): boolean {
  return disabled !== null && !disabled.announced
}

/** The secrets that sign a delivery now, newest first. */
export function validSecrets({ secrets }: Endpoint, now: Instant): string[] {
  return secrets.filter(({ validUntil }) => validUntil === null || validUntil > now).map(({ secret }) => secret)
}

/** Adds a new secret. The previous one signs too for another day (Standard Webhooks, "Multiple signatures"). */
export function rotated(endpoint: Endpoint, secret: string, now: Instant): Endpoint {
  const old = endpoint.secrets
    .map((each) => ({ ...each, validUntil: each.validUntil ?? now + ROTATED_MS }))
    .filter(({ validUntil }) => validUntil > now)
  return { ...endpoint, secrets: [{ secret, validUntil: null }, ...old].slice(0, WEBHOOK_LIMITS.secrets) }
}

/** Disabled at a client's request, until it is enabled. No event: the client who asked knows. */
export function disabledByWish(endpoint: Endpoint, now: Instant): Endpoint {
  return endpoint.disabled === null
    ? { ...endpoint, lease: null, disabled: { at: now, reason: 'asked', announced: true } }
    : endpoint
}

/** Enabled again: deliveries continue where they stopped, and earlier failures are forgotten. */
export function enabled(endpoint: Endpoint): Endpoint {
  return { ...endpoint, failing: null, lease: null, disabled: null }
}

/** Repeats the deliveries after a sequence, at once. Never moves forward, so that no event is skipped. */
export function setBack(endpoint: Endpoint, after: number): Endpoint {
  const deliveredThrough = Math.min(after, endpoint.deliveredThrough)
  return { ...endpoint, deliveredThrough, failing: null, lease: null }
}

/** The endpoint after one event was sent to it. `jitter` in [0, 1) spreads the backoff. */
export function afterDelivery(
  endpoint: Endpoint,
  sequence: number,
  delivered: Delivered,
  context: { readonly now: Instant; readonly policy: Policy; readonly jitter: number },
): Endpoint {
  if (delivered.ok) return { ...endpoint, deliveredThrough: sequence, failing: null }
  const { now, policy } = context
  const { fault, status } = delivered
  const since = endpoint.failing?.since ?? now
  const failures = (endpoint.failing?.failures ?? 0) + 1
  const giveUpAt = since + policy.webhookGiveUpMs
  const backedOff = now + backoffMs(failures, context)
  const nextAttemptAt = now < giveUpAt ? Math.min(backedOff, giveUpAt) : backedOff
  const failing = { since, failures, nextAttemptAt, fault, status }
  const failed = { ...endpoint, failing, lease: null }
  if (status === GONE) return { ...failed, disabled: { at: now, reason: 'gone', announced: false } }
  if (now >= giveUpAt && failures >= MIN_FAILURES)
    return { ...failed, disabled: { at: now, reason: 'failing', announced: false } }
  return failed
}

/** The body of an event's webhook. It depends on the event alone, so that each repetition has the same bytes. */
export function bodyOf({ sequence, type, spliceId, epoch, at, endpointId, snapshot }: LogEvent): string {
  const data = { sequence, splice: spliceId, epoch, webhook: endpointId ?? null, snapshot: snapshot ?? null }
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })
}
