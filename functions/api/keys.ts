import { createHash, randomBytes } from 'node:crypto'
import type { ApiKey, Scope } from '../../core/items.ts'
import type { Instant } from '../../core/splice.ts'

const SECRET_PREFIX = 'sk_'
const SECRET_BYTES = 32

/** The key of an API key's item: hex sha-256 of the secret. 32 random bytes need no slow hash. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/**
 * A new API key. The secret is for its owner and shown once; `hash` and `item` go into the table
 * (`store.putItem('key', hash, item, 0)`).
 */
export function createKey(
  owner: { readonly tenant: string; readonly scopes: readonly Scope[]; readonly name: string },
  now: Instant,
): { readonly secret: string; readonly hash: string; readonly item: ApiKey } {
  const secret = SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
  const { tenant, scopes, name } = owner
  const item = { tenant, scopes: [...scopes], name, createdAt: now, revokedAt: null }
  return { secret, hash: hashOf(secret), item }
}
