import * as z from 'zod'
import type { NodeFault } from '../../core/ports/node.ts'
import type { Call } from '../../core/ports/ports.ts'
import { err, ok, type Result } from '../../core/values/result.ts'
import type { CommandResult } from '../../core/splice/splice.ts'
import { reasonOf } from '../chain/answer.ts'
import { httpSender, isUnconnected, UNAVAILABLE } from './http.ts'
import { isIdentityError } from './tls-pinning.ts'

/** A short connect timeout tells an unreachable node from one that hangs: without a connection nothing was sent. */
const CONNECT_MS = 3_000
/** Wrong credential, path or method: answered before anything looks at the command. */
const NOT_EXECUTED: readonly number[] = [401, 404, 405]
/**
 * Statuses that an operator has to fix. 403 is not in NOT_EXECUTED, because a proxy may answer 403 after the
 * command ran.
 */
const CONFIG: readonly number[] = [...NOT_EXECUTED, 403]

/** The configuration of a node behind plain HTTP and a password. Issues name the field, never its value. */
export const HttpNodeConfig = z.object({
  url: z.string().refine(isPlain, 'must be an http or https URL without credentials or query'),
  password: z.string().regex(/^[\x20-\x7e]{1,256}$/, 'must be 1 to 256 printable ASCII characters'),
})
export type HttpNodeConfig = z.infer<typeof HttpNodeConfig>

function isPlain(text: string): boolean {
  const url = URL.parse(text)
  const web = url?.protocol === 'http:' || url?.protocol === 'https:'
  return web && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}

/** One request. `fields` go into the form body of a POST or the query of a GET. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly fields?: Readonly<Record<string, string>>
  readonly maxBytes: number
  /** Whether it changes nothing at the node: only then is it sent again when it fails. */
  readonly isRead: boolean
}

/** A complete answer. `type`: its media type without parameters, in lower case. */
export type HttpAnswer = { readonly status: number; readonly type: string; readonly body: string }

/** No complete answer came. `sent` is false if certainly no byte of the request reached the server. */
export type HttpFault = { readonly sent: boolean; readonly identity: boolean; readonly message: string }

/** Requests to one node. Never throws; a fault names the path and a code, never the address or the password. */
export type NodeHttp = (asked: HttpRequest, call: Call) => Promise<Result<HttpAnswer, HttpFault>>

/**
 * HTTP with Basic authentication (Eclair and phoenixd ignore the user). Each request has its own connection and
 * follows no redirect. A command is sent once. When a request ends early, above all with its call, its socket is
 * destroyed.
 */
export function nodeHttp({ url, password }: HttpNodeConfig): NodeHttp {
  const base = url.replace(/\/+$/, '')
  const authorization = `Basic ${Buffer.from(`:${password}`).toString('base64')}`
  const send = httpSender({ keepAlive: false, connectMs: CONNECT_MS })
  return async ({ method, path, fields = {}, maxBytes, isRead }, { signal }) => {
    const fault = (sent: boolean, why: string, identity = false): Result<never, HttpFault> =>
      err({ sent, identity, message: `${path}: ${why}` })
    if (signal.aborted) return fault(false, 'aborted before it was sent')
    const form = new URLSearchParams(fields).toString()
    const query = method === 'GET' && form !== '' ? `?${form}` : ''
    const headers = {
      authorization,
      ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
    }
    const body = method === 'POST' ? form : null
    try {
      const repeated = isRead ? { repeatOn: UNAVAILABLE } : {}
      const answer = await send(base + path + query, { method, headers, body, maxBytes, signal, ...repeated })
      if (answer.body === null) return fault(true, 'the answer is too large')
      return ok({ status: answer.status, type: mediaTypeOf(answer.type), body: answer.body })
    } catch (error) {
      const identity = isIdentityError(error)
      return fault(!identity && !isUnconnected(error), reasonOf(error), identity)
    }
  }
}

function mediaTypeOf(header: string): string {
  return (header.split(';')[0] ?? '').trim().toLowerCase()
}

/** The fault of a read without a readable answer. */
export function nodeFaultOf(fault: HttpFault): NodeFault {
  return { class: fault.identity ? 'config' : 'unreachable', message: fault.message }
}

/** The fault of a read by its status; null for 200. */
export function statusFaultOf(path: string, { status }: HttpAnswer): NodeFault | null {
  if (status === 200) return null
  const message = `${path}: HTTP ${status}`
  return { class: CONFIG.includes(status) ? 'config' : 'unreachable', message }
}

/**
 * The result of a command that the node itself did not answer: never sent, refused before anything looked at
 * it, or unknown. Null when there is an answer of the node to read.
 */
export function resultWithoutAnswer(answered: Result<HttpAnswer, HttpFault>): CommandResult | null {
  if (!answered.ok) {
    const { sent, identity, message } = answered.error
    if (identity) return { type: 'refused', class: 'config', message }
    return sent ? { type: 'unknown', message } : { type: 'refused', class: 'not_now', message }
  }
  const { status } = answered.value
  if (NOT_EXECUTED.includes(status)) return { type: 'refused', class: 'config', message: `HTTP ${status}` }
  return null
}

/** The JSON of an answer with JSON's media type; otherwise undefined. */
export function jsonIn({ type, body }: HttpAnswer): unknown {
  if (type !== 'application/json') return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** An error text of a node that proves that the command was not executed. */
export type KnownText = {
  readonly text: string
  /** Whether the text is a prefix: details follow, perhaps in the peer's words. */
  readonly isPrefix?: boolean
  readonly refusal: Omit<Extract<CommandResult, { type: 'refused' }>, 'type' | 'message'>
}

/**
 * The result of a command that failed with a text, for nodes without error codes. Only texts that prove "not
 * executed" are listed; any other is `unknown`. The text itself is never repeated.
 */
export function resultOfText(text: string, known: readonly KnownText[]): CommandResult {
  const match = known.find((each) => (each.isPrefix === true ? text.startsWith(each.text) : text === each.text))
  if (match === undefined) return { type: 'unknown', message: 'failed with a text that proves nothing' }
  return { type: 'refused', ...match.refusal, message: match.text }
}
