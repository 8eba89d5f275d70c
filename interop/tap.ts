import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import * as http from 'node:http'
import * as https from 'node:https'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textOf } from '../adapters/net/body.ts'
import { httpSender } from '../adapters/net/http.ts'
import type { NodeEntry } from '../adapters/node/configured.ts'
import { certificateOfOwnAuthority } from '../simulator/world/certificate.ts'
import { Traps } from './traps.ts'

const MAX_BYTES = 64 * 1024 * 1024
const END = '\n\n'

/** A proxy to a node that can watch and interrupt calls. `entry`: the node as reached through the proxy. */
export type Tap = { readonly entry: NodeEntry; readonly traps: Traps; close(): Promise<void> }

/**
 * Opens a tap for nodes whose calls can be told apart by name; null for gRPC, whose commands are interrupted by time.
 */
export async function openTap(entry: NodeEntry): Promise<Tap | null> {
  switch (entry.kind) {
    case 'core-lightning':
      if (entry.socketPath !== undefined) return socketTap(entry, entry.socketPath)
      return entry.url === undefined ? null : httpTap(entry, entry.url, entry.certificate)
    case 'eclair':
    case 'phoenixd':
      return httpTap(entry, entry.url, undefined)
    case 'ldk-server':
    case 'lnd':
      return null
  }
}

async function socketTap(entry: NodeEntry, target: string): Promise<Tap> {
  const traps = new Traps()
  const folder = await mkdtemp(join(tmpdir(), 'interop-'))
  const socketPath = join(folder, 'rpc')
  const server = createServer((client) => void relay(client, target, traps))
  const close = tracked(server)
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    entry: { ...entry, ...(entry.kind === 'core-lightning' ? { socketPath } : {}) },
    traps,
    async close() {
      await close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Relays one whole request and its whole answer. Interruptions fall between messages or close the connection. */
async function relay(client: Socket, target: string, traps: Traps): Promise<void> {
  client.on('error', () => client.destroy())
  try {
    const request = await oneMessage(client)
    const { method } = methodIn(request)
    const answer = await traps.pass(method, async () => {
      const node = connect({ path: target })
      node.on('error', () => node.destroy())
      try {
        await once(node, 'connect')
        node.write(request + END)
        return await oneMessage(node)
      } finally {
        node.destroy()
      }
    })
    client.end(answer + END)
  } catch {
    client.destroy()
  }
}

function methodIn(request: string): { method: string } {
  const json: unknown = JSON.parse(request)
  const named = typeof json === 'object' && json !== null && 'method' in json ? json.method : null
  return { method: typeof named === 'string' ? named : '' }
}

function oneMessage(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.endsWith(END)) resolve(text.trimEnd())
    })
    socket.once('close', () => reject(new Error('hung up')))
  })
}

async function httpTap(entry: NodeEntry, url: string, ca: string | undefined): Promise<Tap> {
  const traps = new Traps()
  const send = httpSender({ keepAlive: false, ...(ca === undefined ? {} : { ca, servername: 'cln' }) })
  const take = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    void forward(request, url, send, traps).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.destroy(),
    )
  }
  const own =
    ca === undefined ? null : certificateOfOwnAuthority('interop CA', 'interop tap', ['cln', 'localhost', '127.0.0.1'])
  const server =
    own === null ? http.createServer(take) : https.createServer({ cert: own.certificate, key: own.key }, take)
  const close = tracked(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the tap has no port')
  const reached = { url: `${own === null ? 'http' : 'https'}://127.0.0.1:${address.port}` }
  return {
    entry: { ...entry, ...reached, ...(own === null ? {} : { certificate: own.authority }) },
    traps,
    close,
  }
}

async function forward(
  request: http.IncomingMessage,
  url: string,
  send: ReturnType<typeof httpSender>,
  traps: Traps,
): Promise<{ status: number; type: string; body: string }> {
  const path = request.url ?? '/'
  const body = await textOf(request, MAX_BYTES)
  const headers: Record<string, string> = {}
  for (const name of ['rune', 'authorization', 'content-type']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  return traps.pass(path.split('/').at(-1) ?? '', async () => {
    const answer = await send(new URL(path, url).href, {
      method: request.method === 'GET' ? 'GET' : 'POST',
      headers,
      body,
      maxBytes: MAX_BYTES,
      signal: new AbortController().signal,
    })
    if (answer.body === null) throw new Error('too large')
    return { ...answer, body: answer.body }
  })
}

/** Tracks a server's connections. Returns a function that closes the server and all of them. */
function tracked(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
}
