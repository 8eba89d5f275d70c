import type { StepContext } from './action.ts'
import { unresolvedAttempts } from './budget.ts'
import { lastFence } from './fence.ts'
import { withBumpQuiet, withBumpProofs } from './fee-bumps.ts'
import { boundedCandidates } from './timeline.ts'
import { nonExecutionProofOf } from './non-execution.ts'
import type { Policy } from './policy.ts'
import { unresolvedBumpAttempts } from './replacement.ts'
import { RECORD_LIMITS, type Attempt, type Candidate, type Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import { hasEnded } from './transitions.ts'
import type { Verdict } from './verdict.ts'

/**
 * Blocks between two recorded heights at which the end of the funding history is unspent. A chain source that
 * scans blocks never scans more than these.
 */
const UNSPENT_EVERY_BLOCKS = 36

/** Applies the facts of a verdict to the record. Never changes the state: that is left to the decision. */
export function applyVerdict(splice: Splice, verdict: Verdict, context: StepContext): Splice {
  const updated: Splice = {
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
  const timed = withBumpQuiet(withQuiet(updated, verdict, context), verdict, context)
  const proven = withBumpProofs(timed, verdict, context)
  return {
    ...proven,
    attempts: proven.attempts.map((attempt) => withProof(proven, attempt, verdict, context)),
  }
}

function withFirstSeen(candidate: Candidate, tipHeight: number | null, now: Instant): Candidate {
  return { ...candidate, seenAt: candidate.seenAt || now, seenAtHeight: candidate.seenAtHeight ?? tipHeight }
}

/**
 * Only a chain source without an index of spenders uses this height, to know where to start scanning. A new height is
 * recorded when the funding history grows, and otherwise every few hours, so that not every block causes a write.
 */
function unspentThroughOf(splice: Splice, verdict: Verdict): number | null {
  const before = verdict.fundingHistory.at(-1) === splice.fundingHistory.at(-1) ? splice.unspentThroughHeight : null
  if (verdict.name !== 'absent' || verdict.tipHeight === null) return before
  return before === null || verdict.tipHeight - before >= UNSPENT_EVERY_BLOCKS ? verdict.tipHeight : before
}

/** A lock belongs to a confirmed candidate, so a reorg that removes the confirmation removes the lock as well. */
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
 * Records since when it has been quiet. Quiet means: no balance signal, no negotiation and no candidate, with
 * the peer connected at every look. It starts at the latest of the fence, an `in_flight` reply, the peer's
 * return and a gap between looks. Kept only while an attempt is unresolved.
 */
function withQuiet(splice: Splice, verdict: Verdict, { now, policy }: StepContext): Splice {
  // After a candidate lost to another transaction, a fee bump may still be waiting at the node.
  const lost = verdict.name === 'replaced' && verdict.atFinalDepth && unresolvedBumpAttempts(splice).length > 0
  const waits = unresolvedAttempts(splice).length > 0 && splice.candidates.length === 0
  const isNeeded = !hasEnded(splice.state) && (waits || lost)
  if (!isNeeded) return { ...splice, quietSince: null, lastLookAt: null }
  if (verdict.peerConnected === null || (verdict.peerConnected && verdict.name === 'not_known')) return splice
  const fence = lost ? lastFence({ attempts: unresolvedBumpAttempts(splice) }) : lastFence(splice)
  const busy = lost ? verdict.negotiating : verdict.isBusy
  const disturbed = !verdict.peerConnected || busy || fence === null || fence > now
  if (disturbed) return { ...splice, quietSince: null, lastLookAt: null }
  const gap = splice.lastLookAt === null || now - splice.lastLookAt > policy.quietGapMs
  const since = gap ? now : (splice.quietSince ?? now)
  return { ...splice, quietSince: Math.max(since, fence, splice.inFlightAt ?? 0), lastLookAt: now }
}

function withProof(splice: Splice, attempt: Attempt, verdict: Verdict, { now, policy }: StepContext): Attempt {
  if (attempt.notExecuted !== null) return attempt
  const isDisconnected = verdict.peerConnected === false && (attempt.fenceAt ?? 0) < now
  const seenDisconnectedAt = isDisconnected ? (attempt.seenDisconnectedAt ?? now) : attempt.seenDisconnectedAt
  const facts = { splice, attempt, verdict, quietAbsenceMs: verdict.quietAbsenceMs, now, policy }
  const proof = nonExecutionProofOf(facts, verdict.nonExecutionProofs)
  return {
    ...attempt,
    seenDisconnectedAt,
    notExecuted: proof === null ? null : { proof, at: now },
  }
}
