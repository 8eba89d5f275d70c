import { connect } from 'node:net'
import * as z from 'zod'
import type { Clock } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { MAX_BODY_BYTES, tooLate, type ClnFault, type ClnOptions, type ClnRpc } from './rpc.ts'

const ID = 'splicekeeper'
/** lightningd ends every answer with an empty line. Its JSON never contains one inside a string. */
const END = Buffer.from('\n\n')

const Reply = z.object({
  id: z.literal(ID),
  result: z.unknown().optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
})

/** A complete answer: up to the empty line or, from a server that sends none, as soon as the JSON parses. */
function wholeIn(bytes: Buffer): unknown {
  const end = bytes.indexOf(END)
  const text = bytes.toString('utf8', 0, end === -1 ? bytes.length : end).trim()
  if (end === -1 && !text.endsWith('}')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function answerOf(method: string, json: unknown): Result<unknown, ClnFault> {
  const reply = Reply.safeParse(json)
  const { error, result } = reply.data ?? {}
  if (error !== undefined) return err({ type: 'error', ...error })
  return result === undefined ? err({ type: 'lost', message: `${method}: the answer is not JSON-RPC` }) : ok(result)
}

/**
 * JSON-RPC over the local socket of a lightningd, one connection per call. A socket has no rune, so the node
 * enforces no fence. Two things bound a call instead: nothing is written after its time, and a socket
 * delivers writes in order, before the two looks that prove a disconnect (docs/decisions/0008).
 */
export function clnSocket(path: string, clock: Clock): ClnRpc {
  return {
    async call(method, params, options) {
      const late = tooLate(options, clock.now())
      if (late !== null) return err(late)
      return exchange(path, method, params, options, clock)
    },
  }
}

function exchange(
  path: string,
  method: string,
  params: Readonly<Record<string, unknown>>,
  options: ClnOptions,
  clock: Clock,
): Promise<Result<unknown, ClnFault>> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    const chunks: Buffer[] = []
    let bytes = 0
    let written = false
    const lost = (why: string): ClnFault =>
      written
        ? { type: 'lost', message: `${method}: ${why}` }
        : { type: 'not_sent', identity: false, message: `${method}: ${why}` }
    const finish = (answer: Result<unknown, ClnFault>): void => {
      options.signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(answer)
    }
    const abort = (): void => {
      finish(err(lost('no time left')))
    }
    options.signal.addEventListener('abort', abort)
    socket.on('connect', () => {
      const late = tooLate(options, clock.now())
      if (late !== null) {
        finish(err(late))
        return
      }
      written = true
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: ID, method, params })}\n\n`)
    })
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) {
        finish(err(lost('the answer is too large')))
        return
      }
      // Parse a large answer once it may be complete, not at every chunk.
      const last = chunk.toString('utf8').trimEnd()
      if (!last.endsWith('}') && !chunk.includes(END)) return
      const received = Buffer.concat(chunks)
      const json = wholeIn(received)
      // After the end marker, more bytes cannot complete an answer.
      if (json !== undefined || received.includes(END)) finish(answerOf(method, json))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(err(lost(error.code ?? 'failed')))
    })
    socket.on('close', () => {
      finish(err(lost('the node hung up')))
    })
  })
}
