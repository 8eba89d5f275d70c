import { strict as assert } from 'node:assert'
import { lastStep } from './attempt-steps.ts'
import { attemptsUsed, backoffMs, unresolvedAttempts } from './budget.ts'
import { followedByTaken } from './non-execution.ts'
import type { EventOf } from './event.ts'
import type { RefusalClass } from './failure.ts'
import { afterReason } from './failure.ts'
import type { StepContext, Stepped } from './action.ts'
import { truncate, setState, stopSubmitting, emit, addToTimeline } from './timeline.ts'
import { BUDGET } from './policy.ts'
import { RECORD_LIMITS } from './splice.ts'
import type { Attempt, Splice } from './splice.ts'

/** How much is kept of what a node says to an attempt. */
const TEXT_BYTES = 120
/** How many steps the merged row of several attempts keeps. */
const MAX_KEPT_STEPS = 4

/** Journals an attempt. The funding outpoint moves only when every earlier attempt is dead (design section 6, "foreign splice"). */
export function startAttempt(
  splice: Splice,
  event: EventOf<'attempt_started'>,
  { now }: StepContext,
): Stepped {
  const fresh = unresolvedAttempts(splice).length === 0
  assert(
    fresh || splice.submittedOn === event.submittedOn,
    'the funding outpoint moves only when every attempt is dead',
  )
  const number = splice.attemptSerial + 1
  const attempt = anAttempt(event.id, number, event.submittedOn, now, event.fenceMs)
  const moved = splice.submittedOn !== null && splice.submittedOn !== event.submittedOn
  const journalled: Splice = {
    ...splice,
    submittedOn: event.submittedOn,
    baseline: fresh ? event.baseline : splice.baseline,
    attempts: [...splice.attempts, attempt],
    attemptSerial: number,
    leaseHeld: true,
    quietSince: null,
    lastLookAt: null,
    nextAttemptAt: null,
  }
  const why = `attempt ${number}${moved ? ' on a new funding outpoint' : ''}`
  return { splice: emit(setState(journalled, 'submitted', why, now), 'splice.submitted', now), actions: [] }
}

/** An attempt as it is journalled, before anything is known of it. */
export function anAttempt(
  id: string,
  number: number,
  submittedOn: string,
  now: number,
  fenceMs: number | null,
): Attempt {
  return {
    id,
    number,
    kind: 'submit',
    submittedOn: submittedOn,
    startedAt: now,
    fenceAt: fenceMs === null ? null : now + fenceMs,
    steps: [],
    result: null,
    notExecuted: null,
    seenDisconnectedAt: null,
    count: 1,
  }
}

/** Attaches an answer to its attempt, at whatever time it comes; a known answer is never changed. */
export function answerAttempt(
  splice: Splice,
  event: EventOf<'attempt_answered'>,
  context: StepContext,
): Stepped {
  const attempt = splice.attempts.find((candidate) => candidate.id === event.id)
  if (attempt === undefined || (attempt.result !== null && attempt.result.type !== 'unknown')) {
    return { splice, actions: [{ type: 'ignored', event: event.type }] }
  }
  const result = { ...bounded(meant(splice, attempt, event.result)), at: context.now }
  const known = { ...attempt, steps: lastStep(attempt), result }
  const answered = replaced(splice, known)
  if (result.type === 'refused') return refuse(answered, known, result, event.jitter, context)
  if (result.type === 'unknown' || !event.overlapGuard) return { splice: answered, actions: [] }
  const attempts = answered.attempts.map((earlier) =>
    earlier.notExecuted === null && followedByTaken(answered, earlier)
      ? { ...earlier, notExecuted: { proof: 'overlap_guard' as const, at: context.now } }
      : earlier,
  )
  return { splice: { ...answered, attempts }, actions: [] }
}

/** "Not now" while an earlier attempt is alive means that something is under way: gRPC 9 (design section 6, "Results"). */
function meant(
  splice: Splice,
  attempt: Attempt,
  result: EventOf<'attempt_answered'>['result'],
): typeof result {
  const others = unresolvedAttempts(splice).some((other) => other.id !== attempt.id)
  return result.type === 'refused' && result.class === 'not_now' && others
    ? { ...result, class: 'in_flight' }
    : result
}

/** A node's text is kept for operators, in plain characters, and never without bounds. */
export function bounded(result: EventOf<'attempt_answered'>['result'], bytes = TEXT_BYTES): typeof result {
  return result.type === 'taken'
    ? result
    : { ...result, message: truncate(result.message.replace(/[^\x20-\x7e]/g, '?'), bytes) }
}

function replaced(splice: Splice, attempt: Attempt): Splice {
  return { ...splice, attempts: splice.attempts.map((other) => (other.id === attempt.id ? attempt : other)) }
}

