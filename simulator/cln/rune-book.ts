import { digest } from '../world/keys.ts'
import { codes } from './answer.ts'
import type { Own } from './own.ts'
import { refuse, textIn } from './params.ts'
import { authCodeOf, decodeRune, encodeRune, type Rune } from './rune.ts'

function secretOf({ ctx, node }: Own): Uint8Array {
  return digest('rune secret', ctx.state.seed, node.name)
}

/** Creates a rune with a new unique id. */
export function createRune(own: Own, restrictions: readonly (readonly string[])[]): string {
  const { runes } = own.node
  const texts = [`=${runes.nextId}`, ...restrictions.map((alternatives) => alternatives.join('|'))]
  runes.nextId += 1
  const rune = encodeRune(authCodeOf(secretOf(own), texts), texts)
  runes.stored.push(rune)
  return rune
}

export function runeIn(params: Readonly<Record<string, unknown>>): Rune {
  const text = textIn(params, 'rune')
  return (
    decodeRune(text) ??
    refuse(codes.invalidParams, `rune: should be base64 string: invalid token '${JSON.stringify(text)}'`)
  )
}

/** Why this node did not issue a rune; null if it did. */
export function foreignness(own: Own, rune: Rune): string | null {
  if (rune.uniqueId === null) return 'No unique_id'
  const expected = authCodeOf(secretOf(own), rune.texts)
  return Buffer.from(expected).equals(rune.authCode) ? null : 'Not derived from master'
}
