import type { Attempt } from './splice.ts'
import type { Instant } from '../values/instant.ts'

/**
 * The fence of an attempt: its `taken` or `refused` reply; without one, the instant after which its request can no longer
 * be received; null where there is neither (a node that offers none, such as Eclair).
 */
export function fenceOf(attempt: Attempt): Instant | null {
  if (attempt.result !== null && attempt.result.type !== 'unknown') return attempt.result.at
  return attempt.fenceAt
}

/**
 * What quiet is counted from: the fence; of an attempt on a node that offers none, the hang-up. An `unknown` answer is one: the
 * adapter has destroyed its socket by then. It opens no gate, for what
 * the node had received by then it may still begin. null: nobody knows whether a request is still open.
 */
export function silentSince(attempt: Attempt): Instant | null {
  return fenceOf(attempt) ?? attempt.result?.at ?? null
}

/** The latest instant from which an attempt has been silent; null if one is not known to be. 0 without attempts. */
export function lastFence({ attempts }: { readonly attempts: readonly Attempt[] }): Instant | null {
  let latest = 0
  for (const attempt of attempts) {
    const fence = attempt.notExecuted === null ? silentSince(attempt) : (silentSince(attempt) ?? 0)
    if (fence === null) return null
    latest = Math.max(latest, fence)
  }
  return latest
}
