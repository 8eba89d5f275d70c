import { attemptsUsed, everTaken } from './budget.ts'
import type { EventOf } from './event.ts'
import { hasUnaccountedBump } from './replacement.ts'
import type { StepContext, Action, Stepped } from './action.ts'
import { truncate, setState, newEpoch, emit, addToTimeline, watchAfter } from './timeline.ts'
import type { Attempt, Proof, Splice } from './splice.ts'

/** Why a channel is frozen after a reorg of a settled splice. It is unfrozen when the splice has ended again. */
export const REORGANISED = 'a settled splice was reorganised out'

/** How much is kept of a failure's message, which may hold an operator's note. */
const FAILURE_BYTES = 500

const freeze = (cause: string): Action => ({ type: 'freeze_channel', cause })

/** A candidate stands in the mempool or in a block. */
export function candidateSeen(splice: Splice, state: 'pending' | 'confirmed', { now }: StepContext): Stepped {
  const why =
    state === 'pending' ? 'a transaction of this splice was seen' : 'a transaction of this splice is in a block'
  const cleared: Splice = {
    ...splice,
    attention: null,
    quietSince: null,
    lastLookAt: null,
    nextAttemptAt: null,
  }
  const seen = setState(cleared, state, why, now)
  return {
    splice: emit(seen, state === 'pending' ? 'splice.pending' : 'splice.confirmed', now),
    actions: [],
  }
}

/** The candidate is final and still locked. If another attempt may have been taken, the outpoints are watched. */
export function settle(splice: Splice, { now }: StepContext): Stepped {
  const settled = setState(
    { ...splice, settledAt: now },
    'settled',
    'the transaction is final, and the channel uses it or has closed since',
    now,
  )
  return {
    splice: emit(watchAfter(settled, attemptsUsed(splice) > 1 || hasUnaccountedBump(splice)), 'splice.settled', now),
    actions: [],
  }
}

/** A confirmed candidate lost its block. After settling this opens a new epoch and freezes the channel. */
export function reorganised(splice: Splice, { tipHeight }: EventOf<'reorged'>, { now }: StepContext): Stepped {
  const wasSettled = splice.state === 'settled'
  const opened = wasSettled ? newEpoch(splice) : splice
  const pending = setState(
    { ...opened, lockedAt: null, reorgedAtHeight: tipHeight },
    'pending',
    'a reorg removed its block',
    now,
  )
  return {
    splice: emit(pending, 'splice.reorged', now),
    actions: wasSettled ? [freeze(REORGANISED), alarm(REORGANISED)] : [],
  }
}

/** Ends the splice as failed, with reason and proof. */
export function giveUp(splice: Splice, event: Omit<EventOf<'given_up'>, 'type'>, { now }: StepContext): Stepped {
  const failure = { code: event.code, message: truncate(event.message, FAILURE_BYTES), proof: event.proof }
  const failed = setState({ ...splice, failure, attention: null }, 'failed', event.message, now)
  return { splice: emit(watchAfter(failed, everTaken(splice)), 'splice.failed', now), actions: [] }
}

/** Ends the splice as cancelled by the client. No attempt was made, or each is proven not executed. */
export function withdraw(splice: Splice, proof: Proof | null, { now }: StepContext): Stepped {
  const known = proof ?? (everTaken(splice) ? 'none_executed' : 'never_taken')
  const failure = { code: 'cancelled', message: 'cancelled by the client', proof: known }
  const at = splice.cancelRequestedAt ?? now
  const cancelled = setState(
    { ...splice, cancelRequestedAt: at, failure, attention: null },
    'cancelled',
    'cancelled by the client',
    now,
  )
  return { splice: emit(watchAfter(cancelled, everTaken(splice)), 'splice.cancelled', now), actions: [] }
}

/** An operator declares the attempts not executed. The watch stays. Refused if a candidate is in a block. */
export function resolveFailed(splice: Splice, note: string, context: StepContext): Stepped {
  if (splice.candidates.some((candidate) => candidate.block !== null))
    return { splice, actions: [{ type: 'ignored', event: 'resolved_failed' }] }
  const operator = { proof: 'operator' as const, at: context.now }
  const declared = (attempt: Attempt): Attempt => ({
    ...attempt,
    notExecuted: attempt.notExecuted ?? operator,
  })
  const attempts = splice.attempts.map(declared)
  const bumps = splice.bumps.map((bump) => ({ ...bump, attempts: bump.attempts.map(declared) }))
  return giveUp({ ...splice, attempts, bumps }, { code: 'operator', message: note, proof: 'operator' }, context)
}

/** An operator names the transaction of this splice. */
export function resolveCandidate(splice: Splice, event: EventOf<'resolved_candidate'>, context: StepContext): Stepped {
  const { txid, spends, note } = event
  const known = splice.candidates.some((candidate) => candidate.txid === txid)
  const candidate = {
    txid,
    spends,
    feeSats: null,
    feeRateSatPerKw: null,
    seenAt: context.now,
    seenAtHeight: null,
    block: null,
  }
  const candidates = known ? splice.candidates : [...splice.candidates, candidate]
  return candidateSeen(
    addToTimeline({ ...splice, candidates }, `resolved by an operator: ${note}`, context.now),
    'pending',
    context,
  )
}

/** Chain evidence contradicts an end without effect: opens a new epoch and freezes the channel. */
export function correct(splice: Splice, context: StepContext): Stepped {
  const message = 'a splice that had ended took effect'
  const opened = newEpoch({ ...splice, state: 'pending', failure: null, stopped: null, cancelRequestedAt: null })
  const corrected = emit(opened, 'splice.corrected', context.now)
  return {
    splice: candidateSeen(corrected, 'pending', context).splice,
    actions: [freeze(message), alarm(message)],
  }
}

/**
 * A second transaction with this splice's effect is in the funding history. Nothing can undo it, so the
 * channel is frozen.
 */
export function reportSecondEffect(splice: Splice, txid: string, { now }: StepContext): Stepped {
  const message = 'a splice took effect twice'
  const marked = addToTimeline({ ...splice, anomaly: { txid, at: now } }, `${message}: ${txid}`, now)
  return { splice: emit(marked, 'splice.anomaly', now), actions: [freeze(message), alarm(message)] }
}

function alarm(message: string): Action {
  return { type: 'alarm', message }
}
