import { isDeepStrictEqual } from 'node:util'
import { unresolvedAttempts } from './budget.ts'
import type { Policy } from './policy.ts'
import { hasUnaccountedBump, openBumpOf } from './replacement.ts'
import type { Splice } from './splice.ts'
import { hasEnded } from './transitions.ts'
import type { Instant } from '../values/instant.ts'

/** A lock counts only once a later look has confirmed it. A splice stays due for this long after the first look. */
const LOCK_SEEN_MS = 120_000
/** Whether anything changed that must be saved. The time of the last write does not count. */
export function differs(before: Splice, after: Splice): boolean {
  return !isDeepStrictEqual({ ...before, updatedAt: 0 }, { ...after, updatedAt: 0 })
}

/**
 * Whether only a block or a change of its channel can move the splice. Sweeps look at it then, even if it is not due.
 */
function isResting(splice: Splice, now: Instant): boolean {
  const { state, publishedThrough, eventSerial, candidates } = splice
  if ((state !== 'pending' && state !== 'confirmed') || splice.unseenSinceHeight !== null) return false
  if (openBumpOf(splice) !== null || hasUnaccountedBump(splice) || splice.quietSince !== null) return false
  // For a pending splice, the next save records that its events are published.
  if (state === 'confirmed' && publishedThrough < eventSerial) return false
  if (splice.lockedAt !== null && now - splice.lockedAt < LOCK_SEEN_MS) return false
  // A candidate that only its node or an operator named has no height until a chain source shows it.
  return candidates.every(({ seenAtHeight, block }) => seenAtHeight !== null || block !== null)
}

/**
 * When to look at a splice next. A live splice stays due, so that nothing is written while nothing changes; one that
 * only waits for a time, or is only watched, comes back at that time. null: ended, published, and nothing under watch.
 */
export function dueAfter(splice: Splice, now: Instant, policy: Policy, jitter: number): Instant | null {
  const late = Math.floor(jitter * policy.dueJitterMs)
  const stay = splice.dueAt !== null && splice.dueAt <= now ? splice.dueAt : now
  if (hasEnded(splice.state)) {
    if (splice.publishedThrough < splice.eventSerial || splice.leaseHeld) return stay
    if (splice.watch === null) return null
    return splice.dueAt !== null && splice.dueAt > now ? splice.dueAt : now + policy.watchEveryMs + late
  }
  if (isResting(splice, now)) {
    const restMs = splice.state === 'confirmed' ? policy.restMs : policy.watchEveryMs
    // A reorg may leave a pending splice with the longer rest of a confirmed one, which is not kept.
    const kept = splice.dueAt !== null && splice.dueAt > now && splice.dueAt <= now + restMs + policy.dueJitterMs
    return kept ? splice.dueAt : now + restMs + late
  }
  if (splice.state !== 'queued' || unresolvedAttempts(splice).length > 0) return stay
  const later = Math.max(splice.notBefore ?? 0, splice.nextAttemptAt ?? 0)
  if (later <= now) return stay
  const kept = splice.dueAt !== null && splice.dueAt >= later && splice.dueAt <= later + policy.dueJitterMs
  return kept ? splice.dueAt : Math.min(later + late, Math.max(splice.budget.deadline, now))
}

/**
 * Whether nobody has to look at a splice any more: ended, every event published, the lease released, nothing
 * under watch.
 */
export function isAtRest(
  splice: Pick<Splice, 'state' | 'publishedThrough' | 'eventSerial' | 'watch' | 'leaseHeld'>,
): boolean {
  return (
    hasEnded(splice.state) &&
    splice.publishedThrough === splice.eventSerial &&
    splice.watch === null &&
    !splice.leaseHeld
  )
}
