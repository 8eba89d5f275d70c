import { createServer, type Server, type Socket } from 'node:net'
import * as z from 'zod'
import { jsonText } from './json-text.ts'
import { named } from './commands.ts'
import { JsonStream } from './json-stream.ts'
import type { ServedClnNode } from './steering.ts'
import type { WireFaults } from './wire-faults.ts'

const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
const INDENT = 2

const Request = z.object({
  jsonrpc: z.literal('2.0').optional(),
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).default({}),
})
type Request = z.infer<typeof Request>

/** A pretty-printed object and an empty line. */
function text(reply: Readonly<Record<string, unknown>>): string {
  return `${jsonText(reply, INDENT)}\n\n`
}

function refusal(id: string | number | null, code: number, message: string): string {
  return text({ jsonrpc: '2.0', id, error: { code, message } })
}

async function answer(node: ServedClnNode, wire: WireFaults, socket: Socket, request: Request): Promise<void> {
  const { id, method } = request
  const fault = wire.take(method)
  if (fault?.type === 'reset_before') return void socket.destroy()
  const params = named(method, request.params)
  if (params === null) return void socket.write(refusal(id, INVALID_REQUEST, 'Invalid params'))
  const outcome = await node.call({ method, params })
  if (fault?.type === 'held') await wire.hold()
  if (fault?.type === 'reset_after' || outcome.type === 'died' || outcome.type === 'hangs') return void socket.destroy()
  const reply =
    outcome.type === 'answered'
      ? text({ jsonrpc: '2.0', id, result: outcome.result })
      : text({
          jsonrpc: '2.0',
          id,
          error: { code: outcome.error.code, message: outcome.error.message, ...outcome.error.more },
        })
  if (fault?.type === 'half_body') return void socket.end(reply.slice(0, Math.floor(reply.length / 2)))
  socket.write(fault?.type === 'no_json' ? '<html>\n\n' : reply)
}

function serve(node: ServedClnNode, wire: WireFaults, socket: Socket): void {
  const stream = new JsonStream()
  socket.setEncoding('utf8')
  // A client may hang up; that is not an error of the server.
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    for (const value of stream.add(chunk)) {
      const request = Request.safeParse(value)
      if (!request.success) socket.write(refusal(null, INVALID_REQUEST, 'Invalid request'))
      else answer(node, wire, socket, request.data).catch(() => socket.destroy())
    }
    if (stream.isBroken) socket.end(refusal(null, PARSE_ERROR, 'Invalid token in json input'))
  })
}

/** lightningd's unix socket over a simulated node: JSON-RPC 2.0, requests in order, answers as they are ready. */
export function socketServer(node: ServedClnNode, wire: WireFaults): Server {
  return createServer((socket) => serve(node, wire, socket))
}
