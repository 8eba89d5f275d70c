import { strict as assert } from 'node:assert'
import { lastStep } from './attempt-steps.ts'
import { attemptsUsed, backoffMs, unresolvedAttempts } from './budget.ts'
import { followedByTaken } from './non-execution.ts'
import type { EventOf } from './event.ts'
import { afterReason, type RefusalClass } from './failure.ts'
import type { StepContext, Stepped } from './action.ts'
import { truncate, setState, stopSubmitting, emit, addToTimeline } from './timeline.ts'
import { BUDGET } from './policy.ts'
import { RECORD_LIMITS, type Attempt, type Splice } from './splice.ts'

/** How much is kept of a node's message about an attempt. */
const TEXT_BYTES = 120
/** How many steps are kept when refused attempts are merged into one. */
const MAX_KEPT_STEPS = 4

/**
 * Journals an attempt. `submittedOn` moves to another funding outpoint only if every earlier attempt is
 * proven not executed.
 */
export function startAttempt(splice: Splice, event: EventOf<'attempt_started'>, { now }: StepContext): Stepped {
  const noneUnresolved = unresolvedAttempts(splice).length === 0
  assert(
    noneUnresolved || splice.submittedOn === event.submittedOn,
    'the funding outpoint moves only when every attempt is proven not executed',
  )
  const number = splice.attemptSerial + 1
  const attempt = anAttempt(event.id, number, event.submittedOn, now, event.fenceMs)
  const moved = splice.submittedOn !== null && splice.submittedOn !== event.submittedOn
  const journalled: Splice = {
    ...splice,
    submittedOn: event.submittedOn,
    baseline: noneUnresolved ? event.baseline : splice.baseline,
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

/** A new attempt as it is journalled, before it has a result. */
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

/** Attaches an answer to its attempt, whenever it arrives. A known answer is never changed. */
export function answerAttempt(splice: Splice, event: EventOf<'attempt_answered'>, context: StepContext): Stepped {
  const attempt = splice.attempts.find((candidate) => candidate.id === event.id)
  if (attempt === undefined || (attempt.result !== null && attempt.result.type !== 'unknown')) {
    return { splice, actions: [{ type: 'ignored', event: event.type }] }
  }
  const result = { ...bounded(withClassInContext(splice, attempt, event.result)), at: context.now }
  const known = { ...attempt, steps: lastStep(attempt), result }
  const answered = withAttempt(splice, known)
  if (result.type === 'refused') return refuse(answered, known, result, event.jitter, context)
  if (result.type === 'unknown' || !event.overlapGuard) return { splice: answered, actions: [] }
  const attempts = answered.attempts.map((earlier) =>
    earlier.notExecuted === null && followedByTaken(answered, earlier)
      ? { ...earlier, notExecuted: { proof: 'overlap_guard' as const, at: context.now } }
      : earlier,
  )
  return { splice: { ...answered, attempts }, actions: [] }
}

/**
 * Reads `not_now` as `in_flight` while another attempt is unresolved: gRPC status 9 is one code for both, and
 * with an unresolved attempt it means that something is under way.
 */
function withClassInContext(
  splice: Splice,
  attempt: Attempt,
  result: EventOf<'attempt_answered'>['result'],
): typeof result {
  const others = unresolvedAttempts(splice).some((other) => other.id !== attempt.id)
  return result.type === 'refused' && result.class === 'not_now' && others ? { ...result, class: 'in_flight' } : result
}

/** Bounds a result's message. The node's text is kept for operators, as printable ASCII. */
export function bounded(result: EventOf<'attempt_answered'>['result'], bytes = TEXT_BYTES): typeof result {
  return result.type === 'taken'
    ? result
    : { ...result, message: truncate(result.message.replace(/[^\x20-\x7e]/g, '?'), bytes) }
}

function withAttempt(splice: Splice, attempt: Attempt): Splice {
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
  const count = attempts.find((entry) => entry.id === attempt.id)?.count ?? 1
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
 * Merges refusals of the same class into one entry with a count; they were not executed, so they cost no
 * attempt. The entry keeps the last txids that any of them announced, so that an unsigned splice left on the
 * channel is recognised as ours.
 */
export function mergeRefusals(attempts: readonly Attempt[], attempt: Attempt, refusalClass: RefusalClass): Attempt[] {
  const earlier = attempts.find(
    (entry) => entry.id !== attempt.id && entry.result?.type === 'refused' && entry.result.class === refusalClass,
  )
  const announced = earlier?.steps.filter(({ txid }) => txid !== undefined) ?? []
  const steps = [...announced, ...attempt.steps].slice(-MAX_KEPT_STEPS)
  const entry = { ...attempt, steps, count: (earlier?.count ?? 0) + 1 }
  return attempts.filter((other) => other.id !== earlier?.id).map((other) => (other.id === entry.id ? entry : other))
}

/**
 * Applies a failure event of the node. It counts only if it came after the current attempt started and no
 * candidate was seen.
 */
export function hearReason(splice: Splice, event: EventOf<'reason_heard'>, { now }: StepContext): Stepped {
  const current = unresolvedAttempts(splice).at(-1)
  if (current === undefined || event.at <= current.startedAt || splice.candidates.length > 0) {
    return { splice, actions: [] }
  }
  const after = afterReason[event.reason]
  const heard = addToTimeline(splice, `the node reported ${event.reason}`, now)
  if (after.then === 'stop') return { splice: stopSubmitting(heard, event.reason, after.why, now), actions: [] }
  return { splice: after.then === 'in_flight' ? { ...heard, inFlightAt: now } : heard, actions: [] }
}

/**
 * An operator allows more attempts. The deadline becomes the given one; if none is given and it has passed, a
 * day from now.
 */
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

/** Drops an attempt that is proven not executed if the record has no room for another one. */
function withRoom(attempts: readonly Attempt[]): Attempt[] {
  const droppable = attempts.find((attempt) => attempt.notExecuted !== null)
  return attempts.length < RECORD_LIMITS.attempts ? [...attempts] : attempts.filter((attempt) => attempt !== droppable)
}

/** Journals an attempt that stands for everything submitted after the backup from which the record was restored. */
export function restore(splice: Splice, event: EventOf<'restored'>, { now }: StepContext): Stepped {
  const number = splice.attemptSerial + 1
  const attempt: Attempt = {
    ...anAttempt(event.id, number, event.submittedOn, now, event.fenceMs),
    // Without a fence the attempt stays unanswered: nobody has hung up its request, so only an operator can
    // say that none is open.
    result:
      event.fenceMs === null ? null : { type: 'unknown', message: 'submissions after the backup, if any', at: now },
  }
  const message = 'the record came out of a backup; what was submitted since is not known'
  const submittedOn = unresolvedAttempts(splice).length > 0 ? splice.submittedOn : event.submittedOn
  const restored: Splice = {
    ...splice,
    generation: event.generation,
    submittedOn,
    attempts: [...withRoom(splice.attempts), { ...attempt, submittedOn: submittedOn ?? event.submittedOn }],
    attemptSerial: number,
    attention: { code: 'restored', message },
  }
  const attended = emit(setState(restored, 'needs_attention', message, now), 'splice.needs_attention', now)
  return { splice: attended, actions: [{ type: 'alarm', message }] }
}
