import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { Problem } from './problem.ts'

export const IDEMPOTENCY_KEY = 'Idempotency-Key'

export const IdempotencyKey = z.string().regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters')

/** The header that makes a request safe to repeat. */
export const IdempotencyHeaders = z.object({
  [IDEMPOTENCY_KEY]: IdempotencyKey.openapi({
    description: 'Requests with the same key and body have an effect only once. Repeat them as often as you like.',
  }),
})

/**
 * The sha-256 of a request body, in hex. It tells a repeated request from another order under the same idempotency key.
 * The body is hashed as posted, before defaults; keys are sorted, so that the order of fields does not matter.
 */
export function bodyHash(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(body)))
    .digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** Throws 422 if the id of this order is another order's: the ids are shorter than the hashes that they stand for. */
export function assertOwnId(earlier: { readonly paymentId: string }, paymentId: string): void {
  if (earlier.paymentId !== paymentId)
    throw new Problem('idempotency_key_reused', { field: IDEMPOTENCY_KEY, detail: 'use another key' })
}

/** Throws 422 unless the earlier request had the same body. */
export function assertReplay(earlier: { readonly bodyHash: string }, hash: string): void {
  if (earlier.bodyHash !== hash)
    throw new Problem('idempotency_key_reused', {
      field: IDEMPOTENCY_KEY,
      detail: 'the body differs from the one first sent with this key; use a new key for a new order',
    })
}
