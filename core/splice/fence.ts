import type { Attempt } from './splice.ts'
import type { Instant } from '../values/instant.ts'

/**
 * The fence of an attempt: the time of its `taken` or `refused` reply; without one, the instant after which
 * its request can no longer be received; null if there is neither (a node without a bound, such as Eclair).
 */
export function fenceOf(attempt: Attempt): Instant | null {
  if (attempt.result !== null && attempt.result.type !== 'unknown') return attempt.result.at
  return attempt.fenceAt
}

/**
 * The instant from which quiet is counted: the fence; on a node without a fence, the hang-up. An `unknown`
 * answer is a hang-up, because the adapter has destroyed its socket by then. It opens no gate: the node may
 * still begin what it had received. null: a request may still be open.
 */
export function silentSince(attempt: Attempt): Instant | null {
  return fenceOf(attempt) ?? attempt.result?.at ?? null
}

/**
 * The latest instant from which an attempt has been silent; null if one is not known to be silent; 0 without attempts.
 */
export function lastFence({ attempts }: { readonly attempts: readonly Attempt[] }): Instant | null {
  let latest = 0
  for (const attempt of attempts) {
    const fence = attempt.notExecuted === null ? silentSince(attempt) : (silentSince(attempt) ?? 0)
    if (fence === null) return null
    latest = Math.max(latest, fence)
  }
  return latest
}
