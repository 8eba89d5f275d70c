import type { AcceptFigures } from './accept/accept.ts'
import type { CoreMeasures } from './core/core.ts'
import type { measureBundles } from './bundles.ts'
import type { Recovery } from './recovery/recovery.ts'
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

/** Aims for what a plain splice-out is billed. */
export function requestAims({ plain: { tally } }: Awaited<ReturnType<typeof countRequests>>): Aim[] {
  return [
    most('plain splice: writes of its item', 9, tally['put of SPL'] ?? 0),
    most('plain splice: writes in all', 19, tally['PutItem'] ?? 0),
    most('plain splice: DynamoDB and SQS requests', 60, tally['DynamoDB and SQS requests'] ?? 0),
  ]
}

export function acceptAims({ loads }: AcceptFigures): Aim[] {
  return loads.flatMap(({ clients, toPut }) => [
    most(`accept, ${clients} clients: p50 to a bare put`, 1.6, toPut.p50),
    least(`accept, ${clients} clients: throughput to bare puts`, 0.6, toPut.throughput),
  ])
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
