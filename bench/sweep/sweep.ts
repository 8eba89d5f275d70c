import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as z from 'zod'
import { liveALife } from './life.ts'
import { SweepSample, type Size, type SweepCost } from './one-sweep.ts'
import { measureSdk, type SdkCost } from './sdk-cost.ts'

const run = promisify(execFile)

const FINISHED = 1_000_000
const HEAP_MB = 8_192
const OUTPUT_BYTES = 16 * 1024 * 1024

const LEAST = 1_000
const MOST = 100_000
const ACROSS = { live: 10_000, nodes: 10 } as const

/** What is measured if nobody asks for more. */
const sizes: readonly Size[] = [
  { live: LEAST, nodes: ACROSS.nodes },
  { live: ACROSS.live, nodes: 1 },
  ACROSS,
  { live: ACROSS.live, nodes: 100 },
  { live: MOST, nodes: ACROSS.nodes },
]
const allSizes: readonly Size[] = [LEAST, ACROSS.live, MOST].flatMap((live) =>
  [1, 10, 100].map((nodes) => ({ live, nodes })),
)

/** What sweeps cost at each size, and what the SDK adds to a request; null: it cannot be measured on this machine. */
export type SweepReport = { readonly samples: readonly SweepSample[]; readonly sdk: SdkCost | null }

/** The aims, as figures. */
export type SweepAims = {
  /** Looks at nodes in a sweep, of each node: 1. */
  readonly looksPerNode: number
  /** How often a live splice is looked at after a block, if no other comes: 1. */
  readonly drivesPerBlock: number
  /** CPU time per live splice, the most to the least of them: at most 1.2. */
  readonly growth: number
  /** CPU time with a million finished splices to that without: 1. */
  readonly withHistory: number
  /** Reads of finished splices: 0. */
  readonly historyRead: number
  /** CPU time of a sweep that looks at a hundred thousand, without the SDK and with it, in seconds: below 60. */
  readonly seconds: number
  readonly secondsWithSdk: number | null
}

/** Sweeps a table of each size, in a process of its own that may collect its garbage before each. */
export async function measureSweeps(all = false): Promise<SweepReport> {
  const sdk = await measureSdk(await liveALife())
  const module = new URL('./one-sweep.ts', import.meta.url).href
  const wanted = JSON.stringify(all ? allSizes : sizes)
  const script = `import { measureEach } from '${module}'
    console.log(JSON.stringify(await measureEach(${wanted}, ${FINISHED})))`
  const { stdout } = await run(
    process.execPath,
    ['--expose-gc', `--max-old-space-size=${HEAP_MB}`, '--input-type=module', '--eval', script],
    { maxBuffer: OUTPUT_BYTES },
  )
  return { samples: z.array(SweepSample).parse(JSON.parse(stdout)), sdk }
}

/** CPU time that the real client adds to a sweep, in milliseconds. */
export function sdkMsOf({ requests, itemsBatched, due }: SweepCost, sdk: SdkCost): number {
  const splices = itemsBatched['SPL'] ?? 0
  const others = Object.values(itemsBatched).reduce((sum, count) => sum + count, 0) - splices
  const us =
    requests.GetItem * sdk.getItemUs +
    requests.PutItem * sdk.putItemUs +
    splices * sdk.batchedSpliceUs +
    others * sdk.batchedItemUs +
    due * sdk.listedEntryUs
  return us / 1_000
}

/** Reads the aims off the figures. */
export function aimsOf({ samples, sdk }: SweepReport): SweepAims {
  const perLive = (live: number): number =>
    Math.min(...samples.filter((each) => each.live === live && each.nodes === ACROSS.nodes).map(cpuUsOf))
  const [largest] = samples.filter(({ live, nodes }) => live === MOST && nodes === ACROSS.nodes)
  const ratios = samples.map(({ newBlock, withoutHistory }) => newBlock.cpuMs / withoutHistory.cpuMs)
  const cpuMs = largest?.newBlock.cpuMs ?? NaN
  return {
    looksPerNode: Math.max(...samples.map(({ nodes, newBlock }) => newBlock.calls.look / nodes)),
    drivesPerBlock: Math.max(
      ...samples.map(({ live, newBlock, afterBlock }) => (newBlock.due + afterBlock.due) / live),
    ),
    growth: perLive(MOST) / perLive(LEAST),
    withHistory: ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? NaN,
    historyRead: samples.reduce((sum, { newBlock }) => sum + newBlock.historyRead, 0),
    seconds: cpuMs / 1_000,
    secondsWithSdk: sdk && largest ? (cpuMs + sdkMsOf(largest.newBlock, sdk)) / 1_000 : null,
  }
}

function cpuUsOf({ live, newBlock }: SweepSample): number {
  return (newBlock.cpuMs * 1_000) / live
}

/** One row for each size and kind of sweep: what it asked for and took, of each live splice but for the looks. */
export function tableOf({ samples, sdk }: SweepReport): Record<string, Record<string, number | string>> {
  const kinds = {
    nothingDue: 'nothing due',
    newBlock: 'a block',
    afterBlock: 'after it',
    withoutHistory: 'a block, no finished ones',
  } as const
  return Object.fromEntries(
    samples.flatMap((sample) =>
      (['nothingDue', 'newBlock', 'afterBlock', 'withoutHistory'] as const).map((kind) => {
        const name = `${sample.live} on ${sample.nodes}${sample.nodesTooBig > 0 ? ' (*)' : ''}: ${kinds[kind]}`
        return [name, rowOf(sample[kind], sample.live, sdk)]
      }),
    ),
  )
}

function rowOf(cost: SweepCost, live: number, sdk: SdkCost | null): Record<string, number | string> {
  const each = (value: number): number => Number((value / live).toPrecision(3))
  const { requests, calls } = cost
  return {
    due: cost.due,
    looks: calls.look,
    GetItem: each(requests.GetItem),
    BatchGetItem: each(requests.BatchGetItem),
    'Query of an index': each(requests['Query of an index']),
    PutItem: each(requests.PutItem),
    'chain calls': each(calls.tip + calls.blockHash + calls.spend + calls.feeRate + calls.other),
    'CPU us': each(cost.cpuMs * 1_000),
    'CPU us of the SDK': sdk === null ? '' : each(sdkMsOf(cost, sdk) * 1_000),
    'wall us': each(cost.wallMs * 1_000),
    'held bytes': each(cost.heldBytes),
    'failed or alarms': cost.failed + cost.alarms,
  }
}
