/** @import { ProblemBody } from '../../api/problem.ts' */

const TIMEOUT_MS = 30_000

/**
 * Why a request failed. `unreachable`: there was no response, and the service may have done what was
 * requested.
 *
 * @typedef {{ kind: 'unreachable' } | { kind: 'problem', status: number, code: string, title: string, detail: string | null }} Failure
 */
/**
 * @template T
 * @typedef {{ ok: true, value: T } | { ok: false, failure: Failure }} Answer
 */
/** @typedef {{ method?: 'GET' | 'POST', body?: unknown, headers?: Readonly<Record<string, string>>, signal?: AbortSignal }} Post */

/**
 * Calls the API on the page's own origin. The key is sent in the header and nowhere else.
 *
 * @template T the documented response of the route
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
    const isAnswer = isObject
    /** @type {unknown} */
    const value = await response.json()
    return isAnswer(value) ? { ok: true, value } : { ok: false, failure: { kind: 'unreachable' } }
  } catch {
    return { ok: false, failure: { kind: 'unreachable' } }
  }
}

/**
 * Checks only that a response is an object: the page's own service is trusted to answer as documented.
 *
 * @template T
 * @param {unknown} value
 * @returns {value is T}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null
}

/**
 * @param {Response} response
 * @returns {Promise<Failure>}
 */
async function failureOf(response) {
  /** @type {(value: unknown) => value is Partial<ProblemBody>} */
  const isProblem = isObject
  /** @type {unknown} */
  const body = await response.json().catch(() => null)
  const problem = isProblem(body) ? body : {}
  const { code = '', title = `The service answered HTTP ${response.status}`, detail = null } = problem
  return { kind: 'problem', status: response.status, code, title, detail }
}

/** With these codes the service certainly did nothing. */
const NOT_DONE = ['busy', 'chain_unreachable', 'node_not_seen']

/**
 * Whether the service may have done what was requested despite the failure.
 *
 * @param {Failure} failure
 */
export function mayBeDone(failure) {
  return failure.kind === 'unreachable' || (failure.status >= 500 && !NOT_DONE.includes(failure.code))
}

/**
 * A failure as a sentence.
 *
 * @param {Failure} failure
 */
export function sentenceOf(failure) {
  if (failure.kind === 'unreachable') return 'The service does not answer.'
  const { status, title, detail } = failure
  const why = detail === null ? '' : `: ${detail}`
  return status === 403 ? `Your key does not allow this${why}.` : `${title}${why}.`
}
