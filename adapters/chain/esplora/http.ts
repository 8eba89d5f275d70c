import type { ChainFault } from '../../../core/ports/chain.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { httpSender, UNAVAILABLE } from '../../net/http.ts'
import { reasonOf, unreachable } from '../answer.ts'

/** A transaction of four million weight units is 8 MB in hex. */
const MAX_BODY_BYTES = 10 * 1024 * 1024
/** Every other answer is a hash, a number, or a few dozen estimates. */
const SMALL_BODY_BYTES = 64 * 1024

/** Where an Esplora is, and how long a request may take besides its call's deadline. */
export type EsploraConfig = {
  /** Includes the path of the API, for example `https://blockstream.info/api`. */
  readonly url: string
  /** Default: only the call's deadline applies. */
  readonly timeoutMs?: number
  /** Bound for a transaction; default 10 MiB. Every other answer is small. */
  readonly maxBodyBytes?: number
}

export type HttpAnswer = { readonly status: number; readonly body: string }

/** Requests to one Esplora. A fault names the route, never the address, which may hold a key. */
export type EsploraHttp = {
  /** For an answer that may be as large as a transaction. */
  getLarge(route: string, call: Call): Promise<Result<HttpAnswer, ChainFault>>
  get(route: string, call: Call): Promise<Result<HttpAnswer, ChainFault>>
  post(route: string, body: string, call: Call): Promise<Result<HttpAnswer, ChainFault>>
}

/** Esplora refuses nothing with 500. 429 is left out: whoever asks too much does not ask again at once. */
const FAILED: readonly number[] = [500, ...UNAVAILABLE]

/**
 * HTTP without redirects; a request ends with its call, and so does its socket. A GET that fails is sent again, a
 * POST is not.
 */
export function esploraHttp(config: EsploraConfig): EsploraHttp {
  const base = config.url.replace(/\/+$/, '')
  const request = httpSender({ keepAlive: true })
  const largeBytes = config.maxBodyBytes ?? MAX_BODY_BYTES
  const smallBytes = Math.min(largeBytes, SMALL_BODY_BYTES)
  const send = async (
    method: 'GET' | 'POST',
    route: string,
    body: string | null,
    call: Call,
    maxBytes = smallBytes,
  ): Promise<Result<HttpAnswer, ChainFault>> => {
    const signal =
      config.timeoutMs === undefined
        ? call.signal
        : AbortSignal.any([call.signal, AbortSignal.timeout(config.timeoutMs)])
    try {
      const repeated = method === 'GET' ? { repeatOn: FAILED } : {}
      const answer = await request(base + route, { method, body, signal, maxBytes, ...repeated })
      if (answer.body === null) return unreachable(`${method} ${route}: the answer is too large`)
      return ok({ status: answer.status, body: answer.body })
    } catch (error) {
      return unreachable(`${method} ${route}: ${reasonOf(error)}`)
    }
  }
  return {
    getLarge: (route, call) => send('GET', route, null, call, largeBytes),
    get: (route, call) => send('GET', route, null, call),
    post: (route, body, call) => send('POST', route, body, call),
  }
}
