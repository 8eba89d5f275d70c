import type { Policy } from './policy.ts'
import type { Attempt, Candidate, Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'

/** Something that attempts are made for: a splice, or one of its fee bumps. Each has a budget of its own. */
type Attempted = { readonly attempts: readonly Attempt[] }

/** The number of attempts that may have been taken. Attempts refused as not executed cost nothing. */
export function attemptsUsed({ attempts }: Attempted): number {
  return attempts.filter((attempt) => attempt.result?.type !== 'refused').length
}

/** Attempts that are not proven not executed: they can still take effect. */
export function unresolvedAttempts({ attempts }: Attempted): Attempt[] {
  return attempts.filter((attempt) => attempt.notExecuted === null)
}

/** How long an attempt may stay unanswered before there is an alarm. */
const LONG_UNKNOWN_MS = 3_600_000

/** Whether an attempt that can still take effect has been unanswered for an hour. */
export function isLongUnknown({ attempts }: Attempted, now: Instant): boolean {
  return unresolvedAttempts({ attempts }).some(
    ({ result, startedAt }) => (result === null || result.type === 'unknown') && now - startedAt >= LONG_UNKNOWN_MS,
  )
}

/** Whether the node may ever have taken a submission. */
export function everTaken(attempted: Attempted): boolean {
  return attemptsUsed(attempted) > 0
}

/**
 * The wait before the next attempt: capped exponential backoff with full jitter (`fraction` in [0, 1)), and
 * at least one second, so that two attempts never coincide.
 */
export function backoffMs(count: number, fraction: number, policy: Policy): number {
  const ceiling = Math.min(policy.backoffCapMs, policy.backoffBaseMs * 2 ** Math.min(count - 1, 20))
  return Math.max(Math.min(1_000, ceiling), Math.floor(ceiling * fraction))
}

/** Whether a candidate's fee or feerate exceeds the splice's ceiling; null if its fee is not known. */
export function isOverCeiling({ budget }: Splice, { feeSats, feeRateSatPerKw }: Candidate): boolean | null {
  if (feeSats === null || feeRateSatPerKw === null) return null
  return feeSats > (budget.maxFeeSats ?? Infinity) || feeRateSatPerKw > (budget.maxFeeRateSatPerKw ?? Infinity)
}
