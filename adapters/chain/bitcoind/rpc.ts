import * as z from 'zod'
import type { ChainFault } from '../../../core/ports/chain.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { type BitcoindAuth, type Credentials, credentialsOf } from './credentials.ts'
import { type HttpAnswer, httpSender, UNAVAILABLE } from '../../net/http.ts'
import { misconfigured, notReady, reasonOf, unreachable } from '../answer.ts'

/** A block of four million bytes is 8 MB in hex; a transaction with its previous outputs may be larger. */
const MAX_BODY_BYTES = 16 * 1024 * 1024
/** The methods that return a block or a transaction; every other answer is small. */
const LARGE_METHODS = ['getblock', 'getrawtransaction']
const SMALL_BODY_BYTES = 1024 * 1024
/** Bitcoin Core (up to version 28) queues at most 16 calls and refuses the rest, and we are not its only client. */
const MAX_CONCURRENT_CALLS = 4
const UNAUTHORIZED = 401
/** For an address that `rpcallowip` leaves out, and for a method that `rpcwhitelist` leaves out. */
const FORBIDDEN = 403
/** The error of every method while Bitcoin Core starts. */
const IN_WARMUP = -28
/** The only method here that changes something. */
const COMMAND = 'sendrawtransaction'
/** HTTP statuses that carry a JSON-RPC answer; up to version 27 an error never comes with 200. */
const ANSWERING = [200, 400, 404, 500]
const ID = 'splicekeeper'

/** Where a Bitcoin Core listens for JSON-RPC, and how we authenticate. */
export type RpcConfig = BitcoindAuth & {
  /** For example `http://127.0.0.1:8332`. */
  readonly url: string
  /** Bound for a block or a transaction; default 16 MiB. Every other answer is small. */
  readonly maxBodyBytes?: number
}

/** A result (`code` null), or an error that Bitcoin Core reported. */
export type RpcAnswer =
  { readonly code: null; readonly result: unknown } | { readonly code: number; readonly message: string }

/** Calls to one Bitcoin Core. A fault names the method, never the address or the user. */
export type BitcoindRpc = (
  method: string,
  params: readonly unknown[],
  call: Call,
) => Promise<Result<RpcAnswer, ChainFault>>

const Reply = z
  .object({
    id: z.literal(ID),
    result: z.unknown(),
    error: z.object({ code: z.int(), message: z.string() }).nullish(),
  })
  .transform(({ result, error }): RpcAnswer =>
    error ? { code: error.code, message: error.message } : { code: null, result },
  )

/** What the answer to a method says: a reply, or the fault that it is. */
function said(method: string, { status, body }: HttpAnswer): Result<RpcAnswer, ChainFault> {
  if (status === UNAUTHORIZED) return misconfigured(`${method}: HTTP 401, the user or the password is wrong`)
  if (status === FORBIDDEN) return misconfigured(`${method}: HTTP 403, our address or this method is not allowed`)
  if (body === null) return unreachable(`${method}: the answer is too large`)
  const reply = replyIn(status, body)
  if (reply?.code === IN_WARMUP) return notReady(`${method}: the node is still starting`)
  return reply === null ? unreachable(`${method}: HTTP ${status}, and no answer`) : ok(reply)
}

function replyIn(status: number, body: string): RpcAnswer | null {
  if (!ANSWERING.includes(status)) return null
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return null
  }
  const reply = Reply.safeParse(json)
  if (!reply.success || (status !== 200 && reply.data.code === null)) return null
  return reply.data
}

/** One request per connection, so that a restart of Bitcoin Core never leaves us on a stale one. */
function sender(config: RpcConfig): (asked: Asked, user: Credentials, call: Call) => Promise<HttpAnswer> {
  const request = httpSender({ keepAlive: false, maxSockets: MAX_CONCURRENT_CALLS })
  return ({ isRead, ...asked }, { user, password }, { signal }) => {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    const headers = { authorization, 'content-type': 'application/json' }
    const repeated = isRead ? { repeatOn: UNAVAILABLE } : {}
    return request(config.url, { method: 'POST', headers, signal, ...asked, ...repeated })
  }
}

type Asked = { readonly body: string; readonly maxBytes: number; readonly isRead: boolean }

/**
 * JSON-RPC over HTTP without redirects; a request ends with its call, and so does its socket. A read that fails is
 * sent again, a broadcast is not. After a 401 the request is sent once more with fresh credentials, because Bitcoin
 * Core writes a new cookie at each start.
 */
export function bitcoindRpc(config: RpcConfig): BitcoindRpc {
  const credentials = credentialsOf(config)
  const send = sender(config)
  const largeBytes = config.maxBodyBytes ?? MAX_BODY_BYTES
  return async (method, params, call) => {
    const maxBytes = LARGE_METHODS.includes(method) ? largeBytes : Math.min(largeBytes, SMALL_BODY_BYTES)
    const body = JSON.stringify({ jsonrpc: '1.0', id: ID, method, params })
    const asked = { body, maxBytes, isRead: method !== COMMAND }
    try {
      const known = await credentials.current()
      if (known === null) return unreachable(`${method}: the cookie file cannot be read`)
      let answer = await send(asked, known, call)
      if (answer.status === UNAUTHORIZED) {
        const newer = await credentials.renewed(known)
        if (newer !== null) answer = await send(asked, newer, call)
      }
      return said(method, answer)
    } catch (error) {
      return unreachable(`${method}: ${reasonOf(error)}`)
    }
  }
}
