import type { Policy } from '../splice/policy.ts'

/**
 * How long an endpoint is left alone after so many failures in a row: five seconds, then four times as long each time, at most six
 * hours. `jitter` in [0, 1) takes up to half of it away, so that endpoints that failed together do not come back together.
 */
export function backoffMs(failures: number, { policy, jitter }: { policy: Policy; jitter: number }): number {
  const { webhookBackoffBaseMs: base, webhookBackoffCapMs: cap } = policy
  return Math.round(Math.min(cap, base * 4 ** (failures - 1)) * (0.5 + jitter / 2))
}
