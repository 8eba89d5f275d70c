import type { Policy } from './policy.ts'
import type { Attempt, Candidate, Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'

/** What attempts are made for: a splice, or a fee bump of it. Each has a budget of its own. */
type Attempted = { readonly attempts: readonly Attempt[] }

/** Attempts that may have been taken: all but those refused as not executed (design section 4, "budget"). */
export function attemptsUsed({ attempts }: Attempted): number {
  return attempts.filter((attempt) => attempt.result?.type !== 'refused').length
}

/** Attempts that can still take effect. */
export function unresolvedAttempts({ attempts }: Attempted): Attempt[] {
  return attempts.filter((attempt) => attempt.notExecuted === null)
}

/** For how long nobody can tell what became of an attempt before an alarm says so. */
const LONG_UNKNOWN_MS = 3_600_000

/** Whether an attempt that may still take effect was sent an hour ago, and never answered. */
export function isLongUnknown({ attempts }: Attempted, now: Instant): boolean {
  return unresolvedAttempts({ attempts }).some(
    ({ result, startedAt }) =>
      (result === null || result.type === 'unknown') && now - startedAt >= LONG_UNKNOWN_MS,
  )
}

/** Whether any submission may ever have been taken by the node. */
export function everTaken(attempted: Attempted): boolean {
  return attemptsUsed(attempted) > 0
}

/**
 * How long to wait before the next try: capped exponential backoff with full jitter (`fraction` in [0, 1)), at least a
 * second so that two tries never fall together.
 */
export function backoffMs(count: number, fraction: number, policy: Policy): number {
  const ceiling = Math.min(policy.backoffCapMs, policy.backoffBaseMs * 2 ** Math.min(count - 1, 20))
  return Math.max(Math.min(1_000, ceiling), Math.floor(ceiling * fraction))
}

/** Whether what a candidate pays is over the splice's fee ceiling, feerate or fee; null where its fee is not known. */
export function isOverCeiling({ budget }: Splice, { feeSats, feeRateSatPerKw }: Candidate): boolean | null {
  if (feeSats === null || feeRateSatPerKw === null) return null
  return (
    feeSats > (budget.maxFeeSats ?? Infinity) || feeRateSatPerKw > (budget.maxFeeRateSatPerKw ?? Infinity)
  )
}
