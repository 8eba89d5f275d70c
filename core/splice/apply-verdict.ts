import type { StepContext } from './action.ts'
import { lastFence, livingAttempts } from './budget.ts'
import { noteBump, noteBumpDeaths } from './fee-bumps.ts'
import { boundedCandidates } from './timeline.ts'
import { deadRuleOf } from './non-execution.ts'
import type { Policy } from './policy.ts'
import { livingBumpAttempts } from './replacement.ts'
import { RECORD_LIMITS } from './splice.ts'
import type { Attempt, Candidate, Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import { hasEnded } from './transitions.ts'
import type { Verdict } from './verdict.ts'

/** Blocks between two notes that the lineage's end is unspent: a source that scans blocks scans no more than these. */
const UNSPENT_EVERY_BLOCKS = 36

/** Notes in the record what a look found out. Moves no state: that is the decision's to say. */
export function noteLook(splice: Splice, verdict: Verdict, context: StepContext): Splice {
  const noted: Splice = {
    ...splice,
    lineage: [...verdict.lineage].slice(-RECORD_LIMITS.lineage),
    candidates: boundedCandidates(verdict.candidates).map((candidate) =>
      noteCandidate(candidate, verdict.tipHeight, context.now),
    ),
    unspentThroughHeight: noteUnspent(splice, verdict),
    unseenSinceHeight: verdict.name === 'unseen' ? (splice.unseenSinceHeight ?? verdict.tipHeight) : null,
    foreignSinceHeight: verdict.name === 'foreign' ? (splice.foreignSinceHeight ?? verdict.tipHeight) : null,
    lockedAt: noteLock(splice, verdict, context.now),
    watch: noteWatch(splice, verdict, context.policy),
  }
  const looked = noteBump(noteQuiet(noted, verdict, context), verdict, context)
  const quiet = noteBumpDeaths(looked, verdict, context)
  return {
    ...quiet,
    attempts: quiet.attempts.map((attempt) => noteAttempt(quiet, attempt, verdict, context)),
  }
}

function noteCandidate(candidate: Candidate, tipHeight: number | null, now: Instant): Candidate {
  return { ...candidate, seenAt: candidate.seenAt || now, seenAtHeight: candidate.seenAtHeight ?? tipHeight }
}

/**
 * Only a chain source without an index of spenders needs it, and only to know where to begin: a new height is noted for a
 * new end of the lineage, and every few hours, so that no write is owed to it at every block.
 */
function noteUnspent(splice: Splice, verdict: Verdict): number | null {
  const before = verdict.lineage.at(-1) === splice.lineage.at(-1) ? splice.unspentThroughHeight : null
  if (verdict.name !== 'absent' || verdict.tipHeight === null) return before
  return before === null || verdict.tipHeight - before >= UNSPENT_EVERY_BLOCKS ? verdict.tipHeight : before
}

/** A lock is a fact about a confirmed candidate; a reorg that takes the confirmation takes the fact. */
function noteLock(splice: Splice, verdict: Verdict, now: Instant): Instant | null {
  if (verdict.name === 'not_known') return splice.lockedAt
  if (verdict.name !== 'confirmed' && verdict.name !== 'final') return null
  return verdict.locked ? (splice.lockedAt ?? now) : splice.lockedAt
}

function noteWatch(splice: Splice, verdict: Verdict, policy: Policy): Splice['watch'] {
  const watch = splice.watch
  if (watch === null || watch.untilHeight !== null || verdict.tipHeight === null) return watch
  return { ...watch, untilHeight: verdict.tipHeight + policy.watchBlocks }
}

/**
 * Quiet (design section 4): no sign, no negotiation, no candidate, with the peer connected at every look, since the latest
 * of: the fence, an `in_flight` reply, the peer's return, a gap between looks. Kept only while an attempt is alive.
 */
function noteQuiet(splice: Splice, verdict: Verdict, { now, policy }: StepContext): Splice {
  // With a candidate that lost, what may still run is a bump that waits at the node.
  const lost = verdict.name === 'replaced' && verdict.buried && livingBumpAttempts(splice).length > 0
  const waits = livingAttempts(splice).length > 0 && splice.candidates.length === 0
  const counts = !hasEnded(splice.state) && (waits || lost)
  if (!counts) return { ...splice, quietSince: null, lastLookAt: null }
  if (verdict.peerConnected === null || (verdict.peerConnected && verdict.name === 'not_known')) return splice
  const fence = lost ? lastFence({ attempts: livingBumpAttempts(splice) }) : lastFence(splice)
  const stirs = lost ? verdict.negotiating : verdict.stirring
  const stirred = !verdict.peerConnected || stirs || fence === null || fence > now
  if (stirred) return { ...splice, quietSince: null, lastLookAt: null }
  const gap = splice.lastLookAt === null || now - splice.lastLookAt > policy.quietGapMs
  const since = gap ? now : (splice.quietSince ?? now)
  return { ...splice, quietSince: Math.max(since, fence, splice.inFlightAt ?? 0), lastLookAt: now }
}

function noteAttempt(
  splice: Splice,
  attempt: Attempt,
  verdict: Verdict,
  { now, policy }: StepContext,
): Attempt {
  if (attempt.dead !== null) return attempt
  const left = verdict.peerConnected === false && (attempt.fenceAt ?? 0) < now
  const seen = left ? (attempt.seenDisconnectedAt ?? now) : attempt.seenDisconnectedAt
  const facts = { splice, attempt, verdict, quietAbsenceMs: verdict.quietAbsenceMs, now, policy }
  const rule = deadRuleOf(facts, verdict.deadRules)
  return { ...attempt, seenDisconnectedAt: seen, dead: rule === null ? null : { rule, at: now } }
}
