import { strict as assert } from 'node:assert'
import type { Action, Stepped, StepContext } from './action.ts'
import { lastStep, withoutTxids } from './attempt-steps.ts'
import { anAttempt, bounded, mergeRefusals } from './attempts.ts'
import { backoffMs, unresolvedAttempts } from './budget.ts'
import { lastFence } from './fence.ts'
import { candidateToReplace, correctableBump, unresolvedBumpAttempts, openBumpOf } from './replacement.ts'
import { nonExecutionTable } from './non-execution.ts'
import type { EventOf } from './event.ts'
import { truncate, emit, addToTimeline } from './timeline.ts'
import { RECORD_LIMITS, type Attempt, type Bump, type NonExecutionProof, type Splice } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from './verdict.ts'

/** How much is kept of a node's message about a bump: sixty of them have to fit into the record. */
const TEXT_BYTES = 80
/** How much is kept of our own sentence, which may quote the node. */
const MESSAGE_BYTES = 200

/** Opens a fee bump of the newest candidate. One bump is open at a time. */
export function openFeeBump(splice: Splice, event: EventOf<'bump_opened'>, { now }: StepContext): Stepped {
  const from = candidateToReplace(splice.candidates)
  const full = splice.bumps.length >= RECORD_LIMITS.bumps
  if (openBumpOf(splice) !== null || from === null || full)
    return { splice, actions: [{ type: 'ignored', event: event.type }] }
  const bump: Bump = {
    id: event.id,
    by: event.by,
    bodyHash: event.bodyHash,
    feeRateSatPerKw: event.feeRateSatPerKw,
    from: { txid: from.txid, feeRateSatPerKw: from.feeRateSatPerKw },
    attempts: [],
    attemptSerial: 0,
    baseline: null,
    quietSince: null,
    lastLookAt: null,
    inFlightAt: null,
    nextAttemptAt: null,
    openedAt: now,
    openedAtHeight: event.tipHeight,
    outcome: null,
  }
  const why = event.by === 'client' ? 'a fee bump was requested' : 'fee bump by policy: unconfirmed for too long'
  return { splice: addToTimeline({ ...splice, bumps: [...splice.bumps, bump] }, why, now), actions: [] }
}

/** Journals an attempt of the open bump. It is sent only after this was saved. */
export function startBumpAttempt(splice: Splice, event: EventOf<'bump_started'>, { now }: StepContext): Stepped {
  const bump = openBumpOf(splice)
  assert(bump !== null, 'an attempt needs an open bump')
  const number = bump.attemptSerial + 1
  const attempt = {
    ...anAttempt(event.id, number, event.submittedOn, now, event.fenceMs),
    kind: 'bump' as const,
  }
  const started: Bump = {
    ...bump,
    attempts: [...bump.attempts, attempt],
    attemptSerial: number,
    baseline: bump.baseline ?? event.baseline,
    quietSince: null,
    lastLookAt: null,
    nextAttemptAt: null,
  }
  return { splice: addToTimeline(withBump(splice, started), `fee bump: attempt ${number}`, now), actions: [] }
}

/** Attaches an answer to the bump's attempt, whenever it arrives. A known answer is never changed. */
export function answerBumpAttempt(splice: Splice, event: EventOf<'bump_answered'>, context: StepContext): Stepped {
  const bump = splice.bumps.find(({ attempts }) => attempts.some(({ id }) => id === event.id))
  const attempt = bump?.attempts.find(({ id }) => id === event.id)
  const known = attempt?.result?.type === 'taken' || attempt?.result?.type === 'refused'
  if (bump === undefined || attempt === undefined || known)
    return { splice, actions: [{ type: 'ignored', event: event.type }] }
  const result = { ...bounded(event.result, TEXT_BYTES), at: context.now }
  const answered = { ...attempt, steps: lastStep(attempt), result }
  if (result.type !== 'refused') {
    const attempts = bump.attempts.map((other) => (other.id === attempt.id ? answered : other))
    return { splice: withBump(splice, { ...bump, attempts }), actions: [] }
  }
  return refuse(splice, bump, answered, result, event.jitter, context)
}

type Refusal = Extract<EventOf<'bump_answered'>['result'], { type: 'refused' }> & { readonly at: Instant }

function refuse(
  splice: Splice,
  bump: Bump,
  attempt: Attempt,
  refusal: Refusal,
  jitter: number,
  { now, policy }: StepContext,
): Stepped {
  // `not_now` while another attempt is unresolved means that something is under way, as for a splice.
  const others = unresolvedAttempts(bump).some(({ id }) => id !== attempt.id)
  const refusalClass = refusal.class === 'not_now' && others ? 'in_flight' : refusal.class
  const result = { ...refusal, class: refusalClass }
  const attempts = mergeRefusals(
    bump.attempts,
    { ...attempt, steps: [], result, notExecuted: { proof: 'refused', at: now } },
    refusalClass,
  )
  const count = attempts.find(({ id }) => id === attempt.id)?.count ?? 1
  const refused: Bump = {
    ...bump,
    attempts,
    nextAttemptAt: now + backoffMs(count, jitter, policy),
    inFlightAt: refusalClass === 'in_flight' ? now : bump.inFlightAt,
  }
  const pause: Action[] = refusalClass === 'config' ? [{ type: 'pause_node', message: refusal.message }] : []
  const kept = withBump(splice, refused)
  if (bump.outcome !== null) return { splice: kept, actions: pause }
  // The node's own message stays with the attempt. These sentences are for the client.
  if (refusal.reason === 'CannotInitiateRbf')
    return abandoned(kept, refused, NOTHING_LEFT, 'the node has nothing left to replace', pause, now)
  if (refusalClass === 'invalid') return abandoned(kept, refused, 'refused', 'the node refused', pause, now)
  return { splice: kept, actions: pause }
}

