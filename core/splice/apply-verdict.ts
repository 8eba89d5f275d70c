import type { StepContext } from './action.ts'
import { unresolvedAttempts } from './budget.ts'
import { lastFence } from './fence.ts'
import { withBumpQuiet, withBumpProofs } from './fee-bumps.ts'
import { boundedCandidates } from './timeline.ts'
import { nonExecutionProofOf } from './non-execution.ts'
import type { Policy } from './policy.ts'
import { unresolvedBumpAttempts } from './replacement.ts'
import { RECORD_LIMITS } from './splice.ts'
import type { Attempt, Candidate, Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import { hasEnded } from './transitions.ts'
import type { Verdict } from './verdict.ts'

/** Blocks between two notes that the funding history's end is unspent: a source that scans blocks scans no more than these. */
const UNSPENT_EVERY_BLOCKS = 36

/** Notes in the record what a look found out. Moves no state: that is the decision's to say. */
export function applyVerdict(splice: Splice, verdict: Verdict, context: StepContext): Splice {
  const noted: Splice = {
    ...splice,
    fundingHistory: [...verdict.fundingHistory].slice(-RECORD_LIMITS.fundingHistory),
    candidates: boundedCandidates(verdict.candidates).map((candidate) =>
      withFirstSeen(candidate, verdict.tipHeight, context.now),
    ),
    unspentThroughHeight: unspentThroughOf(splice, verdict),
    unseenSinceHeight: verdict.name === 'unseen' ? (splice.unseenSinceHeight ?? verdict.tipHeight) : null,
    foreignSinceHeight: verdict.name === 'foreign' ? (splice.foreignSinceHeight ?? verdict.tipHeight) : null,
    lockedAt: lockedAtOf(splice, verdict, context.now),
    watch: watchOf(splice, verdict, context.policy),
  }
  const looked = withBumpQuiet(withQuiet(noted, verdict, context), verdict, context)
  const quiet = withBumpProofs(looked, verdict, context)
  return {
    ...quiet,
    attempts: quiet.attempts.map((attempt) => withProof(quiet, attempt, verdict, context)),
  }
}

function withFirstSeen(candidate: Candidate, tipHeight: number | null, now: Instant): Candidate {
  return { ...candidate, seenAt: candidate.seenAt || now, seenAtHeight: candidate.seenAtHeight ?? tipHeight }
}

/**
 * Only a chain source without an index of spenders needs it, and only to know where to begin: a new height is noted for a
 * new end of the funding history, and every few hours, so that no write is owed to it at every block.
 */
function unspentThroughOf(splice: Splice, verdict: Verdict): number | null {
  const before =
    verdict.fundingHistory.at(-1) === splice.fundingHistory.at(-1) ? splice.unspentThroughHeight : null
  if (verdict.name !== 'absent' || verdict.tipHeight === null) return before
  return before === null || verdict.tipHeight - before >= UNSPENT_EVERY_BLOCKS ? verdict.tipHeight : before
}

/** A lock is a fact about a confirmed candidate; a reorg that takes the confirmation takes the fact. */
function lockedAtOf(splice: Splice, verdict: Verdict, now: Instant): Instant | null {
  if (verdict.name === 'not_known') return splice.lockedAt
  if (verdict.name !== 'confirmed' && verdict.name !== 'final') return null
  return verdict.locked ? (splice.lockedAt ?? now) : splice.lockedAt
}

function watchOf(splice: Splice, verdict: Verdict, policy: Policy): Splice['watch'] {
  const watch = splice.watch
  if (watch === null || watch.untilHeight !== null || verdict.tipHeight === null) return watch
  return { ...watch, untilHeight: verdict.tipHeight + policy.watchBlocks }
}

/**
 * Quiet (design section 4): no sign, no negotiation, no candidate, with the peer connected at every look, since the latest
 * of: the fence, an `in_flight` reply, the peer's return, a gap between looks. Kept only while an attempt is alive.
 */
function withQuiet(splice: Splice, verdict: Verdict, { now, policy }: StepContext): Splice {
  // With a candidate that lost, what may still run is a bump that waits at the node.
  const lost =
    verdict.name === 'replaced' && verdict.atFinalDepth && unresolvedBumpAttempts(splice).length > 0
  const waits = unresolvedAttempts(splice).length > 0 && splice.candidates.length === 0
  const counts = !hasEnded(splice.state) && (waits || lost)
  if (!counts) return { ...splice, quietSince: null, lastLookAt: null }
  if (verdict.peerConnected === null || (verdict.peerConnected && verdict.name === 'not_known')) return splice
  const fence = lost ? lastFence({ attempts: unresolvedBumpAttempts(splice) }) : lastFence(splice)
  const stirs = lost ? verdict.negotiating : verdict.isBusy
  const stirred = !verdict.peerConnected || stirs || fence === null || fence > now
  if (stirred) return { ...splice, quietSince: null, lastLookAt: null }
  const gap = splice.lastLookAt === null || now - splice.lastLookAt > policy.quietGapMs
  const since = gap ? now : (splice.quietSince ?? now)
  return { ...splice, quietSince: Math.max(since, fence, splice.inFlightAt ?? 0), lastLookAt: now }
}

function withProof(
  splice: Splice,
  attempt: Attempt,
  verdict: Verdict,
  { now, policy }: StepContext,
): Attempt {
  if (attempt.notExecuted !== null) return attempt
  const left = verdict.peerConnected === false && (attempt.fenceAt ?? 0) < now
  const seen = left ? (attempt.seenDisconnectedAt ?? now) : attempt.seenDisconnectedAt
  const facts = { splice, attempt, verdict, quietAbsenceMs: verdict.quietAbsenceMs, now, policy }
  const proof = nonExecutionProofOf(facts, verdict.nonExecutionProofs)
  return {
    ...attempt,
    seenDisconnectedAt: seen,
    notExecuted: proof === null ? null : { proof: proof, at: now },
  }
}
