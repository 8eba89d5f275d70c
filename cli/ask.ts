import { problemIn, type Problem } from '../client/index.ts'
import { Stop, exits } from './exit.ts'
import type { Io } from './io.ts'

/** Pauses before each retry of a request. */
const PAUSES_MS = [500, 1_500, 4_000]
const LONGEST_WAIT_SECONDS = 10

type Answer = Pick<Response, 'ok' | 'status' | 'headers' | 'text'>

/**
 * How to send a request. `once`: a second one would not have the first one's effect, so it is never retried
 * automatically. `hint`: what to say when no answer came. `keyed`: it has an idempotency key.
 */
export type Asking = { readonly once?: boolean; readonly hint?: string; readonly keyed?: boolean }

/**
 * Sends a request and returns the successful response. Retries when there is no answer or the answer says to retry
 * later, unless the request may be sent only once. Throws Stop: `refused` with the problem, or `unreachable`.
 */
export async function send<R extends Answer>(
  io: Io,
  request: () => Promise<R>,
  { once = false, hint, keyed = false }: Asking = {},
): Promise<R> {
  for (let tries = 0; ; tries += 1) {
    const pauseMs = once ? undefined : PAUSES_MS[tries]
    const answer = await request().catch(() => null)
    if (answer?.ok === true) return answer
    const problem = answer === null ? null : await problemIn(answer)
    if (problem !== null && problem.retry !== 'same_key') throw refused(problem, keyed)
    if (pauseMs === undefined) throw unreachable(problem, hint)
    await io.pause(Math.max(pauseMs, waitMsOf(answer)))
  }
}

/** The same, narrowed to the type of a successful answer. */
export async function ask<R extends Answer>(
  io: Io,
  request: () => Promise<R>,
  asking: Asking = {},
): Promise<Extract<R, { ok: true }>> {
  const answer = await send(io, request, asking)
  if (!isDone(answer)) throw unreachable(null)
  return answer
}

const isDone = <R extends Answer>(answer: R): answer is Extract<R, { ok: true }> => answer.ok

/** The JSON body of an answer. Throws Stop when it is not JSON: another server may answer anything. */
export async function bodyOf<T>(answer: { json(): Promise<T> }): Promise<T> {
  const body = await answer.json().catch(() => null)
  if (typeof body !== 'object' || body === null) throw unreachable(null)
  return body
}

function waitMsOf(answer: Answer | null): number {
  const seconds = Number(answer?.headers.get('Retry-After') ?? 0)
  return Number.isFinite(seconds) ? Math.min(seconds, LONGEST_WAIT_SECONDS) * 1_000 : 0
}

function refused(problem: Problem, keyed: boolean): Stop {
  const next = problem.retry === 'new_key' ? 'Correct it, and send it with another --key' : 'Repeating it does not help'
  const sentence = sentenceOf(problem)
  return new Stop(exits.refused, keyed ? `${sentence}. ${next}` : sentence, problem)
}

function unreachable(problem: Problem | null, hint?: string): Stop {
  const body = problem ?? { code: 'unreachable', title: 'The service does not answer' }
  const sentence = problem === null ? body.title : sentenceOf(problem)
  return new Stop(exits.unreachable, hint === undefined ? sentence : `${sentence}. ${hint}`, body)
}

function sentenceOf({ code, title, detail, field, errors = [] }: Problem): string {
  const rest = errors.slice(1).map(({ message }) => `; ${message}`)
  const place = field === undefined || detail?.includes(field) === true ? '' : ` (${field})`
  return `${title}${detail === undefined ? '' : `: ${detail}`}${place}${rest.join('')} [${code}]`
}
