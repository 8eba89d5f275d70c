import { randomBytes } from 'node:crypto'
import { hashOf } from '../../core/keys/api-key.ts'
import type { ApiKey, Scope } from '../../core/ports/records.ts'
import type { Instant } from '../../core/values/instant.ts'

const SECRET_PREFIX = 'sk_'
const SECRET_BYTES = 32

/**
 * Creates an API key. The secret is shown to its owner once. Only `hash` and `item` are stored
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
