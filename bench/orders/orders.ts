import { withProduct } from '../product/local-run.ts'
import { measureBeside, type Beside } from './beside.ts'
import { orderOpenLoop, type Answer } from './open-loop.ts'
import { spreadOf, type Spread } from './spread.ts'

const PER_SECOND = 50
const SECONDS = 20
const ALL_SECONDS = 60
/** Enough that a minute's orders fit into the queues. */
const CHANNELS = 60
/** As `npm start` has it. */
const [SWEEP_SECONDS, BLOCK_SECONDS] = [1, 5]
const IDLE_MS = 2_000
/** More than two processors can serve, from many clients at once. */
const OVERLOAD = { perSecond: 600, seconds: 3 }

/** Orders at one rate: how they were answered, and what the machine took beside them. */
export type Load = {
  readonly perSecond: number
  readonly seconds: number
  /** Orders by the status of their answer; 0: none within half a minute. */
  readonly statuses: Readonly<Record<string, number>>
  readonly accepted: Spread
  /** Those with 503. */
  readonly shed: Spread
  readonly shedWithoutRetryAfter: number
  readonly beside: Beside
}

export type OrderFigures = {
  /** The machine's own fsync and a bare put before any order came. */
  readonly idle: Beside
  readonly steady: Load
  readonly overload: Load
}

/**
 * Orders fifty splices a second of the local product as `npm start` runs it, on as many channels as a minute of them needs, and then
 * more than it can serve. Its world is kept in memory. Beside it, in the same run, the machine's own fsync and a bare put.
 */
export async function measureOrders(all: boolean): Promise<OrderFigures> {
  const environment = {
    CHANNELS: String(CHANNELS),
    SWEEP_SECONDS: String(SWEEP_SECONDS),
    BLOCK_SECONDS: String(BLOCK_SECONDS),
  }
  return withProduct(environment, async ({ child, folder }) => {
    const until = performance.now() + IDLE_MS
    const idle = await measureBeside(folder, child.endpoints.table, () => performance.now() > until)
    let first = 0
    const load = async (rate: { readonly perSecond: number; readonly seconds: number }): Promise<Load> => {
      let over = false
      const beside = measureBeside(folder, child.endpoints.table, () => over)
      const answers = await orderOpenLoop(child, { ...rate, first })
      over = true
      first += rate.perSecond * rate.seconds
      return { ...rate, ...answeredOf(answers), beside: await beside }
    }
    const steady = await load({ perSecond: PER_SECOND, seconds: all ? ALL_SECONDS : SECONDS })
    return { idle, steady, overload: await load(OVERLOAD) }
  })
}

function answeredOf(answers: readonly Answer[]): Omit<Load, 'perSecond' | 'seconds' | 'beside'> {
  const statuses: Record<string, number> = {}
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1
  const tookOf = (wanted: number): number[] =>
    answers.flatMap(({ status, tookMs }) => (status === wanted ? [tookMs] : []))
  return {
    statuses,
    accepted: spreadOf(tookOf(202)),
    shed: spreadOf(tookOf(503)),
    shedWithoutRetryAfter: answers.filter(({ status, retryAfter }) => status === 503 && !retryAfter).length,
  }
}

/** Rows for `console.table`. */
export function tableOf({ idle, steady, overload }: OrderFigures): Record<string, Record<string, number | string>> {
  const rounded = (value: number): number => Math.round(value * 10) / 10
  const row = ({ count, p50Ms, p99Ms, maxMs }: Spread) => ({
    count,
    'p50 ms': rounded(p50Ms),
    'p99 ms': rounded(p99Ms),
    'most ms': rounded(maxMs),
  })
  const rows = Object.entries({ steady, overload }).flatMap(
    ([name, load]): [string, Record<string, number | string>][] => [
      [`${name}, ${load.perSecond} a second for ${load.seconds} s: accepted`, row(load.accepted)],
      [`${name}: 503`, row(load.shed)],
      [`${name}: answers by status`, { count: JSON.stringify(load.statuses) }],
      [`${name}: fsync of 4 KiB beside it`, row(load.beside.fsync)],
      [`${name}: bare put beside it`, row(load.beside.put)],
    ],
  )
  return {
    'idle: fsync of 4 KiB': row(idle.fsync),
    'idle: bare put': row(idle.put),
    ...Object.fromEntries(rows),
  }
}