function abandoned(
  splice: Splice,
  bump: Bump,
  code: string,
  message: string,
  actions: readonly Action[],
  now: Instant,
): Stepped {
  return { splice: close(splice, bump, 'abandoned', code, message, null, now), actions }
}

/** The code of a bump that was abandoned because nothing is left to replace. */
export const NOTHING_LEFT = 'nothing_to_replace'

/** A replacement was seen, so the bump is done. */
export function finishBump(splice: Splice, { txid }: EventOf<'bump_done'>, { now }: StepContext): Stepped {
  const bump = openBumpOf(splice) ?? correctableBump(splice)
  if (bump === null) return { splice, actions: [{ type: 'ignored', event: 'bump_done' }] }
  return { splice: close(splice, bump, 'done', 'replaced', 'a replacement was seen', txid, now), actions: [] }
}

/** Gives up the bump. The splice goes on with the candidate that it has. */
export function abandonBump(splice: Splice, event: EventOf<'bump_abandoned'>, { now }: StepContext): Stepped {
  const bump = openBumpOf(splice)
  if (bump === null) return { splice, actions: [{ type: 'ignored', event: 'bump_abandoned' }] }
  return { splice: close(splice, bump, 'abandoned', event.code, event.message, null, now), actions: [] }
}

function close(
  splice: Splice,
  bump: Bump,
  result: 'done' | 'abandoned',
  code: string,
  message: string,
  txid: string | null,
  now: Instant,
): Splice {
  const outcome = { result, code, message: truncate(message, MESSAGE_BYTES), txid, at: now }
  // Ten bumps have to fit into the record, so of the refused attempts only the last is kept.
  const last = bump.attempts.at(-1)?.id
  const attempts = bump.attempts
    .filter((each) => each.notExecuted === null || each.id === last)
    // An earlier attempt was only followed after quiet: by then its transaction was seen, or its txid is
    // void.
    .map((each) => (each.id === last ? each : { ...each, steps: withoutTxids(each.steps) }))
  const closed = withBump(splice, { ...bump, attempts, outcome, quietSince: null, lastLookAt: null })
  const why = result === 'done' ? 'fee bump done' : `fee bump abandoned: ${message}`
  return emit(addToTimeline(closed, why, now), result === 'done' ? 'splice.bumped' : 'splice.bump_failed', now)
}

function withBump(splice: Splice, bump: Bump): Splice {
  return { ...splice, bumps: splice.bumps.map((other) => (other.id === bump.id ? bump : other)) }
}

/**
 * Records since when it has been quiet for the open bump, while an attempt of it is unresolved. Differs from
 * the quiet of a splice in two ways: the candidate that stands does not disturb it, and neither do balance
 * signals, because a replacement that was signed but not relayed leaves a difference in fees behind.
 */
export function withBumpQuiet(splice: Splice, verdict: Verdict, { now, policy }: StepContext): Splice {
  const bump = openBumpOf(splice)
  if (bump === null || unresolvedAttempts(bump).length === 0) return splice
  if (verdict.peerConnected === null || (verdict.peerConnected && verdict.name === 'not_known')) return splice
  const fence = lastFence(bump)
  const stands = verdict.name === 'pending' || verdict.name === 'unseen'
  if (!verdict.peerConnected || verdict.negotiating || !stands || fence === null || fence > now)
    return withBump(splice, { ...bump, quietSince: null, lastLookAt: null })
  const gap = bump.lastLookAt === null || now - bump.lastLookAt > policy.quietGapMs
  const since = Math.max(gap ? now : (bump.quietSince ?? now), fence, bump.inFlightAt ?? 0)
  return withBump(splice, { ...bump, quietSince: since, lastLookAt: now })
}

/**
 * Proves attempts of bumps not executed once the candidate has lost to another transaction: by the channel's close, or
 * by the same process restart or quiet that proves it of the splice's own attempts (`non-execution.ts`).
 */
export function withBumpProofs(splice: Splice, verdict: Verdict, { now, policy }: StepContext): Splice {
  const lost = verdict.name === 'replaced' && verdict.atFinalDepth
  const unresolved = lost ? unresolvedBumpAttempts(splice) : []
  if (unresolved.length === 0) return splice
  const proofOf = (attempt: Attempt): NonExecutionProof | null => {
    if (verdict.channelGone) return 'channel_closed'
    const facts = { splice, attempt, verdict, quietAbsenceMs: verdict.quietAbsenceMs, now, policy }
    const rules = (['process_restarted', 'quiet_absence'] as const).filter((proof) =>
      verdict.nonExecutionProofs.includes(proof),
    )
    return rules.find((proof) => nonExecutionTable[proof].holds(facts)) ?? null
  }
  const withProof = (attempt: Attempt): Attempt => {
    const proof = unresolved.includes(attempt) ? proofOf(attempt) : null
    return proof === null ? attempt : { ...attempt, notExecuted: { proof, at: now } }
  }
  return {
    ...splice,
    bumps: splice.bumps.map((bump) => ({ ...bump, attempts: bump.attempts.map(withProof) })),
  }
}
