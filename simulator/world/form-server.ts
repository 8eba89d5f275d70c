import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { bytesOf } from '../../adapters/net/body.ts'

const MAX_BODY_BYTES = 64 * 1024

/** A fault on the wire. `executes`: whether the node still carries out the request. */
export type WireFault =
  | { readonly type: 'reset'; readonly executes: boolean }
  /** No answer until the client hangs up. */
  | { readonly type: 'slow'; readonly executes: boolean }
  /** The correct headers and half of the body. */
  | { readonly type: 'half_body' }
  | { readonly type: 'content_type'; readonly value: string }
  | {
      readonly type: 'status'
      readonly status: number
      readonly body: string
      readonly executes: boolean
    }
  /** Status 200 and a matching content type, with this body. */
  | { readonly type: 'body'; readonly body: string; readonly executes: boolean }

/** A request as the node receives it. */
export type FormRequest = {
  readonly method: string
  readonly path: string
  readonly fields: URLSearchParams
  /** The password of the Basic credentials; null if there are none. */
  readonly password: string | null
}

export type FormReply = { readonly status: number; readonly type: string; readonly body: string } | null

export type FormServerOptions = {
  /** Executes the request and returns the answer. */
  readonly handle: (request: FormRequest) => Promise<FormReply>
  /** The fault for a request, or null. Called once per request. */
  readonly faultOf: (request: FormRequest) => WireFault | null
}

export type FormServer = {
  readonly url: string
  /** Requests that arrived complete, in order. */
  readonly received: readonly FormRequest[]
  /** Sets the listener that is called whenever an answer is withheld. */
  onHeld(listener: () => void): void
  /** Resolves when the client gives up on a withheld answer. */
  hungUp(): Promise<void>
  /** Stops at once and destroys every connection. */
  close(): Promise<void>
}

async function requestOf(message: IncomingMessage): Promise<FormRequest | null> {
  const url = new URL(message.url ?? '/', 'http://localhost')
  const body = await bytesOf(message, MAX_BODY_BYTES)
  if (body === null) return null
  const isForm = message.headers['content-type'] === 'application/x-www-form-urlencoded'
  const form = message.method === 'POST' && isForm ? body.toString() : url.search
  const [scheme, credentials] = (message.headers.authorization ?? '').split(' ')
  const decoded = Buffer.from(credentials ?? '', 'base64').toString()
  return {
    method: message.method ?? '',
    path: url.pathname,
    fields: new URLSearchParams(form),
    password: scheme === 'Basic' && decoded.includes(':') ? decoded.slice(decoded.indexOf(':') + 1) : null,
  }
}

function send(response: ServerResponse, reply: FormReply): void {
  if (reply === null) {
    response.destroy()
    return
  }
  response.writeHead(reply.status, {
    'content-type': reply.type,
    'content-length': Buffer.byteLength(reply.body),
  })
  response.end(reply.body)
}

function sendHalf(response: ServerResponse, reply: FormReply): void {
  const { status, type, body } = reply ?? { status: 200, type: 'text/plain', body: '' }
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy())
}

/** Executes a request unless the fault prevents it, and answers as the fault says. */
async function answer(
  request: FormRequest,
  response: ServerResponse,
  { handle, faultOf }: FormServerOptions,
  onSlow: (response: ServerResponse) => void,
): Promise<void> {
  const fault = faultOf(request)
  const executes = fault === null || !('executes' in fault) || fault.executes
  const reply = executes ? await handle(request) : null
  const as = (status: number, type: string, body: string): void => send(response, { status, type, body })
  switch (fault?.type) {
    case undefined:
      return send(response, reply)
    case 'reset':
      response.destroy()
      return
    case 'slow':
      return onSlow(response)
    case 'half_body':
      return sendHalf(response, reply)
    case 'content_type':
      return as(reply?.status ?? 200, fault.value, reply?.body ?? '')
    case 'status':
      return as(fault.status, 'application/json', fault.body)
    case 'body':
      return as(200, /^["[{]/.test(fault.body) ? 'application/json' : 'text/plain', fault.body)
  }
}

/** Serves form-encoded HTTP on 127.0.0.1, as Eclair and phoenixd do, with faults on demand. */
export async function startFormServer(options: FormServerOptions): Promise<FormServer> {
  const received: FormRequest[] = []
  const given = Promise.withResolvers<undefined>()
  const sockets = new Set<Socket>()
  let heldListener: () => void = () => undefined
  const server = createServer((message, response) => {
    const onSlow = (held: ServerResponse): void => {
      held.once('close', () => given.resolve(undefined))
      heldListener()
    }
    const served = async (): Promise<void> => {
      const request = await requestOf(message)
      if (request === null) return void response.destroy()
      received.push(request)
      await answer(request, response, options, onSlow)
    }
    served().catch(() => response.destroy())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    onHeld(listener) {
      heldListener = listener
    },
    hungUp: () => given.promise,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
