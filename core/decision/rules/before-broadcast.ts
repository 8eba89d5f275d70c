import { attemptsUsed, everTaken, unresolvedAttempts } from '../../splice/budget.ts'
import { lastFence } from '../../splice/fence.ts'
import { areOpen, type GateName } from '../gate.ts'
import type { SpliceEvent } from '../../splice/event.ts'
import { canAbortUnsigned } from '../unsigned-splice.ts'
import { attention, closedWithoutEffect, wait, type Rule, type Situation } from './rule.ts'
import type { Proof, SpliceState } from '../../splice/splice.ts'
import type { VerdictName } from '../../splice/verdict.ts'

const WAITING: readonly SpliceState[] = ['queued', 'submitted']
const UNDECIDED: readonly SpliceState[] = [...WAITING, 'needs_attention']
/** It is known what became of the funding outpoint, and it was not our effect. Proofs of non-execution need this. */
const TRACELESS: readonly VerdictName[] = ['absent', 'foreign', 'foreign_pending', 'closed']

const noneUnresolved = ({ splice }: Situation): boolean => unresolvedAttempts(splice).length === 0
const noCandidate = ({ splice }: Situation): boolean => splice.candidates.length === 0

/**
 * Nothing was ever taken, or every attempt is proven not executed and the funding history has no trace of our effect.
 */
const nothingExecuted = (situation: Situation): boolean =>
  noCandidate(situation) &&
  situation.splice.generation >= situation.observation.generation.configured &&
  situation.verdict.effectWithoutAttempt === null &&
  (!everTaken(situation.splice) || (noneUnresolved(situation) && TRACELESS.includes(situation.verdict.name)))

const proofOf = ({ splice }: Situation): Proof => (everTaken(splice) ? 'none_executed' : 'never_taken')

/** All gates except those that bound how often and at what cost a splice is submitted. */
const BEFORE_BUDGET: readonly GateName[] = [
  'fence',
  'node',
  'channel',
  'funding_unspent',
  'no_candidate',
  'no_earlier_effect',
  'quiet',
]

const allOpen = ({ gates }: Situation): boolean => gates.every((reading) => reading.shut === null)

/**
 * The deadline and the last fence have passed, and so has the last quiet period, or as much time as it would
 * have taken.
 */
const timeIsUp = ({ splice, now, policy }: Situation): boolean => {
  const fence = lastFence(splice) ?? 0
  if (now < splice.budget.deadline || fence >= now) return false
  if (unresolvedAttempts(splice).length === 0) return true
  const quiet = splice.quietSince !== null && now - splice.quietSince >= policy.quietMs
  return quiet || now - Math.max(splice.budget.deadline, fence) >= 2 * policy.quietMs
}

const giveUp = (situation: Situation): SpliceEvent => ({
  type: 'given_up',
  code: situation.splice.stopped?.code ?? 'given_up',
  message: situation.splice.stopped?.message ?? 'given up',
  proof: proofOf(situation),
})

/** `not_locked` ends only with the lock that was missing, or the next look would raise it again. */
const attentionMayEnd = (situation: Situation): boolean =>
  situation.splice.attention?.code !== 'not_locked' || situation.verdict.locked || situation.verdict.name === 'final'

