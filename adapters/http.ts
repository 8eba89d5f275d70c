import * as http from 'node:http'
import * as https from 'node:https'
import { textOf } from './chain/answer.ts'

/** How a client connects. */
export type HttpOptions = {
  /** False: each request has a connection of its own. */
  readonly keepAlive: boolean
  /** Requests on their way at once; the others wait. Left out: any number. */
  readonly maxSockets?: number
}

/** One request. `body` null: none is sent. An answer of more than `maxBytes` is not read to its end. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | null
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** `body` null: it is too large. */
export type HttpAnswer = { readonly status: number; readonly body: string | null }

/** Sends one request to a URL. Rejects where the whole answer did not come: then nothing is known of the request. */
export type HttpSend = (url: string, request: HttpRequest) => Promise<HttpAnswer>

/**
 * HTTP and HTTPS of Node itself, which costs a function's bundle nothing: no redirects, no repetition, and a request that is
 * aborted destroys its socket.
 */
export function httpSender(options: HttpOptions): HttpSend {
  const plain = new http.Agent(options)
  const secure = new https.Agent(options)
  return async (url, { method, headers = {}, body, maxBytes, signal }) => {
    const answered = Promise.withResolvers<http.IncomingMessage>()
    const request = url.startsWith('https:')
      ? https.request(url, { method, headers, signal, agent: secure })
      : http.request(url, { method, headers, signal, agent: plain })
    request.once('response', answered.resolve)
    request.on('error', answered.reject)
    request.end(body ?? undefined)
    const response = await answered.promise
    return { status: response.statusCode ?? 0, body: await textOf(response, maxBytes) }
  }
}
