import * as z from 'zod'
import type { Clock } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { reasonOf } from '../../chain/answer.ts'
import { httpSender, isUnconnected, UNAVAILABLE } from '../../net/http.ts'
import { isIdentityError } from '../../net/tls-pinning.ts'
import { MAX_BODY_BYTES, plain, tooLate, type ClnFault, type ClnRpc } from './rpc.ts'
import { until, type Rune } from './rune.ts'

/** How to reach a clnrest. */
export type RestConfig = {
  /** For example `https://192.0.2.10:3010`. */
  readonly url: string
  /** The node's `ca.pem`; nothing else is trusted. */
  readonly certificate: string
  readonly rune: { readonly text: string; readonly read: Rune }
}

/** clnrest's certificate names `cln` whatever its address is (`plugins/rest-plugin`). */
const SERVER_NAME = 'cln'
const CREATED = 201
/** Statuses of a refusal before the method ran: bad or missing rune, unknown method, wrong verb, unreadable body. */
const DENIED: readonly number[] = [401, 403, 404, 405, 406]
/** A short connect timeout tells an unreachable node from one that hangs: without a connection nothing was sent. */
const CONNECT_MS = 3_000

/** The methods that change nothing. */
const READS: readonly string[] = ['getinfo', 'listpeerchannels', 'listfunds', 'listchannels', 'feerates']

const ErrorBody = z.object({ code: z.int(), message: z.string().max(2_000_000) })

function jsonIn(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function answerOf(method: string, status: number, body: unknown): Result<unknown, ClnFault> {
  if (status === CREATED && body !== undefined) return ok(body)
  const errorBody = ErrorBody.safeParse(body)
  if (DENIED.includes(status)) {
    const message = errorBody.success ? plain(errorBody.data.message) : `${method}: HTTP ${status}`
    return err({ type: 'denied', code: errorBody.data?.code ?? null, message })
  }
  // Only clnrest itself answers 500 with a code. Any other answer may come from a proxy that lost the node's.
  if (status === 500 && errorBody.success) return err({ type: 'error', ...errorBody.data })
  return err({ type: 'lost', message: `${method}: HTTP ${status} without an answer of the node` })
}

function faultOf(method: string, error: unknown): ClnFault {
  if (isIdentityError(error))
    return {
      type: 'not_sent',
      identity: true,
      message: `${method}: the certificate is not from the pinned CA`,
    }
  const message = `${method}: ${reasonOf(error)}`
  return isUnconnected(error) ? { type: 'not_sent', identity: false, message } : { type: 'lost', message }
}

/**
 * clnrest over TLS with its pinned CA: one connection per request, no redirects. A read outside of a command is sent
 * again when it fails. A call with `until` is part of a command, is sent once, and carries a rune that the node
 * accepts only before that instant. That rune is made here and never shared.
 */
export function clnRest(config: RestConfig, clock: Clock): ClnRpc {
  const send = httpSender({
    keepAlive: false,
    connectMs: CONNECT_MS,
    ca: config.certificate,
    servername: SERVER_NAME,
  })
  return {
    async call(method, params, options) {
      const late = tooLate(options, clock.now())
      if (late !== null) return err(late)
      const rune = options.until === undefined ? config.rune.text : until(config.rune.read, options.until)
      try {
        const { status, body } = await send(new URL(`v1/${method}`, directory(config.url)).href, {
          method: 'POST',
          headers: { rune, 'content-type': 'application/json' },
          body: JSON.stringify(params),
          maxBytes: MAX_BODY_BYTES,
          signal: options.signal,
          ...(options.until === undefined && READS.includes(method) ? { repeatOn: UNAVAILABLE } : {}),
        })
        return answerOf(method, status, jsonIn(body))
      } catch (error) {
        return err(faultOf(method, error))
      }
    },
  }
}

function directory(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}
