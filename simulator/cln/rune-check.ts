import { answered, codes, refused, type Outcome } from './answer.ts'
import type { Own } from './own.ts'
import { has } from './params.ts'
import { foreignness, runeIn } from './rune-book.ts'
import type { Alternative } from './rune.ts'

type Params = Readonly<Record<string, unknown>>

/** What a rune's conditions are tested against: values by field. Absent fields are missing. */
type Facts = ReadonlyMap<string, string>

/** `checkrune`: whether a rune of this node permits a method with its parameters. */
export function checkrune(own: Own, params: Params): Outcome {
  const rune = runeIn(params)
  if (rune.uniqueId !== null && own.node.runes.blacklist.includes(rune.uniqueId))
    return refused(codes.runeBlacklisted, 'Not authorized: Blacklisted rune')
  const foreign = foreignness(own, rune)
  if (foreign !== null) return refused(codes.runeNotAuthorized, `Not authorized: ${foreign}`)
  const facts = factsOf(own, params)
  for (const alternatives of rune.restrictions) {
    const failures = alternatives.map((alternative) => failureOf(alternative, facts))
    if (!failures.includes(null)) return refused(codes.runeNotPermitted, `Not permitted: ${failures.join(' AND ')}`)
  }
  return answered({ valid: true })
}

function factsOf({ ctx }: Own, params: Params): Facts {
  const given: unknown = params['params'] ?? {}
  const list = Array.isArray(given)
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : []
  const facts = new Map<string, string>([
    ['time', String(Math.floor(ctx.state.now / 1000))],
    ['pnum', String(entries.length)],
  ])
  if (has(params, 'method')) facts.set('method', String(params['method']))
  if (has(params, 'nodeid')) facts.set('id', String(params['nodeid']))
  for (const [name, value] of entries) {
    // Field names have no punctuation, so it is dropped from parameter names.
    const field = list ? `parr${name}` : `pname${name.replaceAll(/[!-/:-@[-`{-~]/g, '')}`
    facts.set(field, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return facts
}

/** Why a condition fails; null if it holds. The unique id and comments always hold. */
function failureOf({ field, operator, value }: Alternative, facts: Facts): string | null {
  if (operator === '#' || field === '') return null
  const actual = facts.get(field)
  if (operator === '!') return actual === undefined ? null : `${field} is present`
  if (actual === undefined) return `${field} not present`
  const unless = (met: boolean, why: string): string | null => (met ? null : `${field} ${why} ${value}`)
  switch (operator) {
    case '=':
      return unless(actual === value, 'is not equal to')
    case '/':
      return unless(actual !== value, 'is equal to')
    case '^':
      return unless(actual.startsWith(value), 'does not start with')
    case '$':
      return unless(actual.endsWith(value), 'does not end with')
    case '~':
      return unless(actual.includes(value), 'does not contain')
    case '{':
      return unless(actual < value, 'is the same or ordered after')
    case '}':
      return unless(actual > value, 'is the same or ordered before')
    default:
      return compared(field, operator, actual, value)
  }
}

function compared(field: string, operator: string, actual: string, value: string): string | null {
  const isWhole = (text: string): boolean => /^-?\d+$/.test(text)
  if (!isWhole(actual)) return `${field} is not an integer field`
  if (!isWhole(value)) return `${field}: ${value} is not a valid integer`
  const [a, b] = [BigInt(actual), BigInt(value)]
  if (operator === '<') return a < b ? null : `${field} is greater or equal to ${value}`
  return a > b ? null : `${field} is less or equal to ${value}`
}
