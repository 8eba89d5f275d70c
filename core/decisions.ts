import { attemptsUsed, everTaken, lastFence, livingAttempts } from './budget.ts'
import type { SpliceEvent } from './event.ts'
import type { GateReading } from './gates.ts'
import type { Observation } from './observation.ts'
import type { Policy } from './policy.ts'
import type { Instant, Proof, Splice, SpliceState } from './splice.ts'
import type { Verdict, VerdictName } from './verdict.ts'

/** What a row looks at. */
export type Situation = {
  readonly splice: Splice
  readonly verdict: Verdict
  readonly observation: Observation
  readonly gates: readonly GateReading[]
  readonly now: Instant
  readonly policy: Policy
}

/** A named condition, so that the generated table can be read. */
export type Condition = { readonly says: string; readonly holds: (situation: Situation) => boolean }

/** One row: the first whose states, verdicts and condition hold decides. */
export type Row = {
  readonly id: string
  readonly states: readonly SpliceState[]
  readonly verdicts: readonly VerdictName[] | 'any'
  readonly when: Condition | null
  readonly then: string
  readonly event: (situation: Situation) => SpliceEvent | null
  readonly submit?: true
}

const WAITING: readonly SpliceState[] = ['queued', 'submitted']
const UNDECIDED: readonly SpliceState[] = [...WAITING, 'needs_attention']
const WITHOUT_EFFECT: readonly SpliceState[] = ['failed', 'cancelled']
const SEEN: readonly VerdictName[] = ['pending', 'confirmed', 'final']
/** The anchor's fate is known, and it is not ours: what a proof of death is weighed against. */
const TRACELESS: readonly VerdictName[] = ['absent', 'foreign', 'foreign_pending', 'closed']

const allDead = ({ splice }: Situation): boolean => livingAttempts(splice).length === 0
const noCandidate = ({ splice }: Situation): boolean => splice.candidates.length === 0

/** Nothing was ever taken, or every attempt is dead and no trace of our effect is in the lineage. */
const proven = (situation: Situation): boolean =>
  noCandidate(situation) &&
  situation.verdict.effectWithoutAttempt === null &&
  (!everTaken(situation.splice) || (allDead(situation) && TRACELESS.includes(situation.verdict.name)))

const proofOf = ({ splice }: Situation): Proof => (everTaken(splice) ? 'all_attempts_dead' : 'never_taken')

const gatesOpen = (situation: Situation, upTo: number): boolean =>
  situation.gates.every((reading) => reading.gate > upTo || reading.shut === null)

/** The deadline and the last fence have passed, and the last quiet, or as much time as it would have taken. */
const timeIsUp = ({ splice, now, policy }: Situation): boolean => {
  const fence = lastFence(splice) ?? 0
  if (now < splice.budget.deadline || fence >= now) return false
  if (livingAttempts(splice).length === 0) return true
  const quiet = splice.quietSince !== null && now - splice.quietSince >= policy.quietMs
  return quiet || now - Math.max(splice.budget.deadline, fence) >= 2 * policy.quietMs
}

const giveUp = (situation: Situation): SpliceEvent => ({
  type: 'given_up',
  code: situation.splice.over?.code ?? 'given_up',
  message: situation.splice.over?.message ?? 'given up',
  proof: proofOf(situation),
})

const closedProof: SpliceEvent = {
  type: 'given_up',
  code: 'channel_closed',
  message: 'the channel closed without this splice',
  proof: 'channel_closed',
}

const attention = (code: string, message: string): (() => SpliceEvent) => {
  return () => ({ type: 'attention_needed', code, message })
}

/** Attention for these is lifted only by what was missing, or it would be raised again in the next look. */
const liftedBy = (situation: Situation): boolean =>
  situation.splice.attention?.code !== 'not_locked' ||
  situation.verdict.locked ||
  situation.verdict.name === 'final'

const wait = (id: string, states: readonly SpliceState[], then: string): Row => ({
  id,
  states,
  verdicts: 'any',
  when: null,
  then,
  event: () => null,
})

