import { createHash } from 'node:crypto'

/** One condition of a rune: a field, an operator, a value. */
export type Alternative = { readonly field: string; readonly operator: string; readonly value: string }

/** A rune as its holder sends it: an authentication code, and restrictions that must all hold. */
export type Rune = {
  readonly authCode: Uint8Array
  /** As written, which is what the authentication code covers. */
  readonly texts: readonly string[]
  readonly restrictions: readonly (readonly Alternative[])[]
  /** The first restriction's value if it has no field name, without a version. */
  readonly uniqueId: string | null
}

const AUTH_BYTES = 32
const PUNCTUATION = /[!-/:-@[-`{-~]/
const OPERATORS = '!=/^$~<>}{#'

/**
 * The authentication code of restrictions under a node's secret (less than 56 bytes): SHA-256 of the secret
 * and the restrictions, each after the padding that would have ended the stream so far. So anyone with a rune
 * can add a restriction, and nobody can remove one.
 */
export function authCodeOf(secret: Uint8Array, texts: readonly string[]): Uint8Array {
  let stream = Buffer.from(secret)
  for (const text of texts) stream = Buffer.concat([stream, padding(stream.length), Buffer.from(text, 'utf8')])
  return Uint8Array.from(createHash('sha256').update(stream).digest())
}

/** The padding with which SHA-256 ends a stream of that length. */
export function padding(length: number): Buffer {
  const zeroes = (128 - ((length + 9) % 64)) % 64
  const bytes = Buffer.alloc(1 + zeroes + 8)
  bytes[0] = 0x80
  bytes.writeBigUInt64BE(BigInt(length) * 8n, 1 + zeroes)
  return bytes
}

/** A rune in RFC 4648's base64 for URLs. */
export function encodeRune(authCode: Uint8Array, texts: readonly string[]): string {
  const bytes = Buffer.concat([authCode, Buffer.from(texts.join('&'), 'utf8')])
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** Decodes a rune; null if it is invalid. */
export function decodeRune(text: string): Rune | null {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < AUTH_BYTES) return null
  const body = bytes.subarray(AUTH_BYTES).toString('utf8')
  const texts = body === '' ? [] : split(body, '&')
  const restrictions: Alternative[][] = []
  for (const restriction of texts) {
    const alternatives = split(restriction, '|').map(alternative)
    const known = alternatives.filter((one) => one !== null)
    if (known.length < alternatives.length) return null
    restrictions.push(known)
  }
  const [first = []] = restrictions
  const nameless = restrictions.map((alternatives) => alternatives.filter(({ field }) => field === '').length)
  if (nameless.slice(1).some((count) => count > 0)) return null
  const [id] = first.filter(({ field }) => field === '')
  if (id !== undefined && (first.length > 1 || id.operator !== '=')) return null
  const authCode = Uint8Array.from(bytes.subarray(0, AUTH_BYTES))
  return { authCode, texts, restrictions, uniqueId: id?.value.split('-')[0] ?? null }
}

/** Splits at unescaped separators. The escapes stay. */
function split(text: string, separator: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let n = 0; n < text.length; n++) {
    const char = text.charAt(n)
    if (char === separator) {
      parts.push(part)
      part = ''
    } else part += char === '\\' ? char + text.charAt((n += 1)) : char
  }
  return [...parts, part]
}

function alternative(text: string): Alternative | null {
  const at = text.search(PUNCTUATION)
  const operator = text.charAt(at)
  if (at < 0 || !OPERATORS.includes(operator)) return null
  return { field: text.slice(0, at), operator, value: text.slice(at + 1).replaceAll(/\\(.)/gs, '$1') }
}
