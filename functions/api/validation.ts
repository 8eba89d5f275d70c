import { z } from '@hono/zod-openapi'
import type { ValidationTargets } from 'hono'
import { IDEMPOTENCY_KEY } from './idempotency.ts'
import { Problem, type FieldError } from './problem.ts'

type Checked =
  { readonly success: true } | { readonly success: false; readonly error: { issues: readonly z.core.$ZodIssue[] } }

/** Turns a failed validation into a problem that names every invalid field. */
export function refuseInvalid(result: { target: keyof ValidationTargets } & Checked): void {
  if (result.success) return
  const errors = result.error.issues.flatMap(fieldErrorsOf)
  const field = errors[0]?.field ?? 'body'
  if (result.target === 'header' && field === IDEMPOTENCY_KEY && isMissing(result.error.issues))
    throw new Problem('idempotency_key_missing', { field })
  throw new Problem('invalid_request', { field, errors, detail: errors[0]?.message ?? 'invalid' })
}

function isMissing(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some((issue) => issue.code === 'invalid_type')
}

/** Converts an issue to errors: zod reports all unknown keys of an object as one issue. */
function fieldErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: dotted([...issue.path, key]), message: 'unknown field' }))
  return [{ field: dotted(issue.path), message: issue.message }]
}

function dotted(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'body' : path.map(String).join('.')
}

/** The schema of a whole number in a query string. */
export function wholeNumber(bounds: { min: number; max: number; fallback: number }) {
  const { min, max, fallback } = bounds
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .default(fallback)
    .openapi({ type: 'integer', minimum: min, maximum: max, default: fallback })
}

/** The query of a numbered log: the page of entries after a sequence. */
export const AfterSequence = z.strictObject({
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 }),
  limit: wholeNumber({ min: 1, max: 1000, fallback: 100 }),
})
