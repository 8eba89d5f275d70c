import * as z from 'zod'
import { Scope, type ApiKey } from '../../core/ports/records.ts'
import { Misconfigured } from '../misconfigured.ts'

/**
 * An entry of the secret `Keys`. Despite the name it holds no secret: the hash of a key, its tenant, and its scopes.
 */
const ConfiguredKey = z.strictObject({
  name: z.string().min(1).max(64),
  tenant: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be a tenant: a-z, 0-9, - and _'),
  scopes: z.array(Scope).min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha-256 in lower-case hex'),
})
export type ConfiguredKey = z.infer<typeof ConfiguredKey>

/**
 * Reads a list of keys into a map by hash. Errors call the list `source`. Throws Misconfigured with one line
 * per wrong field.
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
