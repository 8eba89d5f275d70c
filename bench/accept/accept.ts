import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'undici'
import * as z from 'zod'
import { Timing, channelIdOf, inParallel, orderOf } from './load.ts'

/** Clients at once, and how many requests of each kind they make in a round. */
const loads = [
  { clients: 1, count: 100 },
  { clients: 16, count: 240 },
  { clients: 64, count: 480 },
] as const
const CLIENTS_MAX = 64
/** Splices that a channel has had, where it is measured what looking through them costs. */
const HISTORIES = [0, 10, 100] as const
const HISTORY_ORDERS = 20
const FIRST_CHANNEL = 1
/** How many channels the rounds need; those of the histories follow. */
const CHANNELS = FIRST_CHANNEL + loads.reduce((sum, { count }) => sum + count, 0)

const kinds = ['put', 'putOverHttp', 'accept'] as const
type Kind = (typeof kinds)[number]

type Rate = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number }

/** How a kind of request stands to bare puts. */
type Ratios = { readonly p50: number; readonly throughput: number }

/** What accepting a splice costs, beside a bare put. */
export type AcceptFigures = {
  readonly loads: readonly ({
    readonly clients: number
    readonly toPut: Ratios
    readonly toPutOverHttp: Ratios
  } & Readonly<Record<Kind, Rate>>)[]
  /** The requests of one order to DynamoDB and SQS, in the order in which they went out, in a process that has had others on the channel. */
  readonly requests: readonly string[]
  /** One client's orders on a channel that has had so many splices: the first, for which they are all read, and the median of the next. */
  readonly histories: readonly {
    readonly splices: number
    readonly firstMs: number
    readonly p50Ms: number
  }[]
}

/**
 * Measures `POST /v1/splices` against a bare put, under `attribute_not_exists`, of the row that an accepted splice is stored as.
 *
 * Three processes: one emulates DynamoDB (on a folder) and SQS, as `npm start` does; one is the API as it runs locally, and
 * makes the bare puts as well, over a client of the same settings, so that both start from the same process and end in the same
 * one; this one makes the requests, over connections that stay. `put` is the SDK's call alone. `putOverHttp` is the same behind the
 * API's HTTP server: what the hop costs in which an order arrives. Rounds of the kinds alternate, so that whatever else the
 * machine does meets all of them; a first round is not counted. Nothing consumes the queue, and nothing sweeps.
 *
 * Each order of a round is on a channel of its own: after n rounds a channel has had n splices, all of them live, as a busy
 * channel has. They were accepted by this one process, which therefore need not read them (functions/api/effects.ts), and the key is
 * known to it: a warm process is measured. What a history costs that the process does not know is measured apart.
 */
