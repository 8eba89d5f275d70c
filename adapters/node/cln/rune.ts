import { continueSha256, paddingAfter } from './sha256.ts'

const AUTHCODE_BYTES = 32
/** The node's secret, with which every rune starts, fills one block of the hash. */
const SECRET_BLOCK_BYTES = 64
const MAX_RUNE_CHARACTERS = 8_192

/** One condition on a field. A restriction holds if any of its alternatives does. */
type Alternative = { readonly field: string; readonly operator: string; readonly value: string }

/** A decoded rune. All its restrictions have to hold; each is kept as the hashed text and as alternatives. */
export type Rune = {
  readonly authcode: Buffer
  readonly restrictions: readonly { readonly text: string; readonly alternatives: readonly Alternative[] }[]
}

/**
 * Decodes a rune as `createrune` prints it: base64url of a 32-byte authcode and the restrictions; null when
 * it is not one.
 */
export function decodeRune(text: string): Rune | null {
  if (text.length > MAX_RUNE_CHARACTERS || !/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < AUTHCODE_BYTES) return null
  const joined = bytes.toString('utf8', AUTHCODE_BYTES)
  const restrictions = (joined === '' ? [] : splitAt(joined, '&')).map((restriction) => ({
    text: restriction,
    alternatives: splitAt(restriction, '|').flatMap((alternative) => alternativeOf(alternative)),
  }))
  const sound = restrictions.every(
    ({ text: one, alternatives }) => alternatives.length > 0 && alternatives.length === splitAt(one, '|').length,
  )
  return sound ? { authcode: bytes.subarray(0, AUTHCODE_BYTES), restrictions } : null
}

/** Splits at separators that no backslash escapes. */
function splitAt(text: string, separator: '&' | '|'): string[] {
  const parts: string[] = []
  let part = ''
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at)
    if (sign === separator) {
      parts.push(part)
      part = ''
    } else part += sign === '\\' ? sign + text.charAt(++at) : sign
  }
  return [...parts, part]
}

function alternativeOf(text: string): Alternative[] {
  const [, field, operator, value] = /^([A-Za-z0-9_]*)([!=/^$~<>{}#])([^]*)$/.exec(text) ?? []
  if (field === undefined || operator === undefined || value === undefined) return []
  return [{ field, operator, value: value.replaceAll(/\\(.)/g, '$1') }]
}

/**
 * Adds a restriction to a rune without asking the node: the authcode is a SHA-256 state, and hashing continues through
 * the restriction (README of Rusty Russell's `runes`). A restriction cannot be removed again.
 */
export function restricted({ authcode, restrictions }: Rune, restriction: string): string {
  let hashed = SECRET_BLOCK_BYTES
  for (const { text } of restrictions) {
    hashed += Buffer.byteLength(text)
    hashed += paddingAfter(hashed).length
  }
  const added = Buffer.from(restriction)
  const blocks = Buffer.concat([added, paddingAfter(hashed + added.length)])
  const joined = [...restrictions.map(({ text }) => text), restriction].join('&')
  const bytes = Buffer.concat([continueSha256(authcode, blocks), Buffer.from(joined)])
  const base64 = bytes.toString('base64url')
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

/**
 * A rune that the node accepts only before an instant of the node's clock. It is the fence of an attempt:
 * afterwards none of its calls can begin.
 */
export function until(rune: Rune, instantMs: number): string {
  return restricted(rune, `time<${Math.floor(instantMs / 1_000)}`)
}

/** Whether a rune may allow a method, leaving aside its other conditions: parameters, rate, time, peer. */
export function allows(rune: Rune, method: string): boolean {
  return rune.restrictions.every(({ alternatives }) =>
    alternatives.some((each) => each.field !== 'method' || holds(each, method)),
  )
}

function holds({ operator, value }: Alternative, method: string): boolean {
  switch (operator) {
    case '=':
      return method === value
    case '/':
      return method !== value
    case '^':
      return method.startsWith(value)
    case '$':
      return method.endsWith(value)
    case '~':
      return method.includes(value)
    case '{':
      return method < value
    case '}':
      return method > value
    case '#':
      return true
    default:
      return false
  }
}
