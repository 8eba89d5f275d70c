import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateOfOwnAuthority } from '../world/certificate.ts'
import { restServer } from './rest-server.ts'
import { socketServer } from './socket-server.ts'
import type { ServedClnNode } from './steering.ts'
import { WireFaults } from './wire-faults.ts'

export type ClnServerOptions = {
  readonly node: ServedClnNode
  /** The rune that the server hands out; default: a new one without restrictions. */
  readonly rune?: string
  /** Default: a free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: in a new directory. */
  readonly socketPath?: string
}

/** A running server: its addresses, the authority to trust, and a rune. */
export type ClnServer = {
  readonly url: string
  /** The certificate (PEM) of the authority to trust. The server's own names `cln`, `localhost` and 127.0.0.1. */
  readonly ca: string
  readonly rune: string
  readonly socketPath: string
  /** Faults on the wire, for both clnrest and the socket. */
  readonly wire: WireFaults
  /** Stops at once and destroys every connection. */
  close(): Promise<void>
}

/**
 * Serves a simulated node as lightningd and its plugin clnrest: a unix socket, and HTTPS with a certificate
 * of its own authority. While the node's process is down, every connection is destroyed at once.
 */
export async function startClnServer(options: ClnServerOptions): Promise<ClnServer> {
  const { node } = options
  const wire = new WireFaults()
  const host = options.host ?? '127.0.0.1'
  const names = ['cln', 'localhost', '127.0.0.1']
  const { authority, ...certificate } = certificateOfOwnAuthority('cln Root REST CA', 'cln rest server', names)
  const directory = options.socketPath === undefined ? await mkdtemp(join(tmpdir(), 'cln-')) : null
  const socketPath = options.socketPath ?? join(directory ?? '', 'lightning-rpc')
  const rest = restServer(node, wire, certificate)
  const local = socketServer(node, wire)
  const sockets = new Set<Socket>()
  for (const server of [rest, local]) {
    server.on('connection', (socket: Socket) => {
      if (!node.alive) return void socket.destroy()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
  }
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const deaf = node.onExit(destroyAll)
  rest.listen(options.port ?? 0, host)
  local.listen(socketPath)
  await Promise.all([rest, local].map((server) => once(server, 'listening')))
  const address = rest.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `https://${host}:${address.port}`,
    ca: authority,
    rune: options.rune ?? node.createRune(),
    socketPath,
    wire,
    async close() {
      deaf()
      wire.release()
      const closed = [rest, local].map(closing)
      destroyAll()
      await Promise.all(closed)
      if (directory !== null) await rm(directory, { recursive: true, force: true })
    },
  }
}

async function closing(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  await closed
}
