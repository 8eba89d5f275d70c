import { once } from 'node:events'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../core/ports/ports.ts'
import { grpcFrame } from '../../adapters/node/ldk/messages.ts'
import type { LdkRpc } from '../../adapters/node/ldk/rpc.ts'
import { authenticate, type Credentials } from './authentication.ts'
import { selfSignedCertificate, type ServerCertificate } from '../world/certificate.ts'
import { handlers } from './dispatch.ts'
import { type EventFeed, streamEvents } from './event-stream.ts'
import { bytesOf } from '../../adapters/net/body.ts'

const PATH_PREFIX = '/api.LightningNode/'
const CONTENT_TYPE = 'application/grpc+proto'
const MAX_BODY_BYTES = 10 * 1024 * 1024
const FRAME_HEAD_BYTES = 5

export type LdkServerOptions = {
  readonly rpc: LdkRpc
  /** What SubscribeEvents streams. Without it, the server lacks the method. */
  readonly events?: EventFeed
  readonly clock: Clock
  readonly apiKey: string
  /** Also accept macaroons of this root key. */
  readonly macaroon?: NonNullable<Credentials['macaroon']>
  /** Default 60. */
  readonly authWindowSeconds?: number
  /** Default: a free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  readonly certificate?: ServerCertificate
}

/** A running server, with the certificate (PEM) to pin. */
export type LdkServer = {
  readonly url: string
  readonly certificate: string
  /** Stops at once and destroys every connection. */
  close(): Promise<void>
}

type Status = { readonly status: number; readonly message: string }

/** gRPC sends an error as headers only, which contain the status. */
function refuse(stream: ServerHttp2Stream, { status, message }: Status): void {
  if (stream.destroyed || stream.headersSent) return
  const head = { ':status': 200, 'content-type': CONTENT_TYPE, 'grpc-accept-encoding': 'identity' }
  stream.respond({ ...head, 'grpc-status': status, 'grpc-message': encodeURIComponent(message) }, { endStream: true })
}

function succeed(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed) return
  const head = { ':status': 200, 'content-type': CONTENT_TYPE, 'grpc-accept-encoding': 'identity' }
  stream.respond(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': 0 })
  })
  stream.end(grpcFrame(message))
}

/** Why a request is refused before its body is read; null if it is not. */
function headFault(headers: IncomingHttpHeaders): Status | null {
  if (headers[':method'] !== 'POST') return { status: 12, message: 'gRPC requires POST method' }
  const type = headers['content-type']
  if (type !== 'application/grpc' && type !== CONTENT_TYPE) {
    return { status: 3, message: 'Invalid content-type for gRPC' }
  }
  if (headers[':path']?.startsWith(PATH_PREFIX) !== true) return { status: 12, message: 'Unknown path' }
  return null
}

/** Why a body's frame is invalid; null if it is valid. A body has exactly one frame. */
function frameFault(body: Buffer): Status | null {
  if (body.length < FRAME_HEAD_BYTES) return { status: 3, message: 'Request body too short for gRPC frame' }
  if (body[0] !== 0) return { status: 12, message: 'gRPC compression is not supported' }
  const isWhole = body.readUInt32BE(1) === body.length - FRAME_HEAD_BYTES
  return isWhole ? null : { status: 3, message: 'gRPC frame length does not match the body' }
}

/** The whole body; null if it is too large or the client left. */
async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer | null> {
  return bytesOf(stream, MAX_BODY_BYTES).catch(() => null)
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: LdkServerOptions,
): Promise<void> {
  const malformed = headFault(headers)
  if (malformed !== null) return refuse(stream, malformed)
  const gone = new AbortController()
  stream.once('close', () => gone.abort())
  const method = (headers[':path'] ?? '').slice(PATH_PREFIX.length)
  const body = await bodyOf(stream)
  if (body === null) return refuse(stream, { status: 3, message: 'Request body too large or failed to read' })

  const authenticated = authenticate(
    { headers, method, body, now: options.clock.now() },
    {
      apiKey: options.apiKey,
      macaroon: options.macaroon ?? null,
      authWindowSeconds: options.authWindowSeconds ?? 60,
    },
  )
  if (!authenticated.ok) return refuse(stream, authenticated.error)
  const handler = handlers.get(method)
  if (method === 'SubscribeEvents' && options.events !== undefined && frameFault(body) === null)
    return streamEvents(stream, options.events)
  if (handler === undefined) return refuse(stream, { status: 12, message: `Unknown method: ${method}` })
  const misframed = frameFault(body)
  if (misframed !== null) return refuse(stream, misframed)
  // Like ldk-server, skip a request whose stream was reset first.
  if (gone.signal.aborted) return

  const { signedAt } = authenticated.value
  const call = { signal: gone.signal, ...(signedAt === null ? {} : { signedAt }) }
  const answer = await handler(options.rpc, body.subarray(FRAME_HEAD_BYTES), call)
  if (answer.ok) return succeed(stream, answer.value)
  const { status, message } = answer.error
  if (status === null) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else refuse(stream, { status, message })
}

async function listen(server: Http2SecureServer, port: number, host: string): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/**
 * Serves any {@link LdkRpc} as an ldk-server (docs/reference/ldk.md 6): gRPC on HTTP/2 over TLS with a
 * self-signed certificate, authentication over the whole body before dispatch, errors as headers only. A
 * fault without a status resets the stream without an answer.
 */
export async function startLdkServer(options: LdkServerOptions): Promise<LdkServer> {
  const { certificate, key } = options.certificate ?? selfSignedCertificate()
  const server = createSecureServer({ cert: certificate, key })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('stream', (stream, headers) => {
    // A client may reset its stream; that is not an error of the server.
    stream.on('error', () => undefined)
    serve(stream, headers, options).catch((error: unknown) => {
      refuse(stream, { status: 13, message: error instanceof Error ? error.message : 'internal error' })
    })
  })
  const host = options.host ?? '127.0.0.1'
  const port = await listen(server, options.port ?? 0, host)
  return {
    url: `https://${host}:${port}`,
    certificate,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
