import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Child } from '../../local/child.ts'

/** A regtest P2WPKH address. */
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const AMOUNT_SATS = 10_000
/** An answer that takes longer counts as none. */
const PATIENCE_MS = 30_000

/** One order's answer; status 0: there was none. */
export type Answer = { readonly status: number; readonly tookMs: number; readonly retryAfter: boolean }

/**
 * Orders at a fixed rate, spread over the channels, each of another effect, whether or not the earlier ones are answered. Each is
 * timed from when it was to be sent, so that a client that falls behind hides nothing. `first`: the serial of the first order.
 */
export async function orderOpenLoop(
  { endpoints }: Child,
  { perSecond, seconds, first = 0 }: { readonly perSecond: number; readonly seconds: number; readonly first?: number },
): Promise<Answer[]> {
  const { api, key, channels } = endpoints
  const dispatcher = new Agent({ headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS })
  const startsAt = performance.now()
  const answers: Promise<Answer>[] = []
  const order = async (n: number, dueAt: number): Promise<Answer> => {
    const asked = {
      node: 'alice',
      channel: channels[n % channels.length],
      kind: 'splice_out',
      amountSats: AMOUNT_SATS + n,
      address: ADDRESS,
    }
    try {
      const {
        statusCode: status,
        headers,
        body,
      } = await request(`${api}/v1/splices`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Idempotency-Key': `load ${n}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(asked),
        dispatcher,
      })
      await body.dump()
      return { status, tookMs: performance.now() - dueAt, retryAfter: headers['retry-after'] !== undefined }
    } catch {
      return { status: 0, tookMs: performance.now() - dueAt, retryAfter: false }
    }
  }
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const dueAt = startsAt + (n * 1000) / perSecond
    const leftMs = dueAt - performance.now()
    if (leftMs > 0) await pause(leftMs)
    answers.push(order(first + n, dueAt))
  }
  const answered = await Promise.all(answers)
  await dispatcher.close()
  return answered
}
