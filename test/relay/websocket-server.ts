import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'

/** The one word of RFC 6455 that every server knows. */
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A WebSocket as its server sees it. Texts only, and short ones from the client. */
export type Connection = {
  readonly request: IncomingMessage
  readonly send: (text: string) => void
  /** The next text that the client sends. */
  readonly next: () => Promise<string>
  /** Ends without a word, as a killed process does. */
  readonly cut: () => void
}

export type WebSocketServer = {
  readonly url: string
  /** The next WebSocket that is opened. */
  readonly accepted: () => Promise<Connection>
}

type Options = {
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The status of a refusal; null: welcome. */
  readonly refuse?: (request: IncomingMessage) => number | null
}

/** What arrives before anybody waits for it is kept. */
function line<T>(): { readonly put: (value: T) => void; readonly next: () => Promise<T> } {
  const values: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    put(value) {
      const first = waiting.shift()
      if (first === undefined) values.push(value)
      else first(value)
    },
    next: () => {
      const [first] = values.splice(0, 1)
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first)
    },
  }
}

function frame(text: string): Buffer {
  const body = Buffer.from(text)
  if (body.length < 126) return Buffer.concat([Buffer.from([0x81, body.length]), body])
  const head = Buffer.from([0x81, 126, 0, 0])
  head.writeUInt16BE(body.length, 2)
  return Buffer.concat([head, body])
}

/** The texts in what a client sent, whose frames are masked; null in their place: it closes. */
function* unframed(bytes: Buffer): Generator<string | null, Buffer> {
  let rest = bytes
  for (;;) {
    const length = (rest[1] ?? 0) & 0x7f
    const whole = 6 + length
    if (rest.length < whole) return rest
    const mask = rest.subarray(2, 6)
    const body = rest.subarray(6, whole).map((byte, n) => byte ^ (mask[n % 4] ?? 0))
    const opcode = (rest[0] ?? 0) & 0x0f
    rest = rest.subarray(whole)
    if (opcode === 1) yield Buffer.from(body).toString()
    if (opcode === 8) yield null
  }
}

function connectionOn(socket: Duplex, request: IncomingMessage): Connection {
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}${MAGIC}`)
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
  )
  const texts = line<string>()
  let rest: Buffer = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    const frames = unframed(Buffer.concat([rest, chunk]))
    for (let next = frames.next(); ; next = frames.next()) {
      if (next.done === true) {
        rest = next.value
        return
      }
      if (next.value === null) socket.destroy()
      else texts.put(next.value)
    }
  })
  return {
    request,
    send: (text) => void socket.write(frame(text)),
    next: texts.next,
    cut: () => void socket.destroy(),
  }
}

/** A WebSocket server with RFC 6455's handshake and no more, on a free port of 127.0.0.1; it ends with the test. */
export async function webSocketServer({ tls, refuse }: Options = {}): Promise<WebSocketServer> {
  const answer = (request: IncomingMessage, response: { writeHead(status: number): { end(): unknown } }) =>
    void response.writeHead(refuse?.(request) ?? 200).end()
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
  const accepted = line<Connection>()
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('upgrade', (request, socket) => {
    const status = refuse?.(request) ?? null
    if (status === null) accepted.put(connectionOn(socket, request))
    else socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    accepted: accepted.next,
  }
}
