import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod'
import { jsonOf, textIn } from '../../local/files.ts'
import { until } from '../../local/until.ts'
import { withProduct, type LocalRun } from '../product/local-run.ts'
import { Profile, sharesOf, type Shares } from './profile.ts'

/** As many channels as splices: none waits for another one's lease. */
const SPLICES = 80
const CHANNELS = 80
const CLIENTS = 8
const BLOCK_SECONDS = 2
const SWEEP_SECONDS = 2
const AMOUNT_SATS = 50_000
const LONGEST_MS = 180_000
const LOOK_MS = 250
const EVENTS_LIMIT = 100
const MICROSECONDS = 1_000_000

const Events = z.object({
  data: z.array(z.object({ sequence: z.int(), type: z.string(), splice: z.string().nullable() })),
})

export type Throughput = {
  readonly splices: number
  readonly channels: number
  readonly blockSeconds: number
  /** From the first POST to the last `splice.settled`. */
  readonly seconds: number
  readonly perSecond: number
  /** Orders that were accepted in a second, while they were posted. */
  readonly acceptedPerSecond: number
  /** Processor time of the one process in which everything but the client runs, of a splice and in all (1: one processor). */
  readonly cpuMsPerSplice: number
  readonly processors: number
  /** To table and queues, by their names at AWS, those of sweeps and pollers included. */
  readonly requestsPerSplice: number
  readonly requests: Readonly<Record<string, number>>
  /** Messages that a function could not deal with: they come again minutes later. */
  readonly failedMessages: number
  /** Of the time of that process's main thread, what each part took, in percent; with `idle`. */
  readonly shares: Shares
}

/**
 * Orders many splices on many channels of one simulated node and waits until all of them have settled: the local product in
 * real time with its short periods, blocks and sweeps, all of it but the client in one process, of which a profile is taken.
 */
export async function measureThroughput({
  splices = SPLICES,
  channels = CHANNELS,
  blockSeconds = BLOCK_SECONDS,
  sweepSeconds = SWEEP_SECONDS,
} = {}): Promise<Throughput> {
  const environment = {
    CHANNELS: String(channels),
    SWEEP_SECONDS: String(sweepSeconds),
    BLOCK_SECONDS: String(blockSeconds),
    IN_ONE_THREAD: '1',
  } as const
  return withProduct(environment, async (run) => {
    toggleProfile(run)
    const start = performance.now()
    const ids = await orderAll(run, splices)
    const acceptedSeconds = secondsSince(start)
    await allSettled(run, ids)
    const seconds = secondsSince(start)
    const { profile, cpu, sent } = await profileOf(run)
    const cpuSeconds = (cpu.user + cpu.system) / MICROSECONDS
    return {
      splices,
      channels,
      blockSeconds,
      seconds,
      perSecond: splices / seconds,
      acceptedPerSecond: splices / acceptedSeconds,
      cpuMsPerSplice: (cpuSeconds * 1000) / splices,
      processors: cpuSeconds / seconds,
      requestsPerSplice: Object.values(sent).reduce((sum, count) => sum + count, 0) / splices,
      requests: sent,
      failedMessages: run.child.output().split('a message failed').length - 1,
      shares: sharesOf(profile),
    }
  })
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000

/** Some clients at once, channel after channel, so that as many lines move as there are. */
async function orderAll(run: LocalRun, splices: number): Promise<Set<string>> {
  const { channels } = run.child.endpoints
  const ids = new Set<string>()
  let next = 0
  const client = async (): Promise<void> => {
    for (let n = next++; n < splices; n = next++)
      ids.add(await run.order(channels[n % channels.length] ?? '', AMOUNT_SATS + n))
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return ids
}

/** By the log of events, as a client hears of them. */
async function allSettled(run: LocalRun, ids: ReadonlySet<string>): Promise<void> {
  const settled = new Set<string>()
  let after = 0
  await until('all splices to settle', LONGEST_MS, async () => {
    for (;;) {
      const { data } = await run.get(`/v1/events?after=${after}&limit=${EVENTS_LIMIT}`, Events)
      for (const { type, splice } of data) if (type === 'splice.settled' && splice !== null) settled.add(splice)
      after = data.at(-1)?.sequence ?? after
      if (data.length < EVENTS_LIMIT) break
    }
    if (settled.size === ids.size) return true
    await pause(LOOK_MS)
    return null
  })
}

function toggleProfile({ child }: LocalRun): void {
  process.kill(child.endpoints.pid, 'SIGUSR2')
}

const Written = z.object({
  profile: Profile,
  cpu: z.object({ user: z.number(), system: z.number() }),
  sent: z.record(z.string(), z.int()),
})

async function profileOf(run: LocalRun): Promise<z.infer<typeof Written>> {
  toggleProfile(run)
  return until('the profile', LONGEST_MS, () => {
    const text = textIn(join(run.folder, 'profile.json'))
    return text === null ? null : Written.parse(jsonOf('profile.json', text))
  })
}

/** For `console.table`. */
export function tableOf(measured: Throughput): Record<string, Record<string, number | string>> {
  const { splices, channels, seconds, perSecond, acceptedPerSecond, cpuMsPerSplice, processors } = measured
  const rounded = (value: number): number => Math.round(value * 100) / 100
  return {
    [`${splices} splices on ${channels} channels`]: { value: `${rounded(seconds)} s` },
    'settled a second': { value: rounded(perSecond) },
    'accepted a second': { value: rounded(acceptedPerSecond) },
    'processor time of a splice': { value: `${rounded(cpuMsPerSplice)} ms` },
    'processors busy': { value: rounded(processors) },
    'requests to table and queues, of a splice': { value: rounded(measured.requestsPerSplice) },
    'messages that failed': { value: measured.failedMessages },
    ...Object.fromEntries(Object.entries(measured.shares).map(([part, share]) => [part, { value: `${share} %` }])),
  }
}
