import type { z } from '@hono/zod-openapi'
import type { FieldError } from './problem.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** A type as a client of a JSON API calls it. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
}

/**
 * What is wrong with a request: each field with a sentence. `input` is what was validated: it tells a missing field from one
 * of a wrong type. `above`: the path of the part that the issue is about.
 */
export function fieldErrorsOf(issue: Issue, input: unknown, above: Path = []): FieldError[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => fieldError([...path, key], 'is not a field of this request'))
  if (valueAt(input, path) === undefined) return [fieldError(path, 'is missing')]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return eitherOf(issue.errors, input, path)
  return [fieldError(path, phraseOf(issue))]
}

/** One sentence for a part that fits none of its forms: of those that it comes closest to. */
function eitherOf(forms: readonly (readonly Issue[])[], input: unknown, path: Path): FieldError[] {
  const wrongs = forms.map((issues) => issues.flatMap((issue) => fieldErrorsOf(issue, input, path)))
  const fewest = Math.min(...wrongs.map((errors) => errors.length))
  const closest = wrongs.filter((errors) => errors.length === fewest).flat()
  const field = closest[0]?.field ?? dotted(path)
  return [{ field, message: [...new Set(closest.map(({ message }) => message))].join(', or ') }]
}

function fieldError(path: Path, phrase: string): FieldError {
  const field = dotted(path)
  return { field, message: path.length === 0 ? `The body ${phrase}` : `\`${field}\` ${phrase}` }
}

function dotted(path: Path): string {
  return path.length === 0 ? 'body' : path.map(String).join('.')
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    const part: unknown = Reflect.get(value, key)
    return part
  }, input)
}

/** What a field must be, to be said after its name. The schemas word their own patterns and conditions that way, too. */
function phraseOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? `of the type ${issue.expected}`}`
    case 'too_small':
      return leastOf(issue)
    case 'too_big':
      return mostOf(issue)
    case 'invalid_value':
      return oneOf(issue.values)
    case 'invalid_union':
      return oneOf(('options' in issue ? issue.options : undefined) ?? [])
    case 'invalid_format':
      if (issue.format === 'datetime') return 'must be a time with its zone, for example `2026-12-01T00:00:00Z`'
      return ownWords(issue)
    default:
      return ownWords(issue)
  }
}

function leastOf({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  if (origin === 'string' || origin === 'array') {
    if (Number(minimum) === 1) return 'must not be empty'
    return `must have at least ${minimum} ${origin === 'string' ? 'characters' : 'entries'}`
  }
  return inclusive === false ? `must be more than ${minimum}` : `must be at least ${minimum}`
}

function mostOf({ origin, maximum, inclusive }: z.core.$ZodIssueTooBig): string {
  if (origin === 'string') return `must have at most ${maximum} characters`
  if (origin === 'array') return `must have at most ${maximum} entries`
  return inclusive === false ? `must be less than ${maximum}` : `must be at most ${maximum}`
}

function oneOf(values: readonly unknown[]): string {
  const named = values.map((value) => `\`${String(value)}\``)
  if (named.length === 0) return 'has a form that is not known'
  return named.length === 1 ? `must be ${named.join('')}` : `must be one of ${named.join(', ')}`
}

/** The words of the schema; the validator's own begin with `Invalid`. */
function ownWords({ message }: Issue): string {
  return message.startsWith('Invalid') ? 'does not have the right form' : message
}
