import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { toBinary } from '@bufbuild/protobuf'
import * as z from 'zod'
import type { Clock } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import type { Instant } from '../../../core/values/instant.ts'
import { authOf } from './auth.ts'
import type { RpcMethod } from './calls.ts'
import type { LdkConfig } from './config.ts'
import { type IdentityFault, isIdentityError, pinned } from '../../net/tls-pinning.ts'
import { grpcFrame, methodNamed } from './messages.ts'
import type { RpcAnswer, RpcFault, RpcOptions } from './rpc.ts'

/** ldk-server's own message limit. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024
const MAX_FAULT_CHARACTERS = 300
/** Anything longer than an id or a hash may be a secret that a server must not echo, such as a macaroon. */
const LONG_RUN = /[\w+/=-]{65,}/g
const IDLE_MS = 60_000

const signedAtKey = createContextKey<Instant | null>(null, { description: 'time of signing' })

/** One HTTP/2 session, opened by its first call, and the number of calls on it. */
type Session = { readonly manager: Http2SessionManager; readonly transport: Transport; calls: number }

/** Signs the exact bytes to be sent: Connect frames a message in the same way, uncompressed. */
function signer(config: LdkConfig, clock: Clock): Interceptor {
  const auth = authOf(config.auth)
  return (next) => async (request) => {
    if (request.stream && request.method.methodKind !== 'server_streaming')
      throw new ConnectError('only calls of one message are signed', Code.Unimplemented)
    const messages = request.stream ? await gathered(request.message) : [request.message]
    const [name, value] = auth({
      method: request.method.name,
      body: Buffer.concat(messages.map((message) => grpcFrame(toBinary(request.method.input, message)))),
      signedAt: request.contextValues.get(signedAtKey) ?? clock.now(),
    })
    request.header.set(name, value)
    return next(request.stream ? { ...request, message: oneByOne(messages) } : request)
  }
}

async function gathered<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const messages: T[] = []
  for await (const message of stream) messages.push(message)
  return messages
}

async function* oneByOne<T>(messages: readonly T[]): AsyncIterable<T> {
  yield* messages
}

/**
 * An HTTP/2 session for signed calls that trusts only the pinned certificate. With `pingEveryMs`, calls on it
 * end when the server has silently gone.
 */
export function openSession(config: LdkConfig, clock: Clock, pingEveryMs?: number): Session {
  const manager = new Http2SessionManager(
    config.url,
    {
      idleConnectionTimeoutMs: IDLE_MS,
      ...(pingEveryMs === undefined ? {} : { pingIntervalMs: pingEveryMs }),
    },
    pinned(config.certificate),
  )
  const transport = createGrpcTransport({
    baseUrl: config.url,
    sessionManager: manager,
    interceptors: [signer(config, clock)],
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
  })
  return { manager, transport, calls: 0 }
}

/**
 * The fault of a failed call. A status counts only if the server sent it. Connect also invents codes from HTTP
 * statuses, resets and protocol errors, and a "permission denied" made from a reset would pass for "not executed".
 */
export function faultOf(error: unknown): RpcFault | IdentityFault {
  if (!(error instanceof ConnectError)) return { status: null, message: 'the call failed in the client' }
  const message = error.rawMessage.replace(LONG_RUN, '…').slice(0, MAX_FAULT_CHARACTERS)
  if (isIdentityError(error)) return { status: null, message, identityMismatch: true }
  const sent = error.metadata.get('grpc-status')
  const status = sent !== null && /^[1-9]\d?$/.test(sent) ? Number(sent) : null
  return { status, message }
}

/** Calls to one server, over one session at a time. */
export type Connection = {
  /** Sends a request once. Never throws; aborting a call resets its stream. */
  call<Q, A>(method: RpcMethod<Q, A>, request: Q, options: RpcOptions): Promise<RpcAnswer<A>>
  /** Ends the session and every unanswered call on it. */
  close(): void
}

/**
 * gRPC to one ldk-server over TLS with its pinned certificate. The session stays open between calls. After a
 * call without a status (aborted, reset, unreadable) its session is not trusted any more: no new call uses
 * it, and its socket is destroyed once no other call is on it.
 */
export function openConnection(config: LdkConfig, clock: Clock): Connection {
  let current: Session | null = null
  const doubted = new Set<Session>()

  const release = (session: Session): void => {
    session.calls -= 1
    if (session.calls > 0 || !doubted.delete(session)) return
    session.manager.abort()
  }
  const doubt = (session: Session): void => {
    doubted.add(session)
    if (current === session) current = null
  }

  return {
    async call(method, request, options) {
      if (options.signal.aborted) return err({ status: null, message: 'aborted before it was sent' })
      const session = (current ??= openSession(config, clock))
      session.calls += 1
      try {
        const { message } = await session.transport.unary(
          methodNamed(method.name),
          options.signal,
          undefined,
          undefined,
          z.encode(method.request, request),
          createContextValues().set(signedAtKey, options.signedAt ?? null),
        )
        const response = method.response.safeParse(message)
        return response.success ? ok(response.data) : err(unreadable(method.name, response.error))
      } catch (error) {
        const fault = faultOf(error)
        if (fault.status === null) doubt(session)
        return err(fault)
      } finally {
        release(session)
      }
    },
    close() {
      for (const session of [...doubted, ...(current === null ? [] : [current])]) session.manager.abort()
      current = null
    },
  }
}

/** Names the unreadable fields, never their values. */
function unreadable(method: string, error: z.ZodError): RpcFault {
  const fields = error.issues.map((issue) => issue.path.join('.')).join(', ')
  return { status: null, message: `${method} gave an unreadable answer: ${fields}`.slice(0, 300) }
}
