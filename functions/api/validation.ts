import { z } from '@hono/zod-openapi'
import type { ValidationTargets } from 'hono'
import { IDEMPOTENCY_KEY } from './idempotency.ts'
import { Problem, type FieldError } from './problem.ts'
import { fieldErrorsOf } from './wording.ts'

type Issues = readonly z.core.$ZodIssue[]
type Checked = { readonly success: true } | { readonly success: false; readonly error: { issues: Issues } }
type Validated = { readonly target: keyof ValidationTargets; readonly data?: unknown } & Checked

/** Turns a failed validation into a problem that names every invalid field, each with a sentence. */
export function refuseInvalid(result: Validated): void {
  if (result.success) return
  const errors = result.error.issues.flatMap((issue) => fieldErrorsOf(issue, result.data))
  const field = errors[0]?.field ?? 'body'
  if (result.target === 'header' && field === IDEMPOTENCY_KEY && isMissing(result.error.issues))
    throw new Problem('idempotency_key_missing', { field })
  throw invalid(...errors)
}

/** The problem of a request with these invalid fields. */
export function invalid(...errors: readonly FieldError[]): Problem {
  return new Problem('invalid_request', {
    ...(errors[0] && { field: errors[0].field, detail: errors[0].message }),
    errors,
  })
}

function isMissing(issues: Issues): boolean {
  return issues.some((issue) => issue.code === 'invalid_type')
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
