import { unresolvedAttempts } from './budget.ts'
import { fenceOf, silentSince } from './fence.ts'
import type { Policy } from './policy.ts'
import { unresolvedBumpAttempts } from './replacement.ts'
import type { Attempt, NonExecutionProof, Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from './verdict.ts'

/** What the rows of the deadness table look at. */
export type NonExecutionFacts = {
  readonly splice: Splice
  readonly attempt: Attempt
  readonly verdict: Verdict
  /** Operator's word for this node: so much quiet proves absence; null: it proves nothing. */
  readonly quietAbsenceMs: number | null
  readonly now: Instant
  readonly policy: Policy
}

type Rule = {
  readonly nodes: string
  readonly says: string
  readonly holds: (facts: NonExecutionFacts) => boolean
}

/** Two of Eclair's quiescence timeouts of 60 s: what phoenixd and Eclair need of quiet. */
const TWO_QUIESCENCE_TIMEOUTS_MS = 120_000

/** How long it has been quiet since the fence, or what stands for it, and since another instant; 0 while it is not quiet. */
function quietFor(facts: NonExecutionFacts, since: Instant, from = fenceOf): number {
  const fence = from(facts.attempt)
  if (facts.splice.quietSince === null || fence === null) return 0
  return Math.max(0, facts.now - Math.max(facts.splice.quietSince, fence, since))
}

function restartedAfterFence(facts: NonExecutionFacts): boolean {
  const fence = fenceOf(facts.attempt)
  if (fence === null) return false
  return facts.verdict.processStarts.some(
    (start) => start >= fence + facts.policy.startMarginMs && quietFor(facts, start) >= facts.policy.quietMs,
  )
}

/** A later splice-out of ours, with the same script, was answered `taken`. */
export function followedByTaken(splice: Splice, attempt: Attempt): boolean {
  const later = splice.attempts.some(
    (other) => other.number > attempt.number && other.result?.type === 'taken',
  )
  return splice.kind === 'splice_out' && later
}

/** Nothing of a splice can follow the transaction that lost: no second attempt, and no bump that may wait at the node. */
export function isAlone(splice: Splice): boolean {
  return unresolvedAttempts(splice).length <= 1 && unresolvedBumpAttempts(splice).length === 0
}

const NO_RETURN_STEPS = ['splice_update_secured', 'splice_signed']

/**
 * When an attempt that may have been taken can never take effect any more (design section 6). A node's capabilities name
 * the rows that hold for it. Every row but the first three is asked only in a look that found no trace of our effect.
 */
export const nonExecutionTable: Readonly<Record<NonExecutionProof, Rule>> = {
  refused: {
    nodes: 'all',
    says: 'refused as not executed',
    holds: ({ attempt }) => attempt.result?.type === 'refused',
  },
  channel_closed: {
    nodes: 'all',
    says: "the channel's close is final",
    holds: ({ verdict }) => verdict.name === 'closed' && verdict.atFinalDepth,
  },
  conflict_final: {
    nodes: 'all',
    says: 'its transaction lost to another one, final, and the channel is gone or no other attempt, nor one of a bump, is alive',
    holds: ({ splice, verdict }) =>
      verdict.name === 'replaced' && verdict.atFinalDepth && (verdict.channelGone || isAlone(splice)),
  },
  operator: { nodes: 'all', says: 'an operator said so (resolve)', holds: () => false },
  process_restarted: {
    nodes: 'ldk-server',
    says: "the relay reported a start of the node's process after the fence and the margin, and since then the peer was back and quiet",
    holds: restartedAfterFence,
  },
  overlap_guard: {
    nodes: 'ldk-server with the overlap guard',
    says: 'a later splice-out with the same script was taken: a node with the guard would have refused it',
    holds: ({ splice, attempt }) => followedByTaken(splice, attempt),
  },
  quiet_absence: {
    nodes: 'ldk-server, where the operator set it',
    says: 'quiet for as long as the operator declared to be proof',
    holds: (facts) => facts.quietAbsenceMs !== null && quietFor(facts, 0) >= facts.quietAbsenceMs,
  },
  no_return_not_reached: {
    nodes: 'Core Lightning',
    says: 'its fence has passed and its journal stops before the step of no return',
    holds: (facts) => {
      const fence = fenceOf(facts.attempt)
      const reached = facts.attempt.steps.some((step) => NO_RETURN_STEPS.includes(step.name))
      return fence !== null && fence <= facts.now && !reached
    },
  },
  disconnected_since: {
    nodes: 'Core Lightning',
    says: 'the peer was seen disconnected after the fence, and since it is back nothing is in flight',
    holds: (facts) =>
      facts.attempt.seenDisconnectedAt !== null && quietFor(facts, facts.attempt.seenDisconnectedAt) > 0,
  },
  single_commitment: {
    nodes: 'Eclair',
    says: 'two quiescence timeouts of quiet after the reply or the hang-up, the channel normal with a single active commitment',
    holds: (facts) => quietFor(facts, 0, silentSince) >= TWO_QUIESCENCE_TIMEOUTS_MS,
  },
  node_idle: {
    nodes: 'phoenixd',
    says: 'no splice under way, not among the outgoing payments, anchors unspent, after the same quiet',
    holds: (facts) => quietFor(facts, 0, silentSince) >= TWO_QUIESCENCE_TIMEOUTS_MS,
  },
}

const ALWAYS: readonly NonExecutionProof[] = ['refused', 'channel_closed', 'conflict_final', 'operator']

/**
 * The first row by which an attempt is dead; null while it can still take effect. Rows that conclude from quiet are asked
 * only in a look that reached the node with the peer connected and found no trace of our effect.
 */
export function nonExecutionProofOf(
  facts: NonExecutionFacts,
  rules: readonly NonExecutionProof[],
): NonExecutionProof | null {
  if (facts.attempt.notExecuted !== null) return facts.attempt.notExecuted.proof
  const { name, peerConnected, isBusy: isBusy } = facts.verdict
  const traceless = (name === 'absent' || name === 'foreign') && peerConnected === true && !isBusy
  // Whether the guard held is known of the answer alone: the node may have got it since (see `answerAttempt`).
  const asked = traceless ? [...ALWAYS, ...rules.filter((proof) => proof !== 'overlap_guard')] : ALWAYS
  return asked.find((proof) => nonExecutionTable[proof].holds(facts)) ?? null
}
