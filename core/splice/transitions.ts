import type { SpliceEventType } from './event.ts'
import type { SpliceState } from './splice.ts'

/** One cell: the states that an event may lead to, and why it exists. An event without a cell is ignored and counted. */
export type Transition = { readonly to: readonly SpliceState[]; readonly why: string }

type Row = Readonly<Partial<Record<SpliceEventType, Transition>>>

const to = (states: SpliceState | readonly SpliceState[], why: string): Transition => ({
  to: typeof states === 'string' ? [states] : states,
  why,
})

const evidence = {
  candidate_seen: to('pending', 'a transaction of ours was seen'),
  candidate_confirmed: to('confirmed', 'a transaction of ours is in a block (a jump after an outage)'),
} as const satisfies Row

const bumpEnds = (state: SpliceState) =>
  ({
    bump_answered: to(state, 'a late answer is attached to its bump'),
    bump_done: to(state, 'a replacement with a higher feerate was seen'),
    bump_abandoned: to(state, 'nothing left to replace, or its budget is spent; the splice goes on'),
  }) as const satisfies Row

/**
 * The states of design section 5 and what leads from one to the next. `step` asserts that it moves only along this table;
 * `docs/states.md` is drawn from it.
 */
export const transitions: Readonly<Record<SpliceState, Row>> = {
  queued: {
    looked: to('queued', 'facts noted'),
    address_given: to('queued', 'the node gave an address'),
    attempt_started: to('submitted', 'journalled, about to be sent'),
    abort_started: to('queued', 'what was left unsigned on the channel is about to be cleared'),
    attempt_answered: to('queued', 'a late answer to a dead attempt'),
    reason_heard: to('queued', 'a wake-up'),
    candidate_seen: to('pending', 'evidence beats the proof that every attempt was dead'),
    candidate_confirmed: to('confirmed', 'evidence beats the proof that every attempt was dead'),
    submitting_stopped: to('queued', 'no further attempt'),
    restored: to('needs_attention', 'the record came out of a backup'),
    given_up: to('failed', 'invalid, never taken, all attempts dead, or the channel closed'),
    withdrawn: to('cancelled', 'cancelled with no attempt alive'),
    attention_needed: to('needs_attention', 'cannot be decided safely'),
    cancel_requested: to(['queued', 'cancelled'], 'cancelled at once where no attempt is alive'),
    resolved_failed: to('failed', "an operator's word"),
  },
  submitted: {
    looked: to('submitted', 'facts noted'),
    attempt_started: to('submitted', 'a resubmission'),
    attempt_stepped: to('submitted', 'a step of the attempt is journalled, its call about to be made'),
    abort_started: to('submitted', 'what was left unsigned on the channel is about to be cleared'),
    attempt_answered: to(['submitted', 'queued'], 'the answer; queued when it leaves no attempt alive'),
    reason_heard: to('submitted', 'a wake-up that may end submitting'),
    ...evidence,
    none_executed_yet: to('queued', 'all attempts dead, more budget'),
    restored: to('needs_attention', 'the record came out of a backup'),
    submitting_stopped: to('submitted', 'no further attempt; watched until every attempt is dead'),
    given_up: to('failed', 'over, and every attempt dead or the channel closed'),
    withdrawn: to('cancelled', 'a cancel was asked for and every attempt is dead'),
    attention_needed: to('needs_attention', 'an attempt is not dead, or what happened is ambiguous'),
    cancel_requested: to('submitted', 'submitting stops; the end follows the proof'),
    resolved_failed: to('failed', "an operator's word"),
    resolved_candidate: to('pending', "an operator's word"),
  },
  pending: {
    looked: to('pending', 'facts noted'),
    attempt_answered: to('pending', 'a late answer moves nothing backwards'),
    reason_heard: to('pending', 'a candidate was seen: only a wake-up'),
    candidate_confirmed: to('confirmed', 'in a block'),
    bump_opened: to('pending', 'a fee bump is asked for'),
    bump_started: to('pending', 'an attempt of the bump is journalled, about to be sent'),
    attempt_stepped: to('pending', 'a step of the attempt of the bump is journalled'),
    ...bumpEnds('pending'),
    given_up: to('failed', 'the channel closed, or the funding history was spent by another, final'),
    attention_needed: to('needs_attention', 'unseen for long, or ambiguous'),
    second_effect: to('pending', 'anomaly: the channel is frozen'),
  },
  confirmed: {
    looked: to('confirmed', 'facts noted'),
    attempt_answered: to('confirmed', 'a late answer moves nothing backwards'),
    reason_heard: to('confirmed', 'a candidate was seen: only a wake-up'),
    reorged: to('pending', 'its block left the chain'),
    ...bumpEnds('confirmed'),
    settled: to('settled', 'final depth, and the lock still stands one look later'),
    given_up: to('failed', 'another transaction took its place, final'),
    attention_needed: to('needs_attention', 'final, but not locked'),
    second_effect: to('confirmed', 'anomaly: the channel is frozen'),
  },
  settled: {
    looked: to('settled', 'facts noted'),
    attempt_answered: to('settled', 'a late answer moves nothing backwards'),
    reorged: to('pending', 'a reorg took it from its final depth: a new epoch'),
    ...bumpEnds('settled'),
    second_effect: to('settled', 'anomaly: the channel is frozen'),
    watch_ended: to('settled', 'nothing can follow any more'),
  },
  failed: {
    looked: to('failed', 'facts noted'),
    attempt_answered: to('failed', 'a late answer moves nothing backwards'),
    ...bumpEnds('failed'),
    corrected: to('pending', 'chain evidence: a new epoch, and an alarm'),
    watch_ended: to('failed', 'nothing can follow any more'),
  },
  cancelled: {
    looked: to('cancelled', 'facts noted'),
    attempt_answered: to('cancelled', 'a late answer moves nothing backwards'),
    ...bumpEnds('cancelled'),
    corrected: to('pending', 'chain evidence: a new epoch, and an alarm'),
    watch_ended: to('cancelled', 'nothing can follow any more'),
  },
  needs_attention: {
    looked: to('needs_attention', 'facts noted; still observed'),
    attempt_answered: to('needs_attention', 'a late answer is attached'),
    reason_heard: to('needs_attention', 'a wake-up'),
    restored: to('needs_attention', 'the record came out of a backup'),
    ...bumpEnds('needs_attention'),
    ...evidence,
    submitting_stopped: to('needs_attention', 'its deadline has passed'),
    given_up: to('failed', 'every attempt proven dead, or the channel closed'),
    withdrawn: to('cancelled', 'a cancel was asked for and every attempt is dead'),
    second_effect: to('needs_attention', 'anomaly: the channel is frozen'),
    cancel_requested: to('needs_attention', 'the end follows the proof'),
    retry_requested: to(['submitted', 'queued'], 'an operator allows more attempts'),
    resolved_failed: to('failed', "an operator's word"),
    resolved_candidate: to('pending', "an operator's word"),
  },
}

/** The states in which a splice has ended. */
export function hasEnded(state: SpliceState): boolean {
  return state === 'settled' || state === 'failed' || state === 'cancelled'
}
