import { createHash } from 'node:crypto'

const SPLICE_PREFIX = 'spl_'

/**
 * How many hex digits of its payment id a splice's id has: 96 bits, so that a person can read and copy it. Two orders
 * that shared an id would be told apart by the payment id, and the later one refused.
 */
const SPLICE_DIGITS = 24

/**
 * The payment id of the splice that a tenant orders under an idempotency key: the 32 bytes of sha-256(tenant, key) in
 * hex, whichever candidate confirms. The tenant's length is hashed first, so that no two (tenant, key) pairs hash the
 * same bytes.
 */
export function paymentIdOf(tenant: string, idempotencyKey: string): string {
  return createHash('sha256').update(`${tenant.length}:${tenant}${idempotencyKey}`).digest('hex')
}

/** The splice that a payment belongs to: `spl_` and the first 24 digits of the payment id. */
export function spliceIdOfPayment(paymentId: string): string {
  return SPLICE_PREFIX + paymentId.slice(0, SPLICE_DIGITS)
}

/**
 * The id of the splice that a tenant orders under an idempotency key. The same order always gets the same id, so
 * accepting it is one conditional put.
 */
export function spliceIdOf(tenant: string, idempotencyKey: string): string {
  return spliceIdOfPayment(paymentIdOf(tenant, idempotencyKey))
}

/** The stable id of a splice's nth event: an event that is published again after a crash keeps its id. */
export function eventIdOf(spliceId: string, n: number): string {
  return `evt_${spliceId.slice(SPLICE_PREFIX.length)}_${n}`
}
