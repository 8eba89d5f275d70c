import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { portOf, type Emulator } from '../../../harness/emulators.ts'

/** A disturbance of the next requests of one operation, as the SDK names it: `PutItem`, `Query`, … */
export type Disturbance = {
  readonly operation: string
  readonly times: number
  /**
   * - `cut_after_response`: forwards, waits for the whole response, then resets the connection instead of passing it on
   * - `cut_before_forwarding`: resets the connection; the emulator never hears of it
   * - `no_answer`: forwards, and never passes the response on
   * - `throttle`: answers ProvisionedThroughputExceededException; the emulator never hears of it
   */
  readonly how: 'cut_after_response' | 'cut_before_forwarding' | 'no_answer' | 'throttle'
  /** Runs just before the disturbed answer (or the reset) goes out: the place for a racing writer. */
  readonly meanwhile?: () => Promise<void>
}

/** Counts of requests of an operation. */
export type Tally = { readonly arrived: number; readonly forwarded: number }

/** A proxy on a TCP port of its own that can be told to disturb. */
export type CuttingProxy = Emulator & {
  disturb(disturbance: Disturbance): void
  tally(operation: string): Tally
}

type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

const THROTTLED: Answer = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: Buffer.from(
    JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'injected',
    }),
  ),
}

/** Stands between a client and an emulator on real sockets. What is cut is cut with a TCP reset. */
export async function startCuttingProxy(upstream: string): Promise<CuttingProxy> {
  const tallies = new Map<string, Tally>()
  const pending: (Disturbance & { left: number })[] = []

  const count = (operation: string, field: keyof Tally) => {
    const tally = tallies.get(operation) ?? { arrived: 0, forwarded: 0 }
    tallies.set(operation, { ...tally, [field]: tally[field] + 1 })
  }
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await buffer(incoming)
    const operation = operationOf(incoming)
    count(operation, 'arrived')
    const disturbance = pending.find((each) => each.operation === operation && each.left > 0)
    if (disturbance) disturbance.left -= 1
    const isForwarded = !disturbance || ['cut_after_response', 'no_answer'].includes(disturbance.how)
    if (isForwarded) count(operation, 'forwarded')
    const answer = isForwarded ? await forwarded(upstream, incoming, body) : THROTTLED
    await disturbance?.meanwhile?.()
    if (disturbance?.how === 'no_answer') return
    if (disturbance && disturbance.how !== 'throttle') return void incoming.socket.resetAndDestroy()
    outgoing.writeHead(answer.status, answer.headers).end(answer.body)
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.resetAndDestroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    disturb: (disturbance) => void pending.push({ ...disturbance, left: disturbance.times }),
    tally: (operation) => tallies.get(operation) ?? { arrived: 0, forwarded: 0 },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function operationOf(incoming: IncomingMessage): string {
  return String(incoming.headers['x-amz-target']).split('.').at(-1) ?? ''
}

async function forwarded(upstream: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method, headers, url = '/' } = incoming
  const onward = request(new URL(url, upstream), { method: method ?? 'POST', headers, agent: false })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once('response', resolve).once('error', reject)
  })
  onward.end(body)
  const response = await answered
  return { status: response.statusCode ?? 502, headers: response.headers, body: await buffer(response) }
}
