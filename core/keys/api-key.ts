import { createHash } from 'node:crypto'
import * as z from 'zod'

const KEY_ID_DIGITS = 24

/**
 * The hash under which an API key is stored: hex sha-256 of the secret. A secret of 32 random bytes needs no
 * slow hash. A look-up by hash needs no constant-time comparison: its timing can only leak the hash, and
 * nobody can derive a secret from that.
 */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** A key's public id: 24 digits of its hash, which do not reveal the secret. */
export function keyIdOf(hash: string): string {
  return `key_${hash.slice(0, KEY_ID_DIGITS)}`
}

/** The name that an owner gives a key. */
export const KeyName = z.string().trim().min(1).max(64)
