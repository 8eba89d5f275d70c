import { createHash } from 'node:crypto'
import * as z from 'zod'

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

/** What a key may be called. */
export const KeyName = z.string().trim().min(1).max(64)
