import * as v8 from 'node:v8'
import * as z from 'zod'
import { StoreAssertion } from '../../adapters/store/assertions.ts'
import { sharedReads } from '../../adapters/store/shared-reads.ts'
import { storeOver } from '../../adapters/store/store.ts'
import { itemKinds, type ItemKind, type ItemOf, type Versioned } from '../../core/ports/records.ts'
import { Policy } from '../../core/splice/policy.ts'
import { DUE_SHARDS, type Ports, type Store } from '../../core/ports/ports.ts'
import { sweep } from '../../core/sweep/sweep.ts'
import { chanceFrom } from '../../harness/chance.ts'
import { BigTable } from './big-table.ts'
import { Fleet } from './fleet.ts'
import { liveALife, type Life } from './life.ts'
import type { History } from './history.ts'

const counts = z.record(z.string(), z.number())

/** What one sweep asked for and took. */
export const SweepCost = z.object({
  requests: z.object({
    GetItem: z.number(),
    BatchGetItem: z.number(),
    Query: z.number(),
    'Query of an index': z.number(),
    PutItem: z.number(),
  }),
  /** Items read, by the first part of their key; and those of them that were read many at once. */
  itemsRead: counts,
  itemsBatched: counts,
  /** Bodies of finished splices that were read. */
  historyRead: z.number(),
  calls: z.object({
    look: z.number(),
    tip: z.number(),
    blockHash: z.number(),
    spend: z.number(),
    feeRate: z.number(),
    other: z.number(),
  }),
  due: z.number(),
  failed: z.number(),
  /** Rows of the decision table that were taken, and how often. */
  decisions: counts,
  alarms: z.number(),
  cpuMs: z.number(),
  wallMs: z.number(),
  /** What is held in memory when the last shard is read, above what was there before. */
  heldBytes: z.number(),
})
export type SweepCost = z.infer<typeof SweepCost>

/** Live splices, nodes, and finished splices in the same table; and what the kinds of sweep cost there. */
export const SweepSample = z.object({
  live: z.number(),
  nodes: z.number(),
  finished: z.number(),
  /** All rests, and no block has come. */
  nothingDue: SweepCost,
  /** A block has come: each live splice is looked at. */
  newBlock: SweepCost,
  /** The next sweep after that one, without another block. */
  afterBlock: SweepCost,
  /** As `newBlock`, without finished splices. */
  withoutHistory: SweepCost,
  /** Nodes whose item is too big for the table, and is kept by the bench. */
  nodesTooBig: z.number(),
})
export type SweepSample = z.infer<typeof SweepSample>
export type Size = Pick<SweepSample, 'live' | 'nodes'>

/** Between two sweeps; all of them end before a node is written down anew. */
const STEP_MS = 20_000
const FIRST_SWEEPS = 2
const WARM_LIVE = 1_000
const WARM_SWEEPS = 8
/** A call of a node or the chain ends within this: as in production, a signal is made for each splice. */
const CALL_MS = 10_000
const DECISION = 'decision.'
const LAST_SHARD = `DUE#${DUE_SHARDS - 1}`

const collect = (): void => globalThis.gc?.()
const heapBytes = (): number => v8.getHeapStatistics().used_heap_size

