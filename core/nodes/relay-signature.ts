import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../values/instant.ts'

export const TIMESTAMP_HEADER = 'Splicekeeper-Timestamp'
export const SIGNATURE_HEADER = 'Splicekeeper-Signature'

/** How far a relay's clock may differ from ours. */
const TOLERANCE_MS = 300_000

/**
 * A relay's signature of a request: hex HMAC-SHA256, under its node's relay key, of the time in unix seconds,
 * a full stop, and the bytes of the body.
 */
export function relaySignature(relayKey: string, timestamp: string, body: Uint8Array | string): string {
  return createHmac('sha256', relayKey).update(`${timestamp}.`).update(body).digest('hex')
}

/** Compares two signatures in constant time. */
export function isSignature(given: string, expected: string): boolean {
  return /^[0-9a-f]{64}$/i.test(given) && timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(expected, 'hex'))
}

/**
 * The milliseconds by which a relay's clock is certainly ahead of ours: its request was signed before it
 * arrived. Its events are dated too late by that much, and a process start that is dated too late would
 * wrongly prove that an attempt was not executed.
 */
export function leadOf(timestamp: string, now: Instant): number {
  return Math.max(0, Number(timestamp) * 1000 - now)
}

/** Whether a timestamp header is a time within five minutes of now. */
export function isFresh(timestamp: string, now: Instant): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(Number(timestamp) * 1000 - now) <= TOLERANCE_MS
}
