import type { SpliceEventType } from './event.ts'
import type { SpliceState } from './splice.ts'

/**
 * One cell of the table: the states that an event may lead to, and why. An event without a cell is ignored and counted.
 */
export type Transition = { readonly to: readonly SpliceState[]; readonly why: string }

type Row = Readonly<Partial<Record<SpliceEventType, Transition>>>

const to = (states: SpliceState | readonly SpliceState[], why: string): Transition => ({
  to: typeof states === 'string' ? [states] : states,
  why,
})

const evidence = {
  candidate_seen: to('pending', 'a transaction of this splice is in the mempool'),
  candidate_confirmed: to(
    'confirmed',
    'a transaction of this splice is in a block; after an outage this skips `pending`',
  ),
} as const satisfies Row

const bumpEnds = (state: SpliceState) =>
  ({
    bump_answered: to(state, 'a late answer is attached to its bump'),
    bump_done: to(state, 'a replacement with a higher feerate was seen'),
    bump_abandoned: to(
      state,
      'nothing is left to replace, or the attempts of the bump are used up; the splice goes on',
    ),
  }) as const satisfies Row

/**
 * The states of a splice, and what leads from one to the next. `step` asserts that it moves only along this
 * table. `docs/states.md` is generated from it.
 */
export const transitions: Readonly<Record<SpliceState, Row>> = {
  queued: {
    looked: to('queued', 'the facts of a look are recorded'),
    address_given: to('queued', 'the node gave an address for a splice-out'),
    attempt_started: to('submitted', 'an attempt is journalled and about to be sent'),
    abort_started: to('queued', 'an unsigned splice on the channel is about to be aborted at the node'),
    attempt_answered: to('queued', 'a late answer is attached to an attempt that is proven not executed'),
    reason_heard: to('queued', 'the node reported a failure: look again'),
    candidate_seen: to(
      'pending',
      'a transaction was seen although every attempt was proven not executed; evidence wins',
    ),
    candidate_confirmed: to(
      'confirmed',
      'a transaction confirmed although every attempt was proven not executed; evidence wins',
    ),
    submitting_stopped: to('queued', 'no further attempt will be made'),
    restored: to('needs_attention', 'the record was restored from a backup'),
    given_up: to(
      'failed',
      'the request is invalid, no attempt was ever taken, every attempt is proven not executed, or the channel closed',
    ),
    withdrawn: to('cancelled', 'a cancel was requested, and no attempt is unresolved'),
    attention_needed: to('needs_attention', 'the splice cannot be decided safely'),
    cancel_requested: to(['queued', 'cancelled'], 'the splice is cancelled at once if no attempt is unresolved'),
    resolved_failed: to('failed', 'an operator resolved the splice'),
  },
  submitted: {
    looked: to('submitted', 'the facts of a look are recorded'),
    attempt_started: to('submitted', 'the splice is resubmitted'),
    attempt_stepped: to('submitted', 'a step of the attempt is journalled; its call follows'),
    abort_started: to('submitted', 'an unsigned splice on the channel is about to be aborted at the node'),
    attempt_answered: to(
      ['submitted', 'queued'],
      'an attempt is answered; if none is unresolved any more, the splice is queued again',
    ),
    reason_heard: to('submitted', 'the node reported a failure: look again, and perhaps stop submitting'),
    ...evidence,
    none_executed_yet: to('queued', 'every attempt is proven not executed, and there is budget for another'),
    restored: to('needs_attention', 'the record was restored from a backup'),
    submitting_stopped: to(
      'submitted',
      'no further attempt will be made; the splice is observed until every attempt is proven not executed',
    ),
    given_up: to('failed', 'submitting has stopped and every attempt is proven not executed, or the channel closed'),
    withdrawn: to('cancelled', 'a cancel was requested, and every attempt is proven not executed'),
    attention_needed: to('needs_attention', 'an attempt stays unresolved, or what happened is ambiguous'),
    cancel_requested: to('submitted', 'submitting stops; the splice ends once every attempt is proven not executed'),
    resolved_failed: to('failed', 'an operator resolved the splice'),
    resolved_candidate: to('pending', 'an operator resolved the splice'),
  },
  pending: {
    looked: to('pending', 'the facts of a look are recorded'),
    attempt_answered: to('pending', 'a late answer is attached to its attempt; it never moves the splice backwards'),
    reason_heard: to('pending', 'the node reported a failure: look again; with a candidate seen it decides nothing'),
    candidate_confirmed: to('confirmed', 'a candidate is in a block'),
    bump_opened: to('pending', 'a fee bump is requested'),
    bump_started: to('pending', 'an attempt of the bump is journalled and about to be sent'),
    attempt_stepped: to('pending', "a step of the bump's attempt is journalled; its call follows"),
    ...bumpEnds('pending'),
    given_up: to('failed', 'the channel closed, or another transaction took its place and is final'),
    attention_needed: to('needs_attention', 'no candidate was visible for too long, or what happened is ambiguous'),
    second_effect: to('pending', 'the splice took effect twice: an anomaly is reported and the channel frozen'),
  },
  confirmed: {
    looked: to('confirmed', 'the facts of a look are recorded'),
    attempt_answered: to('confirmed', 'a late answer is attached to its attempt; it never moves the splice backwards'),
    reason_heard: to('confirmed', 'the node reported a failure: look again; with a candidate seen it decides nothing'),
    reorged: to('pending', 'the block of the candidate left the chain'),
    ...bumpEnds('confirmed'),
    settled: to(
      'settled',
      'the candidate is final, and a later look still finds it locked, or the channel closed since',
    ),
    given_up: to('failed', 'another transaction took its place and is final'),
    attention_needed: to('needs_attention', 'the candidate is final, but the channel has not locked it'),
    second_effect: to('confirmed', 'the splice took effect twice: an anomaly is reported and the channel frozen'),
  },
  settled: {
    looked: to('settled', 'the facts of a look are recorded'),
    attempt_answered: to('settled', 'a late answer is attached to its attempt; it never moves the splice backwards'),
    reorged: to('pending', 'a reorg removed its finality: a new epoch begins'),
    ...bumpEnds('settled'),
    second_effect: to('settled', 'the splice took effect twice: an anomaly is reported and the channel frozen'),
    watch_ended: to('settled', 'nothing can follow any more, so the watch ends'),
  },
  failed: {
    looked: to('failed', 'the facts of a look are recorded'),
    attempt_answered: to('failed', 'a late answer is attached to its attempt; it never moves the splice backwards'),
    ...bumpEnds('failed'),
    corrected: to('pending', 'the chain shows that it took effect: a new epoch begins, with an alarm'),
    watch_ended: to('failed', 'nothing can follow any more, so the watch ends'),
  },
  cancelled: {
    looked: to('cancelled', 'the facts of a look are recorded'),
    attempt_answered: to('cancelled', 'a late answer is attached to its attempt; it never moves the splice backwards'),
    ...bumpEnds('cancelled'),
    corrected: to('pending', 'the chain shows that it took effect: a new epoch begins, with an alarm'),
    watch_ended: to('cancelled', 'nothing can follow any more, so the watch ends'),
  },
  needs_attention: {
    looked: to('needs_attention', 'the facts of a look are recorded; the splice is still observed'),
    attempt_answered: to('needs_attention', 'a late answer is attached to its attempt'),
    reason_heard: to('needs_attention', 'the node reported a failure: look again'),
    restored: to('needs_attention', 'the record was restored from a backup'),
    ...bumpEnds('needs_attention'),
    ...evidence,
    submitting_stopped: to('needs_attention', 'the deadline has passed'),
    given_up: to('failed', 'every attempt is proven not executed, or the channel closed'),
    withdrawn: to('cancelled', 'a cancel was requested, and every attempt is proven not executed'),
    second_effect: to('needs_attention', 'the splice took effect twice: an anomaly is reported and the channel frozen'),
    cancel_requested: to('needs_attention', 'the splice ends once every attempt is proven not executed'),
    retry_requested: to(['submitted', 'queued'], 'an operator allows more attempts'),
    resolved_failed: to('failed', 'an operator resolved the splice'),
    resolved_candidate: to('pending', 'an operator resolved the splice'),
  },
}

/** The states in which a splice has ended. */
export function hasEnded(state: SpliceState): boolean {
  return state === 'settled' || state === 'failed' || state === 'cancelled'
}