function refuse(
  splice: Splice,
  attempt: Attempt,
  refusal: { class: RefusalClass; reason?: keyof typeof afterReason | undefined; message: string },
  jitter: number,
  { now, policy }: StepContext,
): Stepped {
  const refused: Attempt = { ...attempt, notExecuted: { proof: 'refused', at: now } }
  const attempts = mergeRefusals(splice.attempts, refused, refusal.class)
  const count = attempts.find((row) => row.id === attempt.id)?.count ?? 1
  const waiting: Splice = {
    ...splice,
    attempts,
    nextAttemptAt: now + backoffMs(count, jitter, policy),
    inFlightAt: refusal.class === 'in_flight' ? now : splice.inFlightAt,
  }
  const stops = refusal.reason !== undefined && afterReason[refusal.reason].then === 'stop'
  const ended = refusal.class === 'invalid' || stops
  const decided = ended ? stopSubmitting(waiting, refusal.reason ?? 'invalid', refusal.message, now) : waiting
  const idle = decided.state === 'submitted' && unresolvedAttempts(decided).length === 0
  return {
    splice: idle ? setState(decided, 'queued', `the node refused: ${refusal.message}`, now) : decided,
    actions: refusal.class === 'config' ? [{ type: 'pause_node', message: refusal.message }] : [],
  }
}

/**
 * Refusals that were not executed are one row a class, with a count: they cost no attempt (design section 4, "budget"). The row
 * keeps the last txids that any of them announced: what one left on the channel unsigned is known by them to be ours.
 */
export function mergeRefusals(
  attempts: readonly Attempt[],
  attempt: Attempt,
  refusalClass: RefusalClass,
): Attempt[] {
  const earlier = attempts.find(
    (row) => row.id !== attempt.id && row.result?.type === 'refused' && row.result.class === refusalClass,
  )
  const announced = earlier?.steps.filter(({ txid }) => txid !== undefined) ?? []
  const steps = [...announced, ...attempt.steps].slice(-MAX_KEPT_STEPS)
  const row = { ...attempt, steps, count: (earlier?.count ?? 0) + 1 }
  return attempts
    .filter((other) => other.id !== earlier?.id)
    .map((other) => (other.id === row.id ? row : other))
}

/** A node's failure event counts only if it came after the current attempt started, with no candidate seen. */
export function hearReason(splice: Splice, event: EventOf<'reason_heard'>, { now }: StepContext): Stepped {
  const current = unresolvedAttempts(splice).at(-1)
  if (current === undefined || event.at <= current.startedAt || splice.candidates.length > 0) {
    return { splice, actions: [] }
  }
  const after = afterReason[event.reason]
  const heard = addToTimeline(splice, `the node reported ${event.reason}`, now)
  if (after.then === 'stop')
    return { splice: stopSubmitting(heard, event.reason, after.why, now), actions: [] }
  return { splice: after.then === 'in_flight' ? { ...heard, inFlightAt: now } : heard, actions: [] }
}

/** An operator allows more attempts; the deadline moves to the one given, or a day on where it has passed. */
export function retry(splice: Splice, event: EventOf<'retry_requested'>, { now }: StepContext): Stepped {
  if (splice.candidates.length > 0) return { splice, actions: [{ type: 'ignored', event: event.type }] }
  const used = attemptsUsed(splice)
  const passed = splice.budget.deadline <= now
  const deadline = event.deadline ?? (passed ? now + BUDGET.defaultDeadlineMs : splice.budget.deadline)
  const cleared: Splice = {
    ...splice,
    budget: { ...splice.budget, maxAttempts: used + event.attempts, deadline },
    stopped: null,
    cancelRequestedAt: null,
    attention: null,
    foreignSinceHeight: null,
    nextAttemptAt: null,
  }
  const state = unresolvedAttempts(splice).length > 0 ? 'submitted' : 'queued'
  return { splice: setState(cleared, state, `retry allowed: ${event.attempts} more`, now), actions: [] }
}

/** The record holds so many rows; a dead one makes room. */
function withRoom(attempts: readonly Attempt[]): Attempt[] {
  const notExecuted = attempts.find((attempt) => attempt.notExecuted !== null)
  return attempts.length < RECORD_LIMITS.attempts
    ? [...attempts]
    : attempts.filter((attempt) => attempt !== notExecuted)
}

/** An attempt that stands for whatever was submitted after the backup that the record came out of. */
export function restore(splice: Splice, event: EventOf<'restored'>, { now }: StepContext): Stepped {
  const number = splice.attemptSerial + 1
  const attempt: Attempt = {
    ...anAttempt(event.id, number, event.submittedOn, now, event.fenceMs),
    // Nobody hung up: where the node offers no fence, only an operator can say that no request is open any more.
    result:
      event.fenceMs === null
        ? null
        : { type: 'unknown', message: 'submissions after the backup, if any', at: now },
  }
  const message = 'the record came out of a backup; what was submitted since is not known'
  const anchored = unresolvedAttempts(splice).length > 0 ? splice.submittedOn : event.submittedOn
  const restored: Splice = {
    ...splice,
    generation: event.generation,
    submittedOn: anchored,
    attempts: [...withRoom(splice.attempts), { ...attempt, submittedOn: anchored ?? event.submittedOn }],
    attemptSerial: number,
    attention: { code: 'restored', message },
  }
  const attended = emit(setState(restored, 'needs_attention', message, now), 'splice.needs_attention', now)
  return { splice: attended, actions: [{ type: 'alarm', message }] }
}
