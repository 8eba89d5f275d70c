import { createHash } from 'node:crypto'

const SPLICE_PREFIX = 'spl_'

/**
 * The id of the splice that a tenant asks for under an idempotency key: `spl_` and the 32 bytes of
 * sha-256(tenant, key) in hex (design section 7). The same order always gets the same id, so that accepting is one
 * conditional put. The tenant's length goes in first: no two (tenant, key) pairs share their bytes.
 */
export function spliceIdOf(tenant: string, idempotencyKey: string): string {
  return (
    SPLICE_PREFIX + createHash('sha256').update(`${tenant.length}:${tenant}${idempotencyKey}`).digest('hex')
  )
}

/** The payment id of a splice: the same 32 bytes, in hex, whatever candidate confirms. */
export function paymentIdOf(spliceId: string): string {
  return spliceId.slice(SPLICE_PREFIX.length)
}

/** The splice whose payment it is: the inverse of {@link paymentIdOf}. */
export function spliceIdOfPayment(paymentId: string): string {
  return SPLICE_PREFIX + paymentId
}

/** The stable id of a splice's nth event (design section 1, P7). */
export function eventIdOf(spliceId: string, n: number): string {
  return `evt_${paymentIdOf(spliceId)}_${n}`
}
