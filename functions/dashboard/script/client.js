/** @import { ProblemBody } from '../../api/problem.ts' */

const TIMEOUT_MS = 30_000

/**
 * What went wrong with a request. `unreachable`: no answer came, and what was asked for may have been done.
 *
 * @typedef {{ kind: 'unreachable' } | { kind: 'problem', status: number, code: string, title: string, detail: string | null }} Failure
 */
/**
 * @template T
 * @typedef {{ ok: true, value: T } | { ok: false, failure: Failure }} Answer
 */
/** @typedef {{ method?: 'GET' | 'POST', body?: unknown, headers?: Readonly<Record<string, string>>, signal?: AbortSignal }} Post */

/**
 * Asks the API, on the page's own origin, with a key in the header and nowhere else.
 *
 * @template T what the route is documented to answer
 * @param {string} key
 * @param {string} path
 * @param {Post} options
 * @returns {Promise<Answer<T>>}
 */
export async function ask(key, path, { method = 'GET', body, headers = {}, signal } = {}) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = await fetch(new URL(path, document.baseURI), {
      method,
      headers: {
        ...headers,
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
    })
    if (!response.ok) return { ok: false, failure: await failureOf(response) }
    /** @type {(value: unknown) => value is T} */
    const isAnswer = isWhatWasAskedFor
    /** @type {unknown} */
    const value = await response.json()
    return isAnswer(value) ? { ok: true, value } : { ok: false, failure: { kind: 'unreachable' } }
  } catch {
    return { ok: false, failure: { kind: 'unreachable' } }
  }
}

/**
 * The service answers what its document says: of what comes from the page's own origin, only that it is an object is checked.
 *
 * @template T
 * @param {unknown} value
 * @returns {value is T}
 */
function isWhatWasAskedFor(value) {
  return typeof value === 'object' && value !== null
}

/**
 * @param {Response} response
 * @returns {Promise<Failure>}
 */
async function failureOf(response) {
  /** @type {(value: unknown) => value is Partial<ProblemBody>} */
  const isProblem = isWhatWasAskedFor
  /** @type {unknown} */
  const body = await response.json().catch(() => null)
  const said = isProblem(body) ? body : {}
  const { code = '', title = `The answer was HTTP ${response.status}`, detail = null } = said
  return { kind: 'problem', status: response.status, code, title, detail }
}

/** What the service says with these was certainly not done. */
const NOT_DONE = ['busy', 'chain_unreachable', 'node_not_seen']

/**
 * Whether what was asked for may have been done all the same.
 *
 * @param {Failure} failure
 */
export function mayBeDone(failure) {
  return failure.kind === 'unreachable' || (failure.status >= 500 && !NOT_DONE.includes(failure.code))
}

/**
 * A failure in a sentence.
 *
 * @param {Failure} failure
 */
export function sentenceOf(failure) {
  if (failure.kind === 'unreachable') return 'The service does not answer.'
  const { status, title, detail } = failure
  const why = detail === null ? '' : `: ${detail}`
  return status === 403 ? `Your key may not do this${why}.` : `${title}${why}.`
}