/** The rules that apply while no candidate is known: before one is seen, or while the splice needs attention. */
export const rulesBeforeBroadcast: readonly Rule[] = [
  {
    id: 'restored',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: "the record's generation is older than the table's, the guard has been raised, and the node answers",
      holds: ({ splice, observation: { generation, node } }) =>
        generation.stored === generation.configured && splice.generation < generation.configured && node !== null,
    },
    then: 'needs_attention: restored',
    event: ({ splice, observation }) => ({
      type: 'restored',
      generation: observation.generation.configured,
      id: `${splice.id}/restored/${observation.generation.configured}`,
      submittedOn: observation.channel?.funding ?? splice.fundingHistory.at(-1) ?? '',
      fenceMs: observation.node?.capabilities.fenceMs ?? null,
    }),
  },
  {
    id: 'second_effect',
    states: ['pending', 'confirmed', 'settled', 'needs_attention'],
    verdicts: 'any',
    when: {
      says: 'a second transaction with our effect is in the funding history, and was not reported yet',
      holds: ({ splice, verdict }) => verdict.secondEffect !== null && splice.anomaly === null,
    },
    then: 'report the anomaly and freeze the channel',
    event: ({ verdict }) => ({ type: 'second_effect', txid: verdict.secondEffect ?? '' }),
  },
  {
    id: 'seen',
    states: UNDECIDED,
    verdicts: ['pending'],
    when: null,
    then: 'pending',
    event: () => ({ type: 'candidate_seen' }),
  },
  {
    id: 'signed',
    states: WAITING,
    verdicts: ['unseen'],
    when: null,
    then: 'pending: the node reports the transaction as signed, whether or not it was relayed',
    event: () => ({ type: 'candidate_seen' }),
  },
  {
    id: 'in_block',
    states: UNDECIDED,
    verdicts: ['confirmed', 'final'],
    when: {
      says: 'the splice does not need attention for a lock that is still missing',
      holds: attentionMayEnd,
    },
    then: 'confirmed',
    event: () => ({ type: 'candidate_confirmed' }),
  },
  {
    id: 'closed',
    states: UNDECIDED,
    verdicts: ['closed'],
    when: { says: 'the close is final', holds: ({ verdict }) => verdict.atFinalDepth },
    then: 'failed: channel_closed',
    event: () => closedWithoutEffect,
  },
  {
    id: 'attribution',
    states: WAITING,
    verdicts: 'any',
    when: {
      says: 'a transaction has our effect and no attempt of ours explains it, or a spender is final and its effect still unknown',
      holds: ({ verdict }) =>
        verdict.effectWithoutAttempt !== null || (verdict.name === 'unattributed' && verdict.atFinalDepth),
    },
    then: 'needs_attention: attribution',
    event: attention('attribution', 'a transaction on the channel may be this splice, and cannot be attributed safely'),
  },
  {
    id: 'cancel',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: 'a cancel was requested, and either nothing was ever taken, or every attempt is proven not executed and the funding history has no trace of our effect',
      holds: (situation) => situation.splice.cancelRequestedAt !== null && nothingExecuted(situation),
    },
    then: 'cancelled',
    event: (situation) => ({ type: 'withdrawn', proof: proofOf(situation) }),
  },
  {
    id: 'give_up',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: 'submitting has stopped, and either nothing was ever taken, or every attempt is proven not executed and the funding history has no trace of our effect',
      holds: (situation) => situation.splice.stopped !== null && nothingExecuted(situation),
    },
    then: 'failed',
    event: giveUp,
  },
  {
    id: 'budget_spent',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'all attempts are used, and every gate from `fence` to `quiet` is open, so another attempt would be due',
      holds: (situation) =>
        situation.splice.stopped === null &&
        attemptsUsed(situation.splice) >= situation.splice.budget.maxAttempts &&
        areOpen(situation.gates, BEFORE_BUDGET),
    },
    then: 'stop submitting: budget_spent',
    event: () => ({ type: 'submitting_stopped', code: 'budget_spent', message: 'all attempts are used' }),
  },
  {
    id: 'deadline',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: 'the deadline, the last fence and the last quiet period have passed',
      holds: (situation) => situation.splice.stopped === null && noCandidate(situation) && timeIsUp(situation),
    },
    then: 'stop submitting: deadline',
    event: () => ({ type: 'submitting_stopped', code: 'deadline', message: 'the deadline has passed' }),
  },
  {
    id: 'unproven',
    states: WAITING,
    verdicts: 'any',
    when: {
      says: 'submitting has stopped or a cancel was requested, the deadline has passed, and an attempt is unresolved',
      holds: (situation) =>
        (situation.splice.stopped !== null || situation.splice.cancelRequestedAt !== null) &&
        timeIsUp(situation) &&
        !noneUnresolved(situation),
    },
    then: 'needs_attention: unproven',
    event: attention('unproven', 'an attempt may still take effect: there is no proof that it was not executed'),
  },
  {
    id: 'foreign_lock',
    states: WAITING,
    verdicts: ['foreign'],
    when: {
      says: 'another splice locked 6 blocks ago, and an attempt is still unresolved',
      holds: ({ splice, verdict, policy }) =>
        splice.foreignSinceHeight !== null &&
        (verdict.tipHeight ?? 0) - splice.foreignSinceHeight >= policy.foreignLockBlocks,
    },
    then: 'needs_attention: foreign_lock',
    event: attention('foreign_lock', 'another splice locked first, and ours may still be queued behind it'),
  },
  {
    id: 'requeue',
    states: ['submitted'],
    verdicts: TRACELESS,
    when: { says: 'every attempt is proven not executed', holds: noneUnresolved },
    then: 'queued',
    event: () => ({ type: 'none_executed_yet' }),
  },
  {
    id: 'abort_unsigned',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'a negotiation of ours that was certainly never signed is left on the channel, or the channel is stuck; the last fence and the last abort are at least a quiet period ago; no other splice has the lease; and fewer than four aborts were made',
      holds: canAbortUnsigned,
    },
    then: 'abort it at the node',
    event: () => null,
    act: 'abort',
  },
  {
    id: 'submit',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'every gate is open, submitting has not stopped, no cancel was requested, and no candidate was ever seen',
      holds: (situation) =>
        situation.splice.stopped === null &&
        situation.splice.cancelRequestedAt === null &&
        noCandidate(situation) &&
        allOpen(situation),
    },
    then: 'submit, once this splice holds the lease of the channel',
    event: () => null,
    act: 'submit',
  },
  wait('wait', WAITING, 'wait for the first shut gate'),
]