/** A table of its own over a fleet, as a sweep sees it. */
class Bench {
  readonly table = new BigTable()
  readonly tooBig = new Set<string>()
  readonly #fleet: Fleet
  readonly #ports: Ports
  readonly #policy = Policy.parse({})
  #counts = new Map<string, number>()
  #alarms = 0

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    const chance = chanceFrom('bench')
    const ended = AbortSignal.timeout(3_600_000)
    this.#ports = {
      store: withBigItems(storeOver(sharedReads(this.table), chance), this.tooBig),
      queue: { hint: async () => undefined },
      webhooks: { hint: async () => undefined },
      clock: { now: () => fleet.now },
      chance,
      telemetry: {
        count: (name, value = 1) => void this.#counts.set(name, (this.#counts.get(name) ?? 0) + value),
        info: () => undefined,
        alarm: () => void (this.#alarms += 1),
      },
      nodes: fleet.nodes,
      call: () => ({ signal: AbortSignal.any([AbortSignal.timeout(CALL_MS), ended]) }),
      generation: 0,
    }
  }

  /** The first sweeps write nodes, channels and chain down, until nothing is owed; then come the splices. */
  async fill(history: History | null): Promise<void> {
    for (let n = 0; n < FIRST_SWEEPS; n++) await sweep(this.#ports, this.#policy, null)
    for (const { row, index } of this.#fleet.rows()) this.table.load(row, index)
    this.table.history = history
  }

  async measure(): Promise<SweepCost> {
    this.table.reset()
    this.#fleet.reset()
    this.#counts = new Map()
    this.#alarms = 0
    collect()
    const heldBefore = heapBytes()
    const start = performance.now()
    const cpu = process.cpuUsage()
    // Where all that a sweep holds is held; the collection is not its own.
    let heldBytes = 0
    let ownMs = 0
    let own = { user: 0, system: 0 }
    this.table.onList = (partition) => {
      if (partition !== LAST_SHARD) return
      this.table.onList = () => undefined
      const ownStart = performance.now()
      const ownCpu = process.cpuUsage()
      collect()
      heldBytes = heapBytes() - heldBefore
      own = process.cpuUsage(ownCpu)
      ownMs = performance.now() - ownStart
    }
    const { due, failed } = await sweep(this.#ports, this.#policy, null)
    const used = process.cpuUsage(cpu)
    const wallMs = performance.now() - start - ownMs
    return {
      requests: this.table.requests,
      itemsRead: Object.fromEntries(this.table.itemsRead),
      itemsBatched: Object.fromEntries(this.table.itemsBatched),
      historyRead: this.table.historyRead,
      calls: this.#fleet.calls,
      due,
      failed,
      decisions: Object.fromEntries(
        [...this.#counts].flatMap(([name, count]) =>
          name.startsWith(DECISION) ? [[name.slice(DECISION.length), count] as const] : [],
        ),
      ),
      alarms: this.#alarms,
      cpuMs: (used.user + used.system - own.user - own.system) / 1_000,
      wallMs,
      heldBytes,
    }
  }
}

/** The store, with what it refuses for its size kept beside it: so that its other costs can be seen. */
function withBigItems(store: Store, tooBig: Set<string>): Store {
  const aside: { readonly [K in ItemKind]: Map<string, Versioned<ItemOf<K>>> } = {
    lease: new Map(),
    channel: new Map(),
    node: new Map(),
    chain: new Map(),
    guard: new Map(),
    key: new Map(),
    keyList: new Map(),
    keyUse: new Map(),
    tx: new Map(),
    payment: new Map(),
    ledger: new Map(),
    rawTransaction: new Map(),
    webhooks: new Map(),
  }
  return {
    ...store,
    async item(kind, key) {
      return aside[kind].get(key) ?? store.item(kind, key)
    },
    async putItem(kind, key, value, version) {
      try {
        return await store.putItem(kind, key, value, version)
      } catch (error) {
        if (!(error instanceof StoreAssertion)) throw error
        tooBig.add(`${itemKinds[kind].prefix}#${key}`)
        aside[kind].set(key, { version: version + 1, value })
        return true
      }
    },
  }
}

async function warm(fleet: Fleet): Promise<void> {
  const bench = new Bench(fleet)
  await bench.fill(null)
  for (let n = 0; n < WARM_SWEEPS; n++) {
    fleet.mine()
    fleet.now += STEP_MS
    await bench.measure()
  }
}

/** A figure of a sweep that did something else than it should is none. */
function checked(cost: SweepCost, live: number, nodes: number): SweepCost {
  const { wait_pending: pending = 0, wait_confirmed: confirmed = 0 } = cost.decisions
  const asExpected = cost.due === live && pending + confirmed === live && pending === confirmed
  if (!asExpected || cost.failed + cost.alarms > 0 || cost.calls.look !== nodes)
    throw new Error(`not the sweep that was to be measured: ${JSON.stringify(cost)}`)
  return cost
}

function cheapest(samples: readonly SweepCost[]): SweepCost {
  return samples.reduce((best, each) => (each.cpuMs < best.cpuMs ? each : best))
}

/** Measures one size after the other in this process, all before the same finished splices. */
export async function measureEach(sizes: readonly Size[], finished: number): Promise<SweepSample[]> {
  const life = await liveALife()
  const small = new Fleet(life, WARM_LIVE, 1)
  const history = small.history(finished)
  await warm(small)
  const samples: SweepSample[] = []
  for (const size of sizes) samples.push(await measureOne(size, life, history))
  return samples
}

/** Sweeps a table of that size and one without the finished splices in turn; of several sweeps, the cheapest. */
async function measureOne({ live, nodes }: Size, life: Life, history: History): Promise<SweepSample> {
  const fleet = new Fleet(life, live, nodes)
  const full = new Bench(fleet)
  const bare = new Bench(fleet)
  await full.fill(history)
  await bare.fill(null)
  fleet.now += STEP_MS
  const nothingDue = await full.measure()
  const newBlock: SweepCost[] = []
  const afterBlock: SweepCost[] = []
  const withoutHistory: SweepCost[] = []
  const rounds = live <= 1_000 ? 4 : live <= 10_000 ? 2 : 1
  for (let n = 0; n < rounds; n++) {
    fleet.mine()
    fleet.now += STEP_MS
    newBlock.push(checked(await full.measure(), live, nodes))
    withoutHistory.push(checked(await bare.measure(), live, nodes))
    fleet.now += STEP_MS
    afterBlock.push(await full.measure())
    if (n < rounds - 1) await bare.measure()
  }
  return {
    live,
    nodes,
    finished: history.count,
    nothingDue,
    newBlock: cheapest(newBlock),
    afterBlock: cheapest(afterBlock),
    withoutHistory: cheapest(withoutHistory),
    nodesTooBig: full.tooBig.size,
  }
}
