import * as z from 'zod'
import { Scope } from '../../core/ports/records.ts'
import type { ApiKey } from '../../core/ports/records.ts'
import { Misconfigured } from '../misconfigured.ts'

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
