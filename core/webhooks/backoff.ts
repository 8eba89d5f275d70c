import type { Policy } from '../splice/policy.ts'

/**
 * The wait after so many failures in a row: by default five seconds, four times as long after each failure, at most six
 * hours. `jitter` in [0, 1): 0 halves the wait, so that endpoints that failed together do not retry together.
 */
export function backoffMs(failures: number, { policy, jitter }: { policy: Policy; jitter: number }): number {
  const { webhookBackoffBaseMs: base, webhookBackoffCapMs: cap } = policy
  return Math.round(Math.min(cap, base * 4 ** (failures - 1)) * (0.5 + jitter / 2))
}