export async function measureAccept(rounds = 4): Promise<AcceptFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-accept-'))
  const controller = new AbortController()
  try {
    const table = await started('table.ts', [folder], Environment, process.env, controller.signal)
    const args = [String(CHANNELS + HISTORIES.length)]
    const api = await started('api.ts', args, Api, table.environment, controller.signal)
    const load = new Load(api)
    const figures = await measured(load, rounds)
    await load.close()
    return figures
  } finally {
    controller.abort()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const Environment = z.object({ environment: z.record(z.string(), z.string()) })
const Api = z.object({ url: z.url(), secret: z.string() })

/** Starts one of the two other processes; answers what it says once it is up. */
async function started<T>(
  script: string,
  args: readonly string[],
  says: z.ZodType<T>,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = fork(path, args, { env, signal, killSignal: 'SIGKILL', execPath: process.execPath })
  const failed = once(child, 'exit').then(([code]) => {
    if (!signal.aborted) throw new Error(`${script} ended with ${code}`)
  })
  child.on('error', () => undefined)
  const [message] = await Promise.race([once(child, 'message'), failed.then(() => [null])])
  failed.catch(() => undefined)
  return says.parse(message)
}

/** The clients of the API, each with a connection that stays. */
class Load {
  readonly #clients: readonly Client[]
  readonly #secret: string
  #serial = 0

  constructor({ url, secret }: z.infer<typeof Api>) {
    this.#clients = Array.from({ length: CLIENTS_MAX }, () => new Client(url, { pipelining: 1 }))
    this.#secret = secret
  }

  async round(kind: Kind, clients: number, count: number, firstChannel: number): Promise<Timing> {
    if (kind === 'put') return Timing.parse(await this.ask('/puts', { clients, count }))
    if (kind === 'putOverHttp') return inParallel(clients, count, async (_, client) => this.#send(client, '/put', {}))
    return this.orders(clients, count, (n) => firstChannel + n)
  }

  orders(clients: number, count: number, channelOf: (n: number) => number): Promise<Timing> {
    return inParallel(clients, count, (n, client) => {
      this.#serial += 1
      return this.#send(client, '/v1/splices', orderOf(this.#secret, channelOf(n), this.#serial))
    })
  }

  /** A request that is not measured. */
  async ask(path: string, body: unknown): Promise<unknown> {
    const [client] = this.#clients
    const answer = await client?.request({ method: 'POST', path, body: JSON.stringify(body) })
    return answer?.body.json()
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  async #send(client: number, path: string, init: { headers?: Record<string, string>; body?: string }) {
    const answer = await this.#clients[client]?.request({ method: 'POST', path, ...init })
    const text = await answer?.body.text()
    if (answer?.statusCode !== 202) throw new Error(`HTTP ${answer?.statusCode}: ${text}`)
  }
}

async function measured(load: Load, rounds: number): Promise<AcceptFigures> {
  const timings = loads.map(() => ({ put: noTiming(), putOverHttp: noTiming(), accept: noTiming() }))
  for (let round = 0; round <= rounds; round += 1) {
    let firstChannel = FIRST_CHANNEL
    for (const [position, { clients, count }] of loads.entries()) {
      for (const kind of kinds) {
        const { latenciesMs, totalMs } = await load.round(kind, clients, count, firstChannel)
        const timing = round === 0 ? undefined : timings[position]?.[kind]
        timing?.latenciesMs.push(...latenciesMs)
        if (timing !== undefined) timing.totalMs += totalMs
      }
      firstChannel += count
    }
  }
  return {
    loads: timings.map((timing, position) => {
      const [put, putOverHttp, accept] = [rateOf(timing.put), rateOf(timing.putOverHttp), rateOf(timing.accept)]
      const clients = loads[position]?.clients ?? 0
      const [toPut, toPutOverHttp] = [ratiosOf(accept, put), ratiosOf(accept, putOverHttp)]
      return { clients, put, putOverHttp, accept, toPut, toPutOverHttp }
    }),
    ...(await measuredHistories(load)),
  }
}

async function measuredHistories(load: Load): Promise<Pick<AcceptFigures, 'requests' | 'histories'>> {
  const histories = []
  const requests = z.array(z.string()).parse(await load.ask('/requests', {}))
  for (const [position, splices] of HISTORIES.entries()) {
    const channel = CHANNELS + position
    await load.ask('/earlier', { channelId: channelIdOf(channel), count: splices })
    const { latenciesMs } = await load.orders(1, HISTORY_ORDERS, () => channel)
    const [firstMs = NaN, ...nextMs] = latenciesMs
    histories.push({ splices, firstMs, p50Ms: quantile(nextMs, 0.5) })
  }
  return { requests, histories }
}

const noTiming = (): { latenciesMs: number[]; totalMs: number } => ({ latenciesMs: [], totalMs: 0 })

function rateOf({ latenciesMs, totalMs }: Timing): Rate {
  return {
    perSecond: latenciesMs.length / (totalMs / 1_000),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  }
}

const ratiosOf = (rate: Rate, base: Rate): Ratios => ({
  p50: rate.p50Ms / base.p50Ms,
  throughput: rate.perSecond / base.perSecond,
})

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
}

/** Rows for `console.table`, by the number of clients. */
export function tableOf({ loads: rows }: AcceptFigures): Record<string, Record<string, number>> {
  const rounded = (value: number): number => Math.round(value * 100) / 100
  return Object.fromEntries(
    rows.map(({ clients, put, accept, toPut, toPutOverHttp }) => [
      `${clients} at once`,
      {
        'accepted/s': Math.round(accept.perSecond),
        'p50 ms': rounded(accept.p50Ms),
        'p99 ms': rounded(accept.p99Ms),
        'puts/s': Math.round(put.perSecond),
        'put p50 ms': rounded(put.p50Ms),
        'put p99 ms': rounded(put.p99Ms),
        'p50 to put': rounded(toPut.p50),
        'throughput to put': rounded(toPut.throughput),
        'p50 to put over HTTP': rounded(toPutOverHttp.p50),
        'throughput to put over HTTP': rounded(toPutOverHttp.throughput),
      },
    ]),
  )
}
