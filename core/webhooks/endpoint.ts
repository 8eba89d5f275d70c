import { backoffMs } from './backoff.ts'
import { WEBHOOK_LIMITS } from '../ports/endpoint.ts'
import type { DeliveryFault, Endpoint } from '../ports/endpoint.ts'
import type { Policy } from '../splice/policy.ts'
import type { LogEvent } from '../ports/ports.ts'
import type { Instant } from '../values/instant.ts'

/** How long a consumer has an endpoint to itself: its own time for sending, a call's, and a save. */
export const LEASE_MS = 35_000
/** How long a rotated secret goes on signing. */
const ROTATED_MS = 86_400_000
/** Tries without which an endpoint is not given up: time in which nobody tried counts for nothing. */
const TRIES_MIN = 10
/** The specification: a receiver answers so when it wants no more. */
const GONE = 410

/** What became of one delivery. */
export type Delivered =
  | { readonly ok: true; readonly status: number }
  | { readonly ok: false; readonly fault: DeliveryFault; readonly status: number | null }

/** A new endpoint, which is told what comes after a sequence. */
export function newEndpoint(
  made: Pick<Endpoint, 'id' | 'url' | 'description' | 'deliveredThrough'> & { readonly secret: string },
  now: Instant,
): Endpoint {
  const { secret, ...endpoint } = made
  const secrets = [{ secret, validUntil: null }]
  return { ...endpoint, secrets, failing: null, lease: null, disabled: null, createdAt: now }
}

/** Whether a consumer may send to it now. */
export function isDue({ disabled, failing, lease }: Endpoint, now: Instant): boolean {
  return disabled === null && (failing === null || failing.nextAttemptAt <= now) && (lease?.until ?? 0) <= now
}

/** Whether it was given up and the log does not say so yet. */
export function isUnannounced({ disabled }: Endpoint): boolean {
  return disabled !== null && !disabled.announced
}

/** The secrets that sign now, newest first. */
export function validSecrets({ secrets }: Endpoint, now: Instant): string[] {
  return secrets
    .filter(({ validUntil }) => validUntil === null || validUntil > now)
    .map(({ secret }) => secret)
}

/** A new secret; the one before signs as well for a day (Standard Webhooks, "Multiple signatures"). */
export function rotated(endpoint: Endpoint, secret: string, now: Instant): Endpoint {
  const old = endpoint.secrets
    .map((each) => ({ ...each, validUntil: each.validUntil ?? now + ROTATED_MS }))
    .filter(({ validUntil }) => validUntil > now)
  return { ...endpoint, secrets: [{ secret, validUntil: null }, ...old].slice(0, WEBHOOK_LIMITS.secrets) }
}

/** Told no more, until it is enabled. Nobody is told: whoever asked knows. */
export function disabledByWish(endpoint: Endpoint, now: Instant): Endpoint {
  return endpoint.disabled === null
    ? { ...endpoint, lease: null, disabled: { at: now, reason: 'asked', announced: true } }
    : endpoint
}

/** Told again, from where it was left; what failed before is forgotten. */
export function enabled(endpoint: Endpoint): Endpoint {
  return { ...endpoint, failing: null, lease: null, disabled: null }
}

/** Told again what comes after a sequence, at once. Never forward: nothing is left out. */
export function setBack(endpoint: Endpoint, after: number): Endpoint {
  const deliveredThrough = Math.min(after, endpoint.deliveredThrough)
  return { ...endpoint, deliveredThrough, failing: null, lease: null }
}

/** The endpoint once a line of the log was sent to it. `jitter` in [0, 1) spreads the backoff. */
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
  const lastAt = since + policy.webhookGiveUpMs
  const waited = now + backoffMs(failures, context)
  const nextAttemptAt = now < lastAt ? Math.min(waited, lastAt) : waited
  const failing = { since, failures, nextAttemptAt, fault, status }
  const failed = { ...endpoint, failing, lease: null }
  if (status === GONE) return { ...failed, disabled: { at: now, reason: 'gone', announced: false } }
  if (now >= lastAt && failures >= TRIES_MIN)
    return { ...failed, disabled: { at: now, reason: 'failing', announced: false } }
  return failed
}

/** The body of a line's webhook: made of the line alone, so that each repetition has the same bytes. */
export function bodyOf({ sequence, type, spliceId, epoch, at, endpointId }: LogEvent): string {
  const data = { sequence, splice: spliceId, epoch, webhook: endpointId ?? null }
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })
}
