import { createHash } from 'node:crypto'

const SPLICE_PREFIX = 'spl_'

/**
 * The id of the splice that a tenant orders under an idempotency key: `spl_` and the 32 bytes of
 * sha-256(tenant, key) in hex. The same order always gets the same id, so accepting it is one conditional
 * put. The tenant's length is hashed first, so that no two (tenant, key) pairs hash the same bytes.
 */
export function spliceIdOf(tenant: string, idempotencyKey: string): string {
  return SPLICE_PREFIX + createHash('sha256').update(`${tenant.length}:${tenant}${idempotencyKey}`).digest('hex')
}

/** The payment id of a splice: the same 32 bytes in hex, whichever candidate confirms. */
export function paymentIdOf(spliceId: string): string {
  return spliceId.slice(SPLICE_PREFIX.length)
}

/** The splice that a payment belongs to: the inverse of {@link paymentIdOf}. */
export function spliceIdOfPayment(paymentId: string): string {
  return SPLICE_PREFIX + paymentId
}

/** The stable id of a splice's nth event: an event that is published again after a crash keeps its id. */
export function eventIdOf(spliceId: string, n: number): string {
  return `evt_${paymentIdOf(spliceId)}_${n}`
}
