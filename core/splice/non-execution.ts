import { unresolvedAttempts } from './budget.ts'
import { fenceOf, silentSince } from './fence.ts'
import type { Policy } from './policy.ts'
import { unresolvedBumpAttempts } from './replacement.ts'
import type { Attempt, NonExecutionProof, Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from './verdict.ts'

/** The facts that the rules of the table below read. */
export type NonExecutionFacts = {
  readonly splice: Splice
  readonly attempt: Attempt
  readonly verdict: Verdict
  /** How long the node must be quiet to prove absence, set by its operator; null: quiet proves nothing. */
  readonly quietAbsenceMs: number | null
  readonly now: Instant
  readonly policy: Policy
}

type Rule = {
  readonly nodes: string
  readonly says: string
  readonly holds: (facts: NonExecutionFacts) => boolean
}

/** Two of Eclair's quiescence timeouts of 60 s: how long Eclair and phoenixd must be quiet. */
const TWO_QUIESCENCE_TIMEOUTS_MS = 120_000

/**
 * How long it has been quiet since the attempt's fence (or `from`) and since another instant; 0 while it is not quiet.
 */
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

/** Whether a later splice-out of ours, to the same script, was answered `taken`. */
export function followedByTaken(splice: Splice, attempt: Attempt): boolean {
  const later = splice.attempts.some((other) => other.number > attempt.number && other.result?.type === 'taken')
  return splice.kind === 'splice_out' && later
}

/**
 * Whether nothing of a splice can follow a transaction that lost: no second attempt, and no bump that may be
 * waiting at the node.
 */
export function isAlone(splice: Splice): boolean {
  return unresolvedAttempts(splice).length <= 1 && unresolvedBumpAttempts(splice).length === 0
}

/**
 * The steps of no return on Core Lightning: for a splice-out the `splice_update` that secures commitments,
 * for a splice-in `splice_signed`.
 */
const NO_RETURN_STEPS = ['splice_update_secured', 'splice_signed']

/**
 * When an attempt that may have been taken can no longer take effect. A node's capabilities name the rules
 * that hold for it. All rules but the first four are tried only on a look that found no trace of our effect.
 */
export const nonExecutionTable: Readonly<Record<NonExecutionProof, Rule>> = {
  refused: {
    nodes: 'all',
    says: 'the node refused it as not executed',
    holds: ({ attempt }) => attempt.result?.type === 'refused',
  },
  channel_closed: {
    nodes: 'all',
    says: "the channel's close is final",
    holds: ({ verdict }) => verdict.name === 'closed' && verdict.atFinalDepth,
  },
  conflict_final: {
    nodes: 'all',
    says: 'its transaction lost to another one that is final, and either the channel is gone or no other attempt of the splice or its bumps is unresolved',
    holds: ({ splice, verdict }) =>
      verdict.name === 'replaced' && verdict.atFinalDepth && (verdict.channelGone || isAlone(splice)),
  },
  operator: { nodes: 'all', says: 'an operator said so (`resolve`)', holds: () => false },
  process_restarted: {
    nodes: 'ldk-server',
    says: "the relay reported a start of the node's process after the fence plus a margin, and since then the peer has been connected and quiet",
    holds: restartedAfterFence,
  },
  overlap_guard: {
    nodes: 'ldk-server with the overlap guard',
    says: 'a later splice-out to the same script was taken, which the node would have refused if this one had been pending',
    holds: ({ splice, attempt }) => followedByTaken(splice, attempt),
  },
  quiet_absence: {
    nodes: 'ldk-server, if the operator set it',
    says: 'it has been quiet for as long as the operator set as proof',
    holds: (facts) => facts.quietAbsenceMs !== null && quietFor(facts, 0) >= facts.quietAbsenceMs,
  },
  no_return_not_reached: {
    nodes: 'Core Lightning',
    says: 'its fence has passed, and its journal stops before the step of no return',
    holds: (facts) => {
      const fence = fenceOf(facts.attempt)
      const reached = facts.attempt.steps.some((step) => NO_RETURN_STEPS.includes(step.name))
      return fence !== null && fence <= facts.now && !reached
    },
  },
  disconnected_since: {
    nodes: 'Core Lightning',
    says: 'the peer was seen disconnected after the fence, and since its return nothing is in flight',
    holds: (facts) =>
      facts.attempt.seenDisconnectedAt !== null && quietFor(facts, facts.attempt.seenDisconnectedAt) > 0,
  },
  single_commitment: {
    nodes: 'Eclair',
    says: 'it has been quiet for two quiescence timeouts (2 × 60 s) after the reply or the hang-up, and the channel is normal with a single active commitment',
    holds: (facts) => quietFor(facts, 0, silentSince) >= TWO_QUIESCENCE_TIMEOUTS_MS,
  },
  node_idle: {
    nodes: 'phoenixd',
    says: 'no splice is under way, it is not among the outgoing payments, and the funding outpoint is unspent, after the same quiet',
    holds: (facts) => quietFor(facts, 0, silentSince) >= TWO_QUIESCENCE_TIMEOUTS_MS,
  },
}

const ALWAYS: readonly NonExecutionProof[] = ['refused', 'channel_closed', 'conflict_final', 'operator']

/**
 * The first rule by which an attempt is proven not executed; null while it can still take effect. Rules that conclude
 * from quiet are tried only on a look that reached the node with the peer connected and found no trace of our effect.
 */
export function nonExecutionProofOf(
  facts: NonExecutionFacts,
  rules: readonly NonExecutionProof[],
): NonExecutionProof | null {
  if (facts.attempt.notExecuted !== null) return facts.attempt.notExecuted.proof
  const { name, peerConnected, isBusy } = facts.verdict
  const traceless = (name === 'absent' || name === 'foreign') && peerConnected === true && !isBusy
  // `overlap_guard` is judged from the answer alone (see `answerAttempt`): the node may have gained the guard
  // since.
  const tried = traceless ? [...ALWAYS, ...rules.filter((proof) => proof !== 'overlap_guard')] : ALWAYS
  return tried.find((proof) => nonExecutionTable[proof].holds(facts)) ?? null
}
