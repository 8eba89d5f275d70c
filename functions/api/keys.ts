import { createHash, randomBytes } from 'node:crypto'
import * as z from 'zod'
import { Misconfigured } from '../../adapters/misconfigured.ts'
import { Scope } from '../../core/ports/records.ts'
import type { ApiKey } from '../../core/ports/records.ts'
import type { Instant } from '../../core/values/instant.ts'

const SECRET_PREFIX = 'sk_'
const SECRET_BYTES = 32
const KEY_ID_DIGITS = 24

/**
 * The key of an API key's item: hex sha-256 of the secret. 32 random bytes need no slow hash. A look-up by it takes no
 * comparison in constant time: what its timing may tell is about the hash, and nobody can choose a secret by its hash.
 */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** What a key is called by: 24 digits of its hash, from which no secret follows. */
export function keyIdOf(hash: string): string {
  return `key_${hash.slice(0, KEY_ID_DIGITS)}`
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

/** What a key may be called. */
export const KeyName = z.string().trim().min(1).max(64)

/** A key of the secret `Keys`, which holds no secrets: the hash of one, whose it is, and what it may do. */
const ConfiguredKey = z.strictObject({
  name: z.string().min(1).max(64),
  tenant: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be a tenant: a-z, 0-9, - and _'),
  scopes: z.array(Scope).min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha-256 in lower-case hex'),
})
export type ConfiguredKey = z.infer<typeof ConfiguredKey>

/**
 * Reads a list of keys, by their hash. `source` is what errors call it. Throws Misconfigured with a line for every wrong field.
 */
export function parseKeys(value: unknown, source: string): ReadonlyMap<string, ApiKey> {
  const list = z.array(ConfiguredKey).safeParse(value)
  if (!list.success) {
    const lines = list.error.issues.map(({ path: [position, ...field], message }) =>
      typeof position === 'number'
        ? `${source}: key ${position + 1}: ${[...field, message].join(': ')}`
        : `${source}: must be a list of keys (${message})`,
    )
    throw new Misconfigured(lines.join('\n'))
  }
  return new Map(list.data.map(({ hash, ...key }) => [hash, { ...key, createdAt: 0, revokedAt: null }]))
}
