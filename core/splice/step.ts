import { strict as assert } from 'node:assert'
import type { Action, Stepped, StepContext } from './action.ts'
import { answerAttempt, hearReason, restore, retry, startAttempt } from './attempts.ts'
import { stepAttempt } from './attempt-steps.ts'
import { livingAttempts, isOverCeiling } from './budget.ts'
import { abandonBump, answerBump, beginBump, finishBump, startBump } from './fee-bumps.ts'
import * as ending from './outcomes.ts'
import type { EventOf, SpliceEvent } from './event.ts'
import { noteLook } from './apply-verdict.ts'
import { enter, over, say, timeline } from './timeline.ts'
import type { Splice } from './splice.ts'
import { transitions } from './transitions.ts'

/**
 * The only place where a splice changes: (splice, event) → (splice, actions), pure. An event that `transitions` does not
 * list for the state is ignored; a handler that left the table would be a bug, and throws.
 */
export function step(splice: Splice, event: SpliceEvent, context: StepContext): Stepped {
  const cell = transitions[splice.state][event.type]
  if (cell === undefined) return { splice, actions: [{ type: 'ignored', event: event.type }] }
  const next = apply(splice, event, context)
  const stayed =
    next.splice.state === splice.state && next.actions.some((action) => action.type === 'ignored')
  assert(
    stayed || cell.to.includes(next.splice.state),
    `${event.type}: ${splice.state} → ${next.splice.state}`,
  )
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
    case 'clear_started':
      return only({ ...splice, cleared: { count: (splice.cleared?.count ?? 0) + 1, at: now } })
    case 'attempt_answered':
      return answerAttempt(splice, event, context)
    case 'reason_heard':
      return hearReason(splice, event, context)
    case 'bump_opened':
      return beginBump(splice, event, context)
    case 'bump_started':
      return startBump(splice, event, context)
    case 'bump_answered':
      return answerBump(splice, event, context)
    case 'bump_done':
      return finishBump(splice, event, context)
    case 'bump_abandoned':
      return abandonBump(splice, event, context)
    case 'candidate_seen':
      return ending.find(splice, 'pending', context)
    case 'candidate_confirmed':
      return ending.find(splice, 'confirmed', context)
    case 'reorged':
      return ending.reorganise(splice, event, context)
    case 'settled':
      return ending.settle(splice, context)
    case 'attempts_died':
      return only(enter(splice, 'queued', 'every attempt is dead', now))
    case 'submitting_over':
      return only(over(splice, event.code, event.message, now))
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
  const noted = noteLook(splice, event.verdict, context)
  const cause = 'the node stands on an older funding outpoint than was seen, or is another node'
  const actions: Action[] = event.verdict.nodeWentBack ? [{ type: 'freeze_channel', cause }] : []
  return reportFees(splice, noted, actions, context)
}

/** What could only be checked against the worst case before submitting is reported if it went over (P3). */
function reportFees(
  before: Splice,
  noted: Splice,
  actions: readonly Action[],
  { now }: StepContext,
): Stepped {
  const known = new Set(before.candidates.map(({ txid }) => txid))
  const over = noted.candidates
    .filter(({ txid }) => !known.has(txid))
    .filter((fresh) => isOverCeiling(noted, fresh))
  const message = 'the fee of a transaction is over the ceiling'
  return {
    splice: over.reduce((splice, { txid }) => timeline(splice, `${message}: ${txid}`, now), noted),
    actions: [...actions, ...over.map((): Action => ({ type: 'alarm', message }))],
  }
}

function attend(
  splice: Splice,
  { code, message }: EventOf<'attention_needed'>,
  { now }: StepContext,
): Stepped {
  const attended = enter({ ...splice, attention: { code, message } }, 'needs_attention', message, now)
  return { splice: say(attended, 'splice.needs_attention', now), actions: [{ type: 'alarm', message }] }
}

/** Stops submitting. Final at once only where no attempt can take effect any more (design section 8). */
function cancel(splice: Splice, generation: number, context: StepContext): Stepped {
  if (splice.candidates.length > 0)
    return { splice, actions: [{ type: 'ignored', event: 'cancel_requested' }] }
  const idle = splice.state === 'queued' && livingAttempts(splice).length === 0
  if (idle && splice.generation >= generation) return ending.withdraw(splice, null, context)
  const asked = { ...splice, cancelRequestedAt: splice.cancelRequestedAt ?? context.now }
  return { splice: timeline(asked, 'cancel asked for', context.now), actions: [] }
}
