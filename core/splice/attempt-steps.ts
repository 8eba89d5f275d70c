import type { Stepped, StepContext } from './action.ts'
import type { EventOf } from './event.ts'
import { openBumpOf } from './replacement.ts'
import type { Attempt, Splice } from './splice.ts'

/** The most steps that an attempt is made of. */
const MAX_STEPS = 4

/**
 * Journals a step of a running attempt before the call that it names: of the splice while it is submitted, of its open bump
 * while it is pending. Ignored, and so never followed by its call, once the attempt is answered, dead or past its fence, or
 * a cancel was asked for. That is what makes "its journal stops before the step of no return" a proof: whoever finds the
 * attempt dead and whoever steps it write the same record, and only one of them is first.
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
  // A call that is made again, with another transaction, was answered before: what it announced then is void.
  const steps = [...attempt.steps.filter((earlier) => earlier.name !== name), step]
  if (steps.length > MAX_STEPS) return { splice, actions: [{ type: 'ignored', event: type }] }
  return { splice: withAttempt(splice, { ...attempt, steps }), actions: [] }
}

/** What is kept of an attempt's steps once it is answered: the last one, which is how far it came. A record has bounds. */
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

/** Steps without what they announced: how far an attempt came is never dropped, for proofs ask for it. */
export function withoutTxids(steps: Attempt['steps']): Attempt['steps'] {
  return steps.map(({ name, at }) => ({ name, at }))
}

/**
 * Txids that attempts of a splice announced, its bumps' included: each was journalled before it could be signed, so a
 * transaction with one of them is ours whoever shows it. (One that is never shown is void once its attempt is dead.)
 */
export function announcedTxids({ attempts, bumps }: Pick<Splice, 'attempts' | 'bumps'>): Set<string> {
  const all = [...attempts, ...bumps.flatMap((bump) => bump.attempts)]
  const told = all.flatMap(({ result, steps }) => [
    result?.type === 'taken' ? result.txid : undefined,
    ...steps.map(({ txid }) => txid),
  ])
  return new Set(told.filter((txid) => txid !== undefined))
}

/**
 * Whether the call that a step names may have been made for a transaction, by an attempt of the splice or of its bumps: not
 * where the attempt was refused, for then nothing was executed.
 */
export function wasStepped({ attempts, bumps }: Splice, name: string, txid: string): boolean {
  const all = [...attempts, ...bumps.flatMap((bump) => bump.attempts)]
  return all.some(
    ({ result, steps }) =>
      result?.type !== 'refused' && steps.some((step) => step.name === name && step.txid === txid),
  )
}
