import { once } from 'node:events'
import {
  connect as connectHttp2,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type LdkClient, ldkClient } from '../../adapters/node/ldk/client.ts'
import { LdkConfig } from '../../adapters/node/ldk/config.ts'
import type { LdkRpc } from '../../adapters/node/ldk/rpc.ts'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { type LdkServer, type LdkServerOptions, startLdkServer } from '../../simulator/ldk/server.ts'
import { NOW } from './ldk-rpc.ts'

export const API_KEY = '5e'.repeat(32)
export const clock = { now: () => NOW }

/** One certificate for all servers of a file: making keys takes time. */
export const ownCertificate = selfSignedCertificate()

/** A simulated ldk-server that ends with the test. */
export async function serverOf(rpc: LdkRpc, options: Partial<LdkServerOptions> = {}): Promise<LdkServer> {
  const server = await startLdkServer({
    rpc,
    apiKey: API_KEY,
    clock,
    certificate: ownCertificate,
    ...options,
  })
  onTestFinished(() => server.close())
  return server
}

/** A client that ends with the test. */
export function clientOf(
  server: { readonly url: string; readonly certificate: string },
  auth: unknown = { scheme: 'hmac', apiKey: API_KEY },
): LdkClient {
  const { url, certificate } = server
  const client = ldkClient(LdkConfig.parse({ url, certificate, auth }), clock)
  onTestFinished(() => client.close())
  return client
}

/** A request as it arrived at a server of a test's own making. */
export type Arrived = {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** An HTTP/2 server that does as the test says, with what it got and how many connections it had. */
export type RawServer = {
  readonly url: string
  readonly certificate: string
  readonly arrived: Arrived[]
  readonly sessions: ServerHttp2Session[]
}

export async function rawServer(answer: (arrived: Arrived) => void): Promise<RawServer> {
  const server = createSecureServer({ cert: ownCertificate.certificate, key: ownCertificate.key })
  const arrived: Arrived[] = []
  const sessions: ServerHttp2Session[] = []
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.on('session', (session) => sessions.push(session))
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('end', () => {
      const request = { stream, headers, body: Buffer.concat(chunks) }
      arrived.push(request)
      answer(request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `https://127.0.0.1:${address.port}`,
    certificate: ownCertificate.certificate,
    arrived,
    sessions,
  }
}

/** Sends a request without our client; answers the headers of the response. */
export async function post(
  server: { readonly url: string; readonly certificate: string },
  path: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<IncomingHttpHeaders> {
  const session = connectHttp2(server.url, { ca: server.certificate })
  onTestFinished(() => session.destroy())
  const request = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    ...headers,
  })
  request.end(body)
  const response = new Promise<IncomingHttpHeaders>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  request.resume()
  return response
}
