import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { textOf } from './body.ts'

/** How a client connects. */
export type HttpOptions = {
  /** False: each request has a connection of its own. */
  readonly keepAlive: boolean
  /** Requests on their way at once; the others wait. Left out: any number. */
  readonly maxSockets?: number
  /** What TLS trusts instead of the usual authorities, in PEM. */
  readonly ca?: string
  /** The name that the certificate has to be for, where it is another one than the host's. */
  readonly servername?: string
  /** How long a connection may take to stand, TLS included. Left out: as long as the request. */
  readonly connectMs?: number
  /** Resolves names; a socket connects to nothing but what it answers. Left out: the system's. Literal addresses never get here. */
  readonly lookup?: LookupFunction
}

/** One request. `body` null: none is sent. An answer of more than `maxBytes` is not read to its end. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | null
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** `body` null: it is too large. `type`: the header `content-type` as it came; empty: there is none. */
export type HttpAnswer = { readonly status: number; readonly type: string; readonly body: string | null }

/** Sends one request to a URL. Rejects where the whole answer did not come: then nothing is known of the request. */
export type HttpSend = (url: string, request: HttpRequest) => Promise<HttpAnswer>

/** The connection took too long to stand: no byte of the request was sent. */
class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT'
}

/**
 * HTTP and HTTPS of Node itself, which costs a function's bundle nothing: no redirects, no repetition, and a request that is
 * aborted destroys its socket.
 */
export function httpSender({ connectMs, ...options }: HttpOptions): HttpSend {
  const plain = new http.Agent(options)
  const secure = new https.Agent(options)
  return async (url, { method, headers = {}, body, maxBytes, signal }) => {
    const answered = Promise.withResolvers<http.IncomingMessage>()
    const isSecure = url.startsWith('https:')
    const request = isSecure
      ? https.request(url, { method, headers, signal, agent: secure })
      : http.request(url, { method, headers, signal, agent: plain })
    if (connectMs !== undefined) giveUp(request, isSecure ? 'secureConnect' : 'connect', connectMs)
    request.once('response', answered.resolve)
    request.on('error', answered.reject)
    request.end(body ?? undefined)
    const response = await answered.promise
    const type = response.headers['content-type'] ?? ''
    return { status: response.statusCode ?? 0, type, body: await textOf(response, maxBytes) }
  }
}

/** Ends a request whose connection does not stand in time. */
function giveUp(request: http.ClientRequest, stands: 'connect' | 'secureConnect', afterMs: number): void {
  request.once('socket', (socket) => {
    if (request.reusedSocket) return
    const timer = setTimeout(() => request.destroy(new ConnectTimeout('no connection')), afterMs)
    for (const event of [stands, 'close']) socket.once(event, () => clearTimeout(timer))
  })
}

/**
 * Whether a connection never came about, so that no byte of the request was sent. A code alone does not tell: a connection
 * that stands can end with EHOSTUNREACH, too.
 */
export function isUnconnected(error: unknown): boolean {
  if (error instanceof ConnectTimeout) return true
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnconnected)
  if (!(error instanceof Error)) return false
  return 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo')
}
