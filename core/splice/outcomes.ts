import { attemptsUsed, everTaken } from './budget.ts'
import type { EventOf } from './event.ts'
import { hasUnaccountedBump } from './replacement.ts'
import type { StepContext, Action, Stepped } from './action.ts'
import { truncate, setState, newEpoch, emit, addToTimeline, watchAfter } from './timeline.ts'
import type { Attempt, Proof, Splice } from './splice.ts'

/** Why a channel is frozen from a reorg after settling until the splice has ended again (design section 7). */
export const REORGANISED = 'a settled splice was reorganised out'

/** Of what a client is told of a failure; an operator's note may be in it. */
const FAILURE_BYTES = 500

const freeze = (cause: string): Action => ({ type: 'freeze_channel', cause })

/** A candidate stands: in the mempool, or in a block. */
export function candidateSeen(splice: Splice, state: 'pending' | 'confirmed', { now }: StepContext): Stepped {
  const why = state === 'pending' ? 'a transaction of ours was seen' : 'a transaction of ours is in a block'
  const cleared: Splice = {
    ...splice,
    attention: null,
    quietSince: null,
    lastLookAt: null,
    nextAttemptAt: null,
  }
  const entered = setState(cleared, state, why, now)
  return {
    splice: emit(entered, state === 'pending' ? 'splice.pending' : 'splice.confirmed', now),
    actions: [],
  }
}

/** Final depth, and the lock stands. Another attempt that may have been taken is watched for. */
export function settle(splice: Splice, { now }: StepContext): Stepped {
  const settled = setState({ ...splice, settledAt: now }, 'settled', 'final depth, and the lock stands', now)
  return {
    splice: emit(
      watchAfter(settled, attemptsUsed(splice) > 1 || hasUnaccountedBump(splice)),
      'splice.settled',
      now,
    ),
    actions: [],
  }
}

/** A confirmed candidate lost its block; after settling that opens a new epoch and freezes the channel. */
export function reorganised(
  splice: Splice,
  { tipHeight }: EventOf<'reorged'>,
  { now }: StepContext,
): Stepped {
  const wasSettled = splice.state === 'settled'
  const opened = wasSettled ? newEpoch(splice) : splice
  const pending = setState(
    { ...opened, lockedAt: null, reorgedAtHeight: tipHeight },
    'pending',
    'a reorg took its block',
    now,
  )
  return {
    splice: emit(pending, 'splice.reorged', now),
    actions: wasSettled ? [freeze(REORGANISED), alarm(REORGANISED)] : [],
  }
}

/** Given up, with reason and proof. */
export function giveUp(
  splice: Splice,
  event: Omit<EventOf<'given_up'>, 'type'>,
  { now }: StepContext,
): Stepped {
  const failure = { code: event.code, message: truncate(event.message, FAILURE_BYTES), proof: event.proof }
  const failed = setState({ ...splice, failure, attention: null }, 'failed', event.message, now)
  return { splice: emit(watchAfter(failed, everTaken(splice)), 'splice.failed', now), actions: [] }
}

/** Withdrawn by the client, with every attempt dead or none made. */
export function withdraw(splice: Splice, proof: Proof | null, { now }: StepContext): Stepped {
  const known = proof ?? (everTaken(splice) ? 'none_executed' : 'never_taken')
  const failure = { code: 'cancelled', message: 'withdrawn by the client', proof: known }
  const at = splice.cancelRequestedAt ?? now
  const cancelled = setState(
    { ...splice, cancelRequestedAt: at, failure, attention: null },
    'cancelled',
    'withdrawn',
    now,
  )
  return { splice: emit(watchAfter(cancelled, everTaken(splice)), 'splice.cancelled', now), actions: [] }
}

/** An operator declares the attempts dead; the watch stays. Not against a candidate that is in a block. */
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
  return giveUp(
    { ...splice, attempts, bumps },
    { code: 'operator', message: note, proof: 'operator' },
    context,
  )
}

/** An operator names the transaction that is ours. */
export function resolveCandidate(
  splice: Splice,
  event: EventOf<'resolved_candidate'>,
  context: StepContext,
): Stepped {
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
    addToTimeline({ ...splice, candidates }, `resolved: ${note}`, context.now),
    'pending',
    context,
  )
}

/** Chain evidence contradicts an end without effect: a new epoch, and the channel is frozen. */
export function correct(splice: Splice, context: StepContext): Stepped {
  const message = 'a splice that had ended took effect'
  const opened = newEpoch({ ...splice, failure: null, stopped: null, cancelRequestedAt: null })
  const corrected = emit(opened, 'splice.corrected', context.now)
  return {
    splice: candidateSeen(corrected, 'pending', context).splice,
    actions: [freeze(message), alarm(message)],
  }
}

/** A second output of ours in the funding history: nothing can undo it, so nobody submits on this channel any more. */
export function reportSecondEffect(splice: Splice, txid: string, { now }: StepContext): Stepped {
  const message = 'a second output of ours is in the funding history'
  const marked = addToTimeline({ ...splice, anomaly: { txid, at: now } }, `${message}: ${txid}`, now)
  return { splice: emit(marked, 'splice.anomaly', now), actions: [freeze(message), alarm(message)] }
}

function alarm(message: string): Action {
  return { type: 'alarm', message }
}
