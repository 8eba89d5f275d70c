import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { textOf } from './body.ts'

/** Options of a client's connections. */
export type HttpOptions = {
  /** False: each request opens its own connection. */
  readonly keepAlive: boolean
  /** Concurrent requests; further ones wait. Default: unlimited. */
  readonly maxSockets?: number
  /** The certificate authority (PEM) that TLS trusts instead of the usual ones. */
  readonly ca?: string
  /** The name that the certificate must be for, if it is not the host's. */
  readonly servername?: string
  /** Timeout for connecting, TLS included. Default: that of the request. */
  readonly connectMs?: number
  /**
   * Resolves host names; a socket connects only to the addresses it returns. Default: the system's resolver.
   * Literal addresses bypass it.
   */
  readonly lookup?: LookupFunction
}

/** One request. `body` null: no body. An answer larger than `maxBytes` is not read to its end. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | null
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** `body` is null when too large. `type`: the raw `content-type` header, or empty. */
export type HttpAnswer = { readonly status: number; readonly type: string; readonly body: string | null }

/** Sends one request. Rejects when no complete answer came; whether the request was executed is then unknown. */
export type HttpSend = (url: string, request: HttpRequest) => Promise<HttpAnswer>

/** Connecting took too long: no byte of the request was sent. */
class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT'
}

/**
 * HTTP and HTTPS by Node's own modules, which add nothing to a function's bundle. No redirects, no retries;
 * aborting a request destroys its socket.
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

/** Aborts a request whose connection is not established in time. */
function giveUp(request: http.ClientRequest, stands: 'connect' | 'secureConnect', afterMs: number): void {
  request.once('socket', (socket) => {
    if (request.reusedSocket) return
    const timer = setTimeout(() => request.destroy(new ConnectTimeout('no connection')), afterMs)
    for (const event of [stands, 'close']) socket.once(event, () => clearTimeout(timer))
  })
}

/**
 * Whether no connection was established, so that no byte of the request was sent. The code alone does not
 * tell: an established connection can also end with EHOSTUNREACH.
 */
export function isUnconnected(error: unknown): boolean {
  if (error instanceof ConnectTimeout) return true
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnconnected)
  if (!(error instanceof Error)) return false
  return 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo')
}
