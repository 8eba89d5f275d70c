import { continueSha256, paddingAfter } from './sha256.ts'

const AUTHCODE_BYTES = 32
/** The secret that every rune starts from fills one block of the hash. */
const SECRET_BLOCK_BYTES = 64
const MAX_RUNE_CHARACTERS = 8_192

/** One condition of a rune on a field; of a restriction any one has to hold. */
type Alternative = { readonly field: string; readonly operator: string; readonly value: string }

/** A rune, read: restrictions (all have to hold) in the text that was hashed, and in alternatives. */
export type Rune = {
  readonly authcode: Buffer
  readonly restrictions: readonly { readonly text: string; readonly alternatives: readonly Alternative[] }[]
}

/** Reads a rune as `createrune` writes it: base64url of 32 bytes and the restrictions; null: it is none. */
export function decodeRune(text: string): Rune | null {
  if (text.length > MAX_RUNE_CHARACTERS || !/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < AUTHCODE_BYTES) return null
  const told = bytes.toString('utf8', AUTHCODE_BYTES)
  const restrictions = (told === '' ? [] : splitAt(told, '&')).map((restriction) => ({
    text: restriction,
    alternatives: splitAt(restriction, '|').flatMap((alternative) => alternativeOf(alternative)),
  }))
  const sound = restrictions.every(
    ({ text: one, alternatives }) =>
      alternatives.length > 0 && alternatives.length === splitAt(one, '|').length,
  )
  return sound ? { authcode: bytes.subarray(0, AUTHCODE_BYTES), restrictions } : null
}

/** Splits where no backslash stands before the separator. */
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
 * A rune with one restriction more, made without the node: the hash that the authcode is goes on through the restriction
 * (`runes` of Rusty Russell, README). What was restricted so can only be restricted further.
 */
export function restricted({ authcode, restrictions }: Rune, restriction: string): string {
  let hashed = SECRET_BLOCK_BYTES
  for (const { text } of restrictions) {
    hashed += Buffer.byteLength(text)
    hashed += paddingAfter(hashed).length
  }
  const added = Buffer.from(restriction)
  const blocks = Buffer.concat([added, paddingAfter(hashed + added.length)])
  const told = [...restrictions.map(({ text }) => text), restriction].join('&')
  const bytes = Buffer.concat([continueSha256(authcode, blocks), Buffer.from(told)])
  const base64 = bytes.toString('base64url')
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

/** A rune that a node takes before an instant only, by the node's clock: the fence of an attempt (design section 10). */
export function until(rune: Rune, instantMs: number): string {
  return restricted(rune, `time<${Math.floor(instantMs / 1_000)}`)
}

/** Whether a rune may allow a method, whatever else it demands of the call: parameters, rate, time, peer. */
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
