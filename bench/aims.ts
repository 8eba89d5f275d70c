import type { AcceptFigures } from './accept/accept.ts'
import type { CoreMeasures } from './core/core.ts'
import type { measureBundles } from './bundles.ts'
import type { OrderFigures } from './orders/orders.ts'
import type { Recovery } from './recovery/recovery.ts'
import type { Tally } from './requests/metered-world.ts'
import type { countRequests } from './requests/requests.ts'
import { aimsOf, type SweepReport } from './sweep/sweep.ts'

const KIB = 1024
const SECOND_MS = 1_000
const PERIOD_SECONDS = 60
/** A sweep of the bench is up to two seconds late. */
const POLLED_SECONDS = PERIOD_SECONDS + 2
const GROWTH = 1.2

/** One aim of the project, the figure of this run, and whether it is held. */
export type Aim = {
  readonly aim: string
  readonly wanted: string
  readonly figure: number
  readonly held: boolean
}

const most = (aim: string, wanted: number, figure: number): Aim => ({
  aim,
  wanted: `at most ${wanted}`,
  figure,
  held: figure <= wanted,
})
const least = (aim: string, wanted: number, figure: number): Aim => ({
  aim,
  wanted: `at least ${wanted}`,
  figure,
  held: figure >= wanted,
})

/** Aims for what a plain splice-out is billed, and for one that waits behind another. */
export function requestAims({ plain: { tally }, waitingHour }: Awaited<ReturnType<typeof countRequests>>): Aim[] {
  return [
    most('an hour behind another splice: node and chain requests', 0, asked(waitingHour)),
    most('plain splice: writes of its item', 9, tally['put of SPL'] ?? 0),
    most('plain splice: writes in all', 19, tally['PutItem'] ?? 0),
    most('plain splice: DynamoDB and SQS requests', 60, tally['DynamoDB and SQS requests'] ?? 0),
  ]
}

const asked = (tally: Tally): number => Math.abs(tally['node calls'] ?? 0) + Math.abs(tally['chain calls'] ?? 0)

export function acceptAims({ loads, requests }: AcceptFigures): Aim[] {
  return [
    // The hint goes out beside the put of the splice.
    most('accept: requests one after another', 3, requests.filter((name) => name !== 'SendMessage').length),
    most('accept: lists', 0, requests.filter((name) => name === 'Query').length),
    ...loads.flatMap(({ clients, toPut }) => [
      most(`accept, ${clients} clients: p50 to a bare put`, 1.6, toPut.p50),
      least(`accept, ${clients} clients: throughput to bare puts`, 0.6, toPut.throughput),
    ]),
  ]
}

/** Aims for orders that come at a rate, and for what happens above what the service can do. */
export function orderAims({ steady, overload }: OrderFigures): Aim[] {
  const { perSecond, seconds } = steady
  const answered = (load: OrderFigures['steady'], wanted: (status: number) => boolean): number =>
    Object.entries(load.statuses).reduce((sum, [status, count]) => sum + (wanted(Number(status)) ? count : 0), 0)
  return [
    most(`orders, ${perSecond} a second: p50, ms`, 30, steady.accepted.p50Ms),
    most(`orders, ${perSecond} a second: p99, ms`, 200, steady.accepted.p99Ms),
    most(`orders, ${perSecond} a second: not accepted`, 0, perSecond * seconds - answered(steady, (s) => s === 202)),
    most(
      'orders, overload: neither 202 nor 503',
      0,
      answered(overload, (s) => s !== 202 && s !== 503),
    ),
    most('orders, overload: p50 of a 503, ms', 100, overload.shed.count === 0 ? 0 : overload.shed.p50Ms),
    most('orders, overload: 503 without Retry-After', 0, overload.shedWithoutRetryAfter),
  ]
}

export function sweepAims(report: SweepReport): Aim[] {
  const aims = aimsOf(report)
  return [
    most('sweep: looks at each node', 1, aims.looksPerNode),
    most('sweep: looks at each live splice, a block', 1, aims.drivesPerBlock),
    most('sweep: processor time of a splice, 100,000 to 1,000', GROWTH, aims.growth),
    most('sweep: with a million finished splices to without', GROWTH, aims.withHistory),
    most('sweep: finished splices read', 0, aims.historyRead),
    most('sweep: seconds for 100,000, with the SDK', 60, aims.secondsWithSdk ?? aims.seconds),
  ]
}

export function recoveryAims({ realTime, virtual }: Recovery): Aim[] {
  const relayed = Object.entries(realTime).map(([name, { max }]) =>
    most(`recovery with a relay, ${name}: seconds at most`, 2, max / SECOND_MS),
  )
  const polled = virtual
    .filter(({ relay }) => !relay)
    .map(({ scenario, lag }) =>
      most(`recovery by sweeps, ${scenario}: seconds at most`, POLLED_SECONDS, lag.max / SECOND_MS),
    )
  return [...relayed, ...polled]
}

export function coreAims({ speed, items }: CoreMeasures): Aim[] {
  return [
    least('core: decisions a second', 500_000, speed.decisionsPerSecond),
    most('item after a long life, bytes', 40_000, items.long.itemBytes),
  ]
}

/** Aims for what is deployed, without the SDK and zod's messages in other languages. */
export function bundleAims(bundles: Awaited<ReturnType<typeof measureBundles>>): Aim[] {
  return bundles.map(({ name, bytes, sdkBytes, localeBytes }) =>
    most(
      `bundle of ${name}, KiB of ours`,
      name === 'api' ? 700 : 600,
      Math.round((bytes - sdkBytes - localeBytes) / KIB),
    ),
  )
}