/** The decision table (design sections 5 and 6). `docs/decisions.md` is written from it. */
export const rows: readonly Row[] = [
  {
    id: 'restored',
    states: UNDECIDED,
    verdicts: 'any',
    when: {
      says: "the record is of an older generation than the table's, and the guard has been raised",
      holds: ({ splice, observation: { generation } }) =>
        generation.stored === generation.configured && splice.generation < generation.configured,
    },
    then: 'needs_attention: restored',
    event: ({ splice, observation }) => ({
      type: 'restored',
      generation: observation.generation.configured,
      id: `${splice.id}/restored/${observation.generation.configured}`,
      anchor: observation.channel?.funding ?? splice.lineage.at(-1) ?? '',
      fenceMs: observation.node?.capabilities.fenceMs ?? null,
    }),
  },
  {
    id: 'second_effect',
    states: ['pending', 'confirmed', 'settled', 'needs_attention'],
    verdicts: 'any',
    when: {
      says: 'a second output of ours is in the lineage, and was not reported',
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
    when: { says: 'the close is buried', holds: ({ verdict }) => verdict.buried },
    then: 'failed: channel_closed',
    event: () => closedProof,
  },
  {
    id: 'attribution',
    states: WAITING,
    verdicts: 'any',
    when: {
      says: 'a transaction has our effect without an attempt of ours, or what it is stays unknown until it is buried',
      holds: ({ verdict }) =>
        verdict.effectWithoutAttempt !== null || (verdict.name === 'unattributed' && verdict.buried),
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
      says: 'a cancel was asked for; never taken, or every attempt dead and no trace in the lineage',
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
      says: 'submitting is over; never taken, or every attempt dead and no trace in the lineage',
      holds: (situation) => situation.splice.over !== null && proven(situation),
    },
    then: 'failed',
    event: giveUp,
  },
  {
    id: 'budget_spent',
    states: WAITING,
    verdicts: ['absent'],
    when: {
      says: 'attempts used up, and gates 1 to 7 open: another one would be due',
      holds: (situation) =>
        situation.splice.over === null &&
        attemptsUsed(situation.splice) >= situation.splice.budget.maxAttempts &&
        gatesOpen(situation, 7),
    },
    then: 'no further attempt: budget_spent',
    event: () => ({ type: 'submitting_over', code: 'budget_spent', message: 'all attempts are used' }),
  },
  {
    id: 'deadline',
    states: WAITING,
    verdicts: 'any',
    when: {
      says: 'the deadline, the last fence and the last quiet have passed',
      holds: (situation) => situation.splice.over === null && timeIsUp(situation),
    },
    then: 'no further attempt: deadline',
    event: () => ({ type: 'submitting_over', code: 'deadline', message: 'the deadline has passed' }),
  },
  {
    id: 'unproven',
    states: WAITING,
    verdicts: 'any',
    when: {
      says: 'over or cancelled, past the deadline, and an attempt is not dead',
      holds: (situation) =>
        (situation.splice.over !== null || situation.splice.cancelRequestedAt !== null) &&
        timeIsUp(situation) &&
        !allDead(situation),
    },
    then: 'needs_attention: unproven',
    event: attention('unproven', 'an attempt may still take effect, and nothing proves that it cannot'),
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
    id: 'all_dead',
    states: ['submitted'],
    verdicts: TRACELESS,
    when: { says: 'every attempt is dead', holds: allDead },
    then: 'queued',
    event: () => ({ type: 'attempts_died' }),
  },
  {
    id: 'submit',
    states: WAITING,
    verdicts: ['absent'],
    when: { says: 'gates 1 to 10 are open', holds: (situation) => gatesOpen(situation, 10) },
    then: 'submit, once the slot is ours (gate 11)',
    event: () => null,
    submit: true,
  },
  wait('wait', WAITING, 'wait for the first shut gate'),
  {
    id: 'confirm',
    states: ['pending'],
    verdicts: ['confirmed', 'final'],
    when: null,
    then: 'confirmed',
    event: () => ({ type: 'candidate_confirmed' }),
  },
  {
    id: 'replaced',
    states: ['pending', 'confirmed', 'needs_attention'],
    verdicts: ['replaced'],
    when: {
      says: 'the other transaction is buried, and nothing of ours can follow: the channel is gone, or no other attempt is alive',
      holds: (situation) =>
        situation.verdict.buried &&
        (situation.verdict.channelGone || livingAttempts(situation.splice).length <= 1),
    },
    then: 'failed: channel_closed, or lineage_spent',
    event: ({ verdict }) =>
      verdict.channelGone
        ? closedProof
        : {
            type: 'given_up',
            code: 'lineage_spent',
            message: 'another transaction took the place of this splice',
            proof: 'lineage_spent',
          },
  },
  {
    id: 'replaced_alive',
    states: ['pending', 'confirmed'],
    verdicts: ['replaced'],
    when: {
      says: 'the other transaction is buried, and another attempt is alive',
      holds: ({ verdict }) => verdict.buried,
    },
    then: 'needs_attention: unproven',
    event: attention(
      'unproven',
      'another transaction took its place, and a second attempt may still take effect',
    ),
  },
  {
    id: 'unseen_long',
    states: ['pending'],
    verdicts: ['unseen'],
    when: {
      says: 'no candidate was seen for 144 blocks',
      holds: ({ splice, verdict, policy }) =>
        splice.unseenSinceHeight !== null &&
        (verdict.tipHeight ?? 0) - splice.unseenSinceHeight >= policy.unseenBlocks,
    },
    then: 'needs_attention: unseen',
    event: attention('unseen', 'the transaction has left the mempool, and nothing replaced it'),
  },
  wait('wait_pending', ['pending'], 'wait for a confirmation'),
  {
    id: 'settle',
    states: ['confirmed'],
    verdicts: ['final'],
    when: null,
    then: 'settled',
    event: () => ({ type: 'settled' }),
  },
  {
    id: 'reorg',
    states: ['confirmed'],
    verdicts: ['pending', 'unseen', 'replaced'],
    when: null,
    then: 'pending',
    event: () => ({ type: 'reorged' }),
  },
  {
    id: 'not_locked',
    states: ['confirmed'],
    verdicts: ['confirmed'],
    when: {
      says: 'final for another 6 blocks with the peer connected, and not locked',
      holds: ({ verdict, policy }) =>
        !verdict.locked &&
        verdict.peerConnected === true &&
        verdict.depth >= policy.finalDepth + policy.notLockedBlocks,
    },
    then: 'needs_attention: not_locked',
    event: attention('not_locked', 'the transaction is final, but the channel has not moved to it'),
  },
  wait('wait_confirmed', ['confirmed'], 'wait for final depth and the lock'),
  {
    id: 'reorg_after_settling',
    states: ['settled'],
    verdicts: ['pending', 'unseen', 'replaced', 'confirmed'],
    when: {
      says: 'the candidate is no longer at final depth',
      holds: ({ verdict }) => verdict.name !== 'confirmed' || !verdict.buried,
    },
    then: 'pending: a new epoch',
    event: () => ({ type: 'reorged' }),
  },
  {
    id: 'correct',
    states: WITHOUT_EFFECT,
    verdicts: SEEN,
    when: null,
    then: 'pending: a new epoch, an alarm, the channel frozen',
    event: () => ({ type: 'corrected' }),
  },
  {
    id: 'watch_over',
    states: ['settled', ...WITHOUT_EFFECT],
    verdicts: 'any',
    when: {
      says: 'both watched outpoints are spent, or 2016 blocks have passed',
      holds: ({ splice, verdict }) =>
        splice.watch !== null &&
        (verdict.watchedSpent || (verdict.tipHeight ?? 0) >= (splice.watch.untilHeight ?? Infinity)),
    },
    then: 'nothing is watched any more',
    event: () => ({ type: 'watch_ended' }),
  },
  wait('ended', ['settled', ...WITHOUT_EFFECT], 'nothing: it has ended'),
  wait('attended', ['needs_attention'], 'keep observing'),
]
