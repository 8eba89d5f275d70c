import { strict as assert } from 'node:assert'
import type { Action, Stepped, StepContext } from './action.ts'
import { answerAttempt, hearReason, restore, retry, startAttempt } from './attempts.ts'
import { stepAttempt } from './attempt-steps.ts'
import { unresolvedAttempts, isOverCeiling } from './budget.ts'
import { abandonBump, answerBumpAttempt, openFeeBump, finishBump, startBumpAttempt } from './fee-bumps.ts'
import * as ending from './outcomes.ts'
import type { EventOf, SpliceEvent } from './event.ts'
import { applyVerdict } from './apply-verdict.ts'
import { setState, stopSubmitting, emit, addToTimeline } from './timeline.ts'
import type { Splice } from './splice.ts'
import { transitions } from './transitions.ts'

/**
 * The only place where a splice changes: (splice, event) → (splice, actions). Pure. An event that `transitions` does
 * not list for the state is ignored. A handler that moves to a state outside the table is a bug, and throws.
 */
export function step(splice: Splice, event: SpliceEvent, context: StepContext): Stepped {
  const cell = transitions[splice.state][event.type]
  if (cell === undefined) return { splice, actions: [{ type: 'ignored', event: event.type }] }
  const next = apply(splice, event, context)
  const stayed = next.splice.state === splice.state && next.actions.some((action) => action.type === 'ignored')
  assert(stayed || cell.to.includes(next.splice.state), `${event.type}: ${splice.state} → ${next.splice.state}`)
  return next
}

function apply(splice: Splice, event: SpliceEvent, context: StepContext): Stepped {
  const { now } = context
  const only = (next: Splice): Stepped => ({ splice: next, actions: [] })
  switch (event.type) {
    case 'looked':
      return look(splice, event, context)
    case 'address_given':
      return only({ ...splice, address: event.address, script: event.script })
    case 'attempt_started':
      return startAttempt(splice, event, context)
    case 'attempt_stepped':
      return stepAttempt(splice, event, context)
    case 'abort_started':
      return only({ ...splice, aborted: { count: (splice.aborted?.count ?? 0) + 1, at: now } })
    case 'attempt_answered':
      return answerAttempt(splice, event, context)
    case 'reason_heard':
      return hearReason(splice, event, context)
    case 'bump_opened':
      return openFeeBump(splice, event, context)
    case 'bump_started':
      return startBumpAttempt(splice, event, context)
    case 'bump_answered':
      return answerBumpAttempt(splice, event, context)
    case 'bump_done':
      return finishBump(splice, event, context)
    case 'bump_abandoned':
      return abandonBump(splice, event, context)
    case 'candidate_seen':
      return ending.candidateSeen(splice, 'pending', context)
    case 'candidate_confirmed':
      return ending.candidateSeen(splice, 'confirmed', context)
    case 'reorged':
      return ending.reorganised(splice, event, context)
    case 'settled':
      return ending.settle(splice, context)
    case 'none_executed_yet':
      return only(setState(splice, 'queued', 'every attempt is proven not executed', now))
    case 'submitting_stopped':
      return only(stopSubmitting(splice, event.code, event.message, now))
    case 'given_up':
      return ending.giveUp(splice, event, context)
    case 'withdrawn':
      return ending.withdraw(splice, event.proof, context)
    case 'attention_needed':
      return attend(splice, event, context)
    case 'restored':
      return restore(splice, event, context)
    case 'corrected':
      return ending.correct(splice, context)
    case 'second_effect':
      return ending.reportSecondEffect(splice, event.txid, context)
    case 'watch_ended':
      return only({ ...splice, watch: null })
    case 'cancel_requested':
      return cancel(splice, event.generation, context)
    case 'retry_requested':
      return retry(splice, event, context)
    case 'resolved_failed':
      return ending.resolveFailed(splice, event.note, context)
    case 'resolved_candidate':
      return ending.resolveCandidate(splice, event, context)
  }
}

function look(splice: Splice, event: EventOf<'looked'>, context: StepContext): Stepped {
  const updated = applyVerdict(splice, event.verdict, context)
  const cause = 'the node reports an older funding outpoint than before, or is another node'
  const actions: Action[] = event.verdict.nodeWentBack ? [{ type: 'freeze_channel', cause }] : []
  return reportFees(splice, updated, actions, context)
}

/**
 * On some nodes the ceiling can only be checked against the worst case before submitting. If a fee exceeds it
 * all the same, an alarm says so.
 */
function reportFees(before: Splice, updated: Splice, actions: readonly Action[], { now }: StepContext): Stepped {
  const known = new Set(before.candidates.map(({ txid }) => txid))
  const expensive = updated.candidates
    .filter(({ txid }) => !known.has(txid))
    .filter((fresh) => isOverCeiling(updated, fresh))
  const message = 'the fee of a transaction is over the ceiling'
  return {
    splice: expensive.reduce((splice, { txid }) => addToTimeline(splice, `${message}: ${txid}`, now), updated),
    actions: [...actions, ...expensive.map((): Action => ({ type: 'alarm', message }))],
  }
}

function attend(splice: Splice, { code, message }: EventOf<'attention_needed'>, { now }: StepContext): Stepped {
  const attended = setState({ ...splice, attention: { code, message } }, 'needs_attention', message, now)
  return { splice: emit(attended, 'splice.needs_attention', now), actions: [{ type: 'alarm', message }] }
}

/** Stops submitting. The splice ends at once only if no attempt can still take effect. */
function cancel(splice: Splice, generation: number, context: StepContext): Stepped {
  if (splice.candidates.length > 0) return { splice, actions: [{ type: 'ignored', event: 'cancel_requested' }] }
  const idle = splice.state === 'queued' && unresolvedAttempts(splice).length === 0
  if (idle && splice.generation >= generation) return ending.withdraw(splice, null, context)
  const cancelling = { ...splice, cancelRequestedAt: splice.cancelRequestedAt ?? context.now }
  return { splice: addToTimeline(cancelling, 'cancel requested', context.now), actions: [] }
}
