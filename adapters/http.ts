import * as http from 'node:http'
import * as https from 'node:https'
import { textOf } from './chain/answer.ts'

/** How a client connects. */
export type HttpOptions = {
  /** False: each request has a connection of its own. */
  readonly keepAlive: boolean
  /** Requests on their way at once; the others wait. Left out: any number. */
  readonly maxSockets?: number
  /** How long a connection may take to come about. Left out: as long as the request. */
  readonly connectMs?: number
  /** The only authority that is trusted, in PEM. Left out: those that Node trusts. */
  readonly ca?: string
  /** The name that the certificate must have. Left out: the URL's. */
  readonly servername?: string
}

/** One request. `body` null: none is sent. An answer of more than `maxBytes` is not read to its end. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | null
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** `body` null: it is too large. `contentType`: the header as it came; empty where there is none. */
export type HttpAnswer = {
  readonly status: number
  readonly contentType: string
  readonly body: string | null
}

/** Sends one request to a URL. Rejects where the whole answer did not come: then nothing is known of the request. */
export type HttpSend = (url: string, request: HttpRequest) => Promise<HttpAnswer>

/** A connection did not come about in its time: no byte of the request was sent. */
class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout'
  readonly code = 'CONNECT_TIMEOUT'
  readonly syscall = 'connect'
}

/**
 * HTTP and HTTPS of Node itself, which costs a function's bundle nothing: no redirects, no repetition, and a request that is
 * aborted destroys its socket.
 */
export function httpSender({ connectMs, ca, servername, ...agent }: HttpOptions): HttpSend {
  const plain = new http.Agent(agent)
  const trust = { ...(ca === undefined ? {} : { ca }), ...(servername === undefined ? {} : { servername }) }
  const secure = new https.Agent({ ...agent, ...trust })
  return async (url, { method, headers = {}, body, maxBytes, signal }) => {
    const answered = Promise.withResolvers<http.IncomingMessage>()
    const isSecure = url.startsWith('https:')
    const request = isSecure
      ? https.request(url, { method, headers, signal, agent: secure })
      : http.request(url, { method, headers, signal, agent: plain })
    if (connectMs !== undefined) limitConnecting(request, connectMs, isSecure)
    request.once('response', answered.resolve)
    request.on('error', answered.reject)
    request.end(body ?? undefined)
    const response = await answered.promise
    const { statusCode = 0, headers: told } = response
    return {
      status: statusCode,
      contentType: told['content-type'] ?? '',
      body: await textOf(response, maxBytes),
    }
  }
}

function limitConnecting(request: http.ClientRequest, connectMs: number, isSecure: boolean): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => request.destroy(new ConnectTimeout()), connectMs)
    const clear = (): void => clearTimeout(timer)
    socket.once(isSecure ? 'secureConnect' : 'connect', clear)
    socket.once('close', clear)
  })
}
