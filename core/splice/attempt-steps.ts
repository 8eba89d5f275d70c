import type { Stepped, StepContext } from './action.ts'
import type { EventOf } from './event.ts'
import { openBumpOf } from './replacement.ts'
import type { Attempt, Splice } from './splice.ts'

/** The most steps of one attempt. */
const MAX_STEPS = 4

/**
 * Journals a step of the running attempt before the call that it names: an attempt of the splice while it is
 * submitted, of its open bump while it is pending. The step is ignored, and so its call is never made, if the
 * attempt is answered, proven not executed or past its fence, or if a cancel was requested. This is what
 * makes "its journal stops before the step of no return" a proof: finding an attempt not executed and
 * stepping it write the same record, so only one of them can win.
 */
export function stepAttempt(
  splice: Splice,
  { type, id, name, txid }: EventOf<'attempt_stepped'>,
  { now }: StepContext,
): Stepped {
  const attempt = running(splice).find((candidate) => candidate.id === id)
  if (attempt === undefined || !mayGoOn(splice, attempt, now))
    return { splice, actions: [{ type: 'ignored', event: type }] }
  if (attempt.steps.some((step) => step.name === name && step.txid === txid)) return { splice, actions: [] }
  const step = { name, at: now, ...(txid === undefined ? {} : { txid }) }
  // The same call with another transaction: the earlier one was answered, so the txid that it announced is
  // void.
  const steps = [...attempt.steps.filter((earlier) => earlier.name !== name), step]
  if (steps.length > MAX_STEPS) return { splice, actions: [{ type: 'ignored', event: type }] }
  return { splice: withAttempt(splice, { ...attempt, steps }), actions: [] }
}

/**
 * The last step, which tells how far an attempt came. Only this one is kept once it is answered, to bound the record.
 */
export function lastStep({ steps }: Attempt): Attempt['steps'] {
  return steps.slice(-1)
}

function running(splice: Splice): readonly Attempt[] {
  return splice.state === 'pending' ? (openBumpOf(splice)?.attempts ?? []) : splice.attempts
}

function mayGoOn(splice: Splice, { result, notExecuted, fenceAt }: Attempt, now: number): boolean {
  const cancelled = splice.state !== 'pending' && splice.cancelRequestedAt !== null
  return result === null && notExecuted === null && !cancelled && (fenceAt === null || now < fenceAt)
}

function withAttempt(splice: Splice, attempt: Attempt): Splice {
  const put = (attempts: readonly Attempt[]): Attempt[] =>
    attempts.map((other) => (other.id === attempt.id ? attempt : other))
  return {
    ...splice,
    attempts: put(splice.attempts),
    bumps: splice.bumps.map((bump) => ({ ...bump, attempts: put(bump.attempts) })),
  }
}

/** The steps without the txids that they announced. The names are never dropped, because proofs rely on them. */
export function withoutTxids(steps: Attempt['steps']): Attempt['steps'] {
  return steps.map(({ name, at }) => ({ name, at }))
}

/**
 * The txids that a splice's attempts announced, its bumps' attempts included. Each was journalled before it
 * could be signed, so a transaction with one of them is ours, whoever reports it. If it never appears, it is
 * void once its attempt is proven not executed.
 */
export function announcedTxids({ attempts, bumps }: Pick<Splice, 'attempts' | 'bumps'>): Set<string> {
  const all = [...attempts, ...bumps.flatMap((bump) => bump.attempts)]
  const txids = all.flatMap(({ result, steps }) => [
    result?.type === 'taken' ? result.txid : undefined,
    ...steps.map(({ txid }) => txid),
  ])
  return new Set(txids.filter((txid) => txid !== undefined))
}

/**
 * Whether an attempt of the splice or of its bumps may have made the named call for this transaction. Refused
 * attempts do not count, because nothing was executed.
 */
export function wasStepped({ attempts, bumps }: Splice, name: string, txid: string): boolean {
  const all = [...attempts, ...bumps.flatMap((bump) => bump.attempts)]
  return all.some(
    ({ result, steps }) => result?.type !== 'refused' && steps.some((step) => step.name === name && step.txid === txid),
  )
}
