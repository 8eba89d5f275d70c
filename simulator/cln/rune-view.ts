import { answered, type Outcome } from './answer.ts'
import type { Own } from './own.ts'
import { has, textIn } from './params.ts'
import { foreignness, runeIn } from './rune-book.ts'
import { decodeRune, type Alternative } from './rune.ts'

const ENGLISH: Readonly<Record<string, string>> = {
  '=': 'equal to',
  '/': 'unequal to',
  '^': 'starts with',
  $: 'ends with',
  '~': 'contains',
  '<': '<',
  '>': '>',
  '{': 'sorts before',
  '}': 'sorts after',
}

/** `showrunes`: the runes that this node created, or the contents of any given rune. */
export function showrunes(own: Own, params: Readonly<Record<string, unknown>>): Outcome {
  const { stored } = own.node.runes
  if (!has(params, 'rune')) return answered({ runes: stored.map((text) => view(own, text)) })
  runeIn(params)
  return answered({ runes: [view(own, textIn(params, 'rune'))] })
}

function view(own: Own, text: string): Record<string, unknown> {
  const rune = decodeRune(text)
  if (rune === null) throw new Error('not a rune')
  const { stored, blacklist } = own.node.runes
  const restrictions = rune.restrictions
    .filter(([first]) => first?.field !== '')
    .map((alternatives) => ({
      alternatives: alternatives.map((one) => ({
        fieldname: one.field,
        value: one.value,
        condition: one.operator,
        english: english(one),
      })),
      english: alternatives.map(english).join(' OR '),
    }))
  return {
    rune: text,
    ...(stored.includes(text) ? {} : { stored: false }),
    ...(blacklist.includes(rune.uniqueId ?? '') ? { blacklisted: true } : {}),
    ...(foreignness(own, rune) === null ? {} : { our_rune: false }),
    unique_id: rune.uniqueId ?? '',
    restrictions,
    restrictions_as_english: restrictions.map((restriction) => restriction.english).join(' AND '),
  }
}

function english({ field, operator, value }: Alternative): string {
  if (operator === '!') return `${field} is missing`
  if (operator === '#') return `comment: ${field} ${value}`
  return `${field} ${ENGLISH[operator] ?? operator} ${value}`
}
