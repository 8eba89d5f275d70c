import { itemOf } from '../../adapters/store/dynamo-rows.ts'
import { rowOf } from '../../adapters/store/store.ts'
import { advance } from '../../core/decision/advance.ts'
import { classify } from '../../core/decision/classify.ts'
import { decide } from '../../core/decision/decide.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { itemBytes } from '../../harness/item-bytes.ts'
import { LONG, LONGEST, type Length } from '../../harness/long-life/length.ts'
import { longLife } from '../../harness/long-life/long-life.ts'
import { recordedLooks, type Look } from './looks.ts'

const ROUNDS = 7
const ROUND_MS = 400

/** How much the pure core does in a second on one processor, of what looks at real lives gave it. */
export type CoreSpeed = {
  /** Looks that were recorded, and how many rows of the decision table they come to. */
  readonly looks: number
  readonly rows: number
  /** `decide` alone: gates and decision table, for a look whose verdict is known. */
  readonly decisionsPerSecond: number
  /** `classify` and `decide`: from what was seen to what follows. */
  readonly verdictsAndDecisionsPerSecond: number
  /** `advance`: the same, with each step taken until nothing more follows. */
  readonly advancesPerSecond: number
}

/** The largest item that a life came to, in bytes as DynamoDB counts them and as JSON, which the store bounds. */
export type LargestItem = {
  readonly events: number
  readonly itemBytes: number
  readonly jsonBytes: number
  /** The fields that have most of it. */
  readonly attempts: number
  readonly bumps: number
  readonly candidates: number
  readonly timeline: number
}

export type CoreMeasures = {
  readonly speed: CoreSpeed
  /** All that a client, a node and the chain can do; and with every bound reached, operators' acts included. */
  readonly items: { readonly long: LargestItem; readonly longest: LargestItem }
}

/** Measures the core's speed and the largest items. */
export async function measureCore({ rounds = ROUNDS, roundMs = ROUND_MS } = {}): Promise<CoreMeasures> {
  const looks = await recordedLooks()
  return {
    speed: speedOf(looks, rounds, roundMs),
    items: { long: largestOf(LONG), longest: largestOf(LONGEST) },
  }
}

function speedOf(looks: readonly Look[], rounds: number, roundMs: number): CoreSpeed {
  const cases = looks.map((look) => {
    const { splice, observation, now, policy } = look
    const verdict = classify(splice, observation, policy)
    const noted = step(splice, { type: 'looked', verdict }, { now, policy }).splice
    return { ...look, verdict, noted }
  })
  const works = {
    decide: () => {
      for (const { noted, verdict, observation, now, policy } of cases) decide(noted, verdict, observation, now, policy)
    },
    classify: () => {
      for (const { splice, noted, observation, now, policy } of cases)
        decide(noted, classify(splice, observation, policy), observation, now, policy)
    },
    advance: () => {
      for (const { splice, observation, now, policy } of cases) advance(splice, observation, { now, policy })
    },
  }
  const rates = { decide: [0], classify: [0], advance: [0] }
  // One after the other in each round: what else the machine does falls on all of them.
  for (let round = 0; round <= rounds; round++) {
    for (const name of ['decide', 'classify', 'advance'] as const) {
      const perSecond = passesPerSecond(works[name], roundMs) * cases.length
      // The first round is the compiler's.
      if (round > 0) rates[name].push(perSecond)
    }
  }
  const rows = cases.map((each) => decide(each.noted, each.verdict, each.observation, each.now, each.policy).rule)
  return {
    looks: cases.length,
    rows: new Set(rows).size,
    decisionsPerSecond: medianOf(rates.decide),
    verdictsAndDecisionsPerSecond: medianOf(rates.classify),
    advancesPerSecond: medianOf(rates.advance),
  }
}

/** By the processor's time, not the clock's: what other processes take is not counted. */
function passesPerSecond(work: () => void, ms: number): number {
  const start = process.cpuUsage()
  const spentMs = (): number => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
  let passes = 0
  while (spentMs() < ms) {
    work()
    passes += 1
  }
  return (passes * 1000) / spentMs()
}

function medianOf([, ...rates]: readonly number[]): number {
  return Math.round(rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)] ?? 0)
}

function largestOf(length: Length): LargestItem {
  const records = longLife(length)
  const sizes = records.map((splice) => ({ splice, bytes: itemBytes(itemOf(rowOf(splice))) }))
  const { splice, bytes } = sizes.reduce((most, each) => (each.bytes > most.bytes ? each : most))
  const ofField = (name: keyof Splice): number => itemBytes({ [name]: splice[name] })
  return {
    events: records.length,
    itemBytes: bytes,
    jsonBytes: Buffer.byteLength(JSON.stringify(splice)),
    attempts: ofField('attempts'),
    bumps: ofField('bumps'),
    candidates: ofField('candidates'),
    timeline: ofField('timeline'),
  }
}

/** For `console.table`. */
export function tableOf({ speed, items }: CoreMeasures): Record<string, Record<string, number | string>> {
  const size = ({ itemBytes: bytes, jsonBytes, ...rest }: LargestItem) => ({
    item: bytes,
    json: jsonBytes,
    ...rest,
  })
  return {
    'decisions a second': { count: speed.decisionsPerSecond },
    'verdicts and decisions a second': { count: speed.verdictsAndDecisionsPerSecond },
    'whole advances a second': { count: speed.advancesPerSecond },
    'bytes of an item after a long life': size(items.long),
    'bytes with every bound reached': size(items.longest),
  }
}
