import { attemptsUsed, everTaken, unresolvedAttempts } from '../../splice/budget.ts'
import { lastFence } from '../../splice/fence.ts'
import { areOpen } from '../gate.ts'
import type { GateName } from '../gate.ts'
import type { SpliceEvent } from '../../splice/event.ts'
import { canAbortUnsigned } from '../unsigned-splice.ts'
import type { Rule, Situation } from './rule.ts'
import { attention, closedWithoutEffect, wait } from './rule.ts'
import type { Proof, SpliceState } from '../../splice/splice.ts'
import type { VerdictName } from '../../splice/verdict.ts'

const WAITING: readonly SpliceState[] = ['queued', 'submitted']
const UNDECIDED: readonly SpliceState[] = [...WAITING, 'needs_attention']
/** The funding outpoint's fate is known, and it is not ours: what a proof of death is weighed against. */
const TRACELESS: readonly VerdictName[] = ['absent', 'foreign', 'foreign_pending', 'closed']

const allDead = ({ splice }: Situation): boolean => unresolvedAttempts(splice).length === 0
const noCandidate = ({ splice }: Situation): boolean => splice.candidates.length === 0

/** Nothing was ever taken, or every attempt is dead and no trace of our effect is in the funding history. */
const proven = (situation: Situation): boolean =>
  noCandidate(situation) &&
  situation.splice.generation >= situation.observation.generation.configured &&
  situation.verdict.effectWithoutAttempt === null &&
  (!everTaken(situation.splice) || (allDead(situation) && TRACELESS.includes(situation.verdict.name)))

const proofOf = ({ splice }: Situation): Proof => (everTaken(splice) ? 'none_executed' : 'never_taken')

/** All gates but those that bound how often and how dearly a splice is submitted. */
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

/** The deadline and the last fence have passed, and the last quiet, or as much time as it would have taken. */
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

/** Attention for these is lifted only by what was missing, or it would be raised again in the next look. */
const liftedBy = (situation: Situation): boolean =>
  situation.splice.attention?.code !== 'not_locked' ||
  situation.verdict.locked ||
  situation.verdict.name === 'final'

/** What follows while no candidate is known: before one is seen, or in need of attention (design sections 5 and 6). */
export const rulesBeforeBroadcast: readonly Rule[] = [
  {
    id: 'restored',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: "the record is of an older generation than the table's, the guard has been raised, and the node answers",
      holds: ({ splice, observation: { generation, node } }) =>
        generation.stored === generation.configured &&
        splice.generation < generation.configured &&
        node !== null,
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
      says: 'a second output of ours is in the funding history, and was not reported',
      holds: ({ splice, verdict }) => verdict.secondEffect !== null && splice.anomaly === null,
    },
    then: 'report the anomaly, freeze the channel',
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
    then: 'pending: its node reports it signed, whether or not it was relayed',
    event: () => ({ type: 'candidate_seen' }),
  },
  {
    id: 'in_block',
    states: UNDECIDED,
    verdicts: ['confirmed', 'final'],
    when: { says: 'not waiting for a lock that is still missing', holds: liftedBy },
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
      says: 'a transaction has our effect without an attempt of ours, or what it is stays unknown until it is final',
      holds: ({ verdict }) =>
        verdict.effectWithoutAttempt !== null || (verdict.name === 'unattributed' && verdict.atFinalDepth),
    },
    then: 'needs_attention: attribution',
    event: attention(
      'attribution',
      'a transaction on the channel may be this splice, and cannot be attributed safely',
    ),
  },
  {
    id: 'cancel',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: 'a cancel was asked for; never taken, or every attempt dead and no trace in the funding history',
      holds: (situation) => situation.splice.cancelRequestedAt !== null && proven(situation),
    },
    then: 'cancelled',
    event: (situation) => ({ type: 'withdrawn', proof: proofOf(situation) }),
  },
  {
    id: 'give_up',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: 'submitting is over; never taken, or every attempt dead and no trace in the funding history',
      holds: (situation) => situation.splice.stopped !== null && proven(situation),
    },
    then: 'failed',
    event: giveUp,
  },
  {
    id: 'budget_spent',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'all attempts are used, and every gate before the budget is open: another attempt would be due',
      holds: (situation) =>
        situation.splice.stopped === null &&
        attemptsUsed(situation.splice) >= situation.splice.budget.maxAttempts &&
        areOpen(situation.gates, BEFORE_BUDGET),
    },
    then: 'no further attempt: budget_spent',
    event: () => ({ type: 'submitting_stopped', code: 'budget_spent', message: 'all attempts are used' }),
  },
  {
    id: 'deadline',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: 'the deadline, the last fence and the last quiet have passed',
      holds: (situation) =>
        situation.splice.stopped === null && noCandidate(situation) && timeIsUp(situation),
    },
    then: 'no further attempt: deadline',
    event: () => ({ type: 'submitting_stopped', code: 'deadline', message: 'the deadline has passed' }),
  },
  {
    id: 'unproven',
    states: WAITING,
    verdicts: 'any',
    when: {
      says: 'over or cancelled, past the deadline, and an attempt is not dead',
      holds: (situation) =>
        (situation.splice.stopped !== null || situation.splice.cancelRequestedAt !== null) &&
        timeIsUp(situation) &&
        !allDead(situation),
    },
    then: 'needs_attention: unproven',
    event: attention('unproven', 'an attempt may still take effect: there is no proof that it was not executed'),
  },
  {
    id: 'foreign_lock',
    states: WAITING,
    verdicts: ['foreign'],
    when: {
      says: 'an attempt is still alive some blocks after another splice locked',
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
    when: { says: 'every attempt is dead', holds: allDead },
    then: 'queued',
    event: () => ({ type: 'none_executed_yet' }),
  },
  {
    id: 'abort_unsigned',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'a negotiation of ours, certainly never signed, is left on the channel, or the channel is stuck: fences and quiet have passed, no other splice has the lease, and it was not cleared lately, nor four times',
      holds: canAbortUnsigned,
    },
    then: 'clear it at the node',
    event: () => null,
    act: 'abort',
  },
  {
    id: 'submit',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'every gate is open; submitting was not stopped, no cancel was asked for, no candidate was ever seen',
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
