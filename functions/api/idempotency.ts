import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { Problem } from './problem.ts'

export const IDEMPOTENCY_KEY = 'Idempotency-Key'

/** The header that makes a repeated request the same request. */
export const IdempotencyHeaders = z.object({
  [IDEMPOTENCY_KEY]: z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, '1 to 255 printable ASCII characters')
    .openapi({
      description: 'Repeat a request with the same key and body as often as you like: one splice.',
    }),
})

/**
 * sha-256 in hex of a request's body as posted, before defaults, with sorted keys: tells a replay from another order
 * under the same idempotency key, whatever order a client's serialiser writes the fields in (design section 8).
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

/** Throws 422 unless what the key stands for was ordered with this very body. */
export function assertReplay(earlier: { readonly bodyHash: string }, hash: string): void {
  if (earlier.bodyHash !== hash)
    throw new Problem('idempotency_key_reused', {
      field: IDEMPOTENCY_KEY,
      detail: 'the body differs from the one that this key was first used with; a new order needs a new key',
    })
}
