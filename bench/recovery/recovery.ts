import { relayLags } from './relay.ts'
import { lagOf, scenarios, type Lag, type Scenario } from './polling.ts'

const TIMES = 8
const SEEDS = 100

/** How long something took, in milliseconds. */
export type Spread = {
  readonly samples: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export type Waited = {
  readonly scenario: Scenario['name']
  /** Whether a relay told of the node's events; where not, sweeps alone find what has changed. */
  readonly relay: boolean
  /** After the last gate opened, by the product's own record. */
  readonly lag: Spread
  /** After the first instant at which it could have opened. */
  readonly late: Spread
}

export type Recovery = {
  /** In real time, through relay, HTTP, queues and workers, without a sweep. */
  readonly realTime: { readonly peerReturned: Spread; readonly nodeRestarted: Spread }
  /** On the virtual clock with the design's periods, where nothing but waiting takes time. */
  readonly virtual: readonly Waited[]
}

/** Measures from the instant the last gate opens to the resubmission, each by the simulated node's journal. */
export async function measureRecovery({ times = TIMES, seeds = SEEDS } = {}): Promise<Recovery> {
  const { peerReturned, nodeRestarted } = await relayLags(times)
  const virtual: Waited[] = []
  for (const relay of [false, true]) {
    for (const scenario of scenarios) {
      const lags: Lag[] = []
      for (let seed = 1; seed <= seeds; seed++) lags.push(await lagOf(scenario, String(seed), relay))
      virtual.push({
        scenario: scenario.name,
        relay,
        lag: spreadOf(lags.map(({ lagMs }) => lagMs)),
        late: spreadOf(lags.map(({ lateMs }) => lateMs)),
      })
    }
  }
  return {
    realTime: { peerReturned: spreadOf(peerReturned), nodeRestarted: spreadOf(nodeRestarted) },
    virtual,
  }
}

function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  return { samples: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

const SAYS = {
  peerReturned: 'the peer came back',
  nodeLostIt: 'the node restarted and lost it',
  backoff: 'a backoff passed',
} as const satisfies Record<Scenario['name'], string>

/** For `console.table`, in seconds. */
export function tableOf({ realTime, virtual }: Recovery): Record<string, Record<string, number>> {
  const seconds = (ms: number): number => Math.round(ms / 10) / 100
  const row = (prefix: string, { p50, p99, max }: Spread) => ({
    [`${prefix}p50 s`]: seconds(p50),
    [`${prefix}p99 s`]: seconds(p99),
    [`${prefix}max s`]: seconds(max),
  })
  return {
    'relay, real time: the peer came back': row('', realTime.peerReturned),
    'relay, real time: the node restarted, the peer came back': row('', realTime.nodeRestarted),
    ...Object.fromEntries(
      virtual.map(({ scenario, relay, lag, late }) => [
        `${relay ? 'relay and sweeps' : 'sweeps alone'}: ${SAYS[scenario]}`,
        { ...row('', lag), ...row('late ', late) },
      ]),
    ),
  }
}
