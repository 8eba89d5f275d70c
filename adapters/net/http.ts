import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { err, ok } from '../../core/values/result.ts'
import { again } from './again.ts'
import { textOf } from './body.ts'
import { isIdentityError } from './tls-pinning.ts'

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
  /**
   * Only for a request that changes nothing: it is sent again, on a new connection, when it gets no complete answer
   * or one of these statuses. Left out: it is sent once.
   */
  readonly repeatOn?: readonly number[]
}

/** Statuses of a server, or of a proxy before it, that cannot answer now. */
export const UNAVAILABLE: readonly number[] = [502, 503, 504]

/** `body` is null when too large. `type`: the raw `content-type` header, or empty. */
export type HttpAnswer = { readonly status: number; readonly type: string; readonly body: string | null }

/**
 * Sends one request. Rejects when no complete answer came; whether a request that is sent once was executed is then
 * unknown.
 */
export type HttpSend = (url: string, request: HttpRequest) => Promise<HttpAnswer>

/** Connecting took too long: no byte of the request was sent. */
class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT'
}

type Agents = { readonly plain: http.Agent; readonly secure: https.Agent }

const agentsOf = (options: http.AgentOptions): Agents => ({
  plain: new http.Agent(options),
  secure: new https.Agent(options),
})

/**
 * HTTP and HTTPS by Node's own modules, which add nothing to a function's bundle. No redirects, and no retries but
 * those that a request asks for; aborting a request destroys its socket.
 */
export function httpSender({ connectMs, ...options }: HttpOptions): HttpSend {
  const pooled = agentsOf(options)
  // All idle connections may be as dead as the first.
  const fresh = options.keepAlive ? agentsOf({ ...options, keepAlive: false }) : pooled
  const once = senderOver(connectMs)
  return async (url, request) => {
    const { repeatOn, signal } = request
    if (repeatOn === undefined) return once(url, request, pooled)
    const outcome = await again(
      (earlier) => once(url, request, earlier === 0 ? pooled : fresh).then(ok, (error: unknown) => err(error)),
      (given) => (given.ok ? repeatOn.includes(given.value.status) : mayPass(given.error)),
      signal,
    )
    if (!outcome.ok) throw outcome.error
    return outcome.value
  }
}

/**
 * A server with another's certificate stays one, and one that takes no connection would use up the time of everything
 * else that is looked at.
 */
function mayPass(error: unknown): boolean {
  return !(error instanceof ConnectTimeout) && !isIdentityError(error)
}

function senderOver(connectMs: number | undefined) {
  return async (
    url: string,
    { method, headers = {}, body, maxBytes, signal }: HttpRequest,
    { plain, secure }: Agents,
  ): Promise<HttpAnswer> => {
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
