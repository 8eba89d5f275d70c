import { enterOrder } from '../../functions/api/queue.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import { clearView, createWorld, simulatedChainPort } from '../../simulator/world/world.ts'
import type { ChainView, NodeOptions, SimulatedNode, World } from '../../simulator/world/world.ts'
import { hintQueueOver, Hint as HintSchema } from '../../adapters/queue/sender.ts'
import type { Hint } from '../../adapters/queue/sender.ts'
import { memoryQueue } from '../../adapters/queue/memory.ts'
import type { MemoryQueue, QueueHooks } from '../../adapters/queue/memory.ts'
import { memoryStore } from '../../adapters/store/memory.ts'
import type { MemoryHooks, MemoryStore } from '../../adapters/store/memory.ts'
import { acceptSplice } from '../../core/accept/accept-splice.ts'
import type { SpliceRequest } from '../../core/accept/accept-splice.ts'
import { updateSplice } from '../../core/drive/save.ts'
import { drive } from '../../core/drive/drive.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import { channelKey } from '../../core/ports/records.ts'
import { Policy } from '../../core/splice/policy.ts'
import type { NodePort, Ports, Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { sweep } from '../../core/sweep/sweep.ts'
import { handleNodeEvent } from '../../core/sweep/node-events.ts'
import { NodeEventMessage } from '../../core/nodes/relay-event.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const START = Date.UTC(2026, 10, 30)
/** A regtest P2WPKH address and its script. */
export const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'
const SWEEP_MS = 60_000
const TENANT = 'acme'

export type KeeperOptions = {
  readonly seed?: string
  readonly node?: Partial<NodeOptions>
  readonly policy?: Partial<Policy>
  readonly world?: World
  readonly hooks?: MemoryHooks
  readonly queueHooks?: QueueHooks<Hint>
  readonly eventHooks?: QueueHooks<NodeEventMessage>
  /** How many messages are received at a time; default 10. */
  readonly batch?: number
  /** Time between sweeps; default a minute. */
  readonly sweepMs?: number
  readonly relay?: boolean
  readonly generation?: number
  readonly overlapGuard?: boolean
  readonly quietAbsenceMs?: number | null
  /** The node behind another adapter than ldk's, made for the world that is given. */
  readonly port?: NodePort
  /** Wraps every port, for crashes at any of their calls. */
  readonly wrap?: (ports: Ports) => Ports
  /** A handler died: what starts the next process. */
  readonly onCrash?: () => void
  /** What runs each handler: a process of its own. */
  readonly invoke?: <T>(handler: () => Promise<T>) => Promise<T>
  /** Whether the messages of a batch are worked on at the same time; default: one after the other. */
  readonly sideBySide?: boolean
  /** How often a message is received before it is a dead letter; default 50. */
  readonly maxReceives?: number
}

/** A small deterministic generator (mulberry32): the tests' chance. */
export function chanceFrom(seed: string): { fraction(): number; id(): string } {
  let state = Buffer.from(seed).reduce((hash, byte) => Math.imul(hash ^ byte, 16777619), 2166136261) >>> 0
  let serial = 0
  return {
    fraction() {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), 1 | state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    },
    id: () => `id-${seed}-${(serial += 1)}`,
  }
}

/** Splicekeeper over a simulated world: the real core, store, queue and ldk mapping, under one virtual clock. */
export class Keeper {
  readonly world: World
  readonly policy: Policy
  readonly store: MemoryStore
  readonly queue: MemoryQueue<Hint>
  readonly events: MemoryQueue<NodeEventMessage>
  readonly chainView: ChainView = clearView()
  readonly alarms: string[] = []
  readonly counts = new Map<string, number>()
  ports: Ports
  /** A hint that fails stays in the queue, as a function that dies leaves it; tests of crashes look at these. */
  readonly crashes: unknown[] = []
  #nextSweepAt: number
  readonly #sweepMs: number
  readonly #batch: number
  readonly #onCrash: () => void
  readonly #invoke: <T>(handler: () => Promise<T>) => Promise<T>
  readonly #sideBySide: boolean
  #key = 0
  backupAt: number | null = null

  constructor(options: KeeperOptions = {}) {
    const seed = options.seed ?? 'keeper'
    this.#onCrash = options.onCrash ?? (() => undefined)
    this.#invoke = options.invoke ?? ((handler) => handler())
    this.#sideBySide = options.sideBySide ?? false
    this.#sweepMs = options.sweepMs ?? SWEEP_MS
    this.#batch = options.batch ?? 10
    const nodes: NodeOptions[] = [
      { overlapGuard: options.overlapGuard ?? true, ...options.node, name: 'alice' },
    ]
    this.world = options.world ?? createWorld({ seed, startAt: START, nodes })
    this.policy = Policy.parse(options.policy ?? {})
    const chance = chanceFrom(seed)
    const now = (): number => this.world.now()
    this.store = memoryStore({ ids: chance, ...(options.hooks ? { hooks: options.hooks } : {}) })
    this.queue = memoryQueue<Hint>({
      now,
      visibilityMs: 180_000,
      maxReceives: options.maxReceives ?? 50,
      parse: (value) => HintSchema.parse(value),
      ...(options.queueHooks ? { hooks: options.queueHooks } : {}),
    })
    this.events = memoryQueue<NodeEventMessage>({
      now,
      visibilityMs: 180_000,
      maxReceives: options.maxReceives ?? 50,
      parse: (value) => NodeEventMessage.parse(value),
      ...(options.eventHooks ? { hooks: options.eventHooks } : {}),
    })
    if (options.relay ?? true)
      this.world.onRelayEvent((event, node) => void this.events.send({ node, event }))
    const ports: Ports = {
      store: this.store,
      queue: hintQueueOver(this.queue),
      clock: { now },
      chance,
      telemetry: {
        count: (name, value = 1) => void this.counts.set(name, (this.counts.get(name) ?? 0) + value),
        info: () => undefined,
        alarm: (message) => void this.alarms.push(message),
      },
      nodes: new Map([
        [
          'alice',
          {
            name: 'alice',
            port:
              options.port ??
              ldkNode(this.node.rpc, { clock: { now }, overlapGuard: options.overlapGuard ?? true }),
            chain: simulatedChainPort(this.world.chain, this.chainView),
            tenants: [TENANT],
            nodeId: null,
            relayKey: null,
            quietAbsenceMs: options.quietAbsenceMs ?? null,
          },
        ],
      ]),
      call: () => ({ signal: new AbortController().signal }),
      generation: options.generation ?? 0,
    }
    this.ports = options.wrap?.(ports) ?? ports
    this.#nextSweepAt = this.world.now()
  }

  get node(): SimulatedNode {
    return this.world.node('alice')
  }

  get channelId(): string {
    return this.channelIds[0] ?? ''
  }

  get channelIds(): string[] {
    return this.node.channels().map((channel) => channel.channelId)
  }

  /** Accepts a splice as the API does, from what the last sweep saw, and hints the queue. */
  async post(request: Partial<SpliceRequest> = {}, key = `key-${(this.#key += 1)}`): Promise<Splice> {
    const channelId = request.channelId ?? this.channelId
    const node = await this.store.item('node', 'alice')
    const channel = await this.store.item('channel', channelKey('alice', channelId))
    if (node === null) throw new Error('sweep before the first post')
    const accepted = acceptSplice(
      {
        node: 'alice',
        channelId,
        kind: 'splice_out',
        amountSats: 50_000,
        address: request.kind === 'splice_in' ? null : ADDRESS,
        notBefore: null,
        autoBumpAfterBlocks: null,
        metadata: {},
        ...request,
        budget: {
          maxAttempts: null,
          deadline: null,
          maxFeeRateSatPerKw: null,
          maxFeeSats: null,
          ...request.budget,
        },
      },
      {
        tenant: TENANT,
        idempotencyKey: key,
        bodyHash: 'test',
        node: node.value,
        channel: channel?.value ?? null,
        generation: this.ports.generation,
        now: this.world.now(),
      },
    )
    if (!accepted.ok) throw new Error(accepted.error.message)
    const draft = accepted.value
    const order = async (): Promise<void> => {
      await enterOrder(this.ports, draft, undefined)
      await Promise.all([this.ports.store.create(draft), this.ports.queue.hint(draft.id, 0)])
    }
    // A client whose request died asks again.
    if (!(await this.#survive(order))) await order()
    return this.splice(draft.id)
  }

  /** Withdraws a splice as the API does; a client whose request died asks again. */
  async cancel(id: string): Promise<void> {
    const event: SpliceEvent = { type: 'cancel_requested', generation: this.ports.generation }
    if (await this.#survive(async () => this.change(id, event))) return
    await this.change(id, event)
  }

  /** Asks for a fee bump as the API does, at the node's price; a client whose request died asks again. */
  async bump(id: string, bumpId = 'bmp_1'): Promise<void> {
    const event: SpliceEvent = {
      type: 'bump_opened',
      id: bumpId,
      by: 'client',
      bodyHash: 'test',
      feeRateSatPerKw: null,
      tipHeight: this.world.chain.tip.height,
    }
    const isKnown = async (): Promise<boolean> =>
      (await this.splice(id)).bumps.some((bump) => bump.id === bumpId)
    if (await this.#survive(async () => this.change(id, event))) return
    if (!(await isKnown())) await this.change(id, event)
  }

  /** Applies a client's or an operator's event as the API does, and hints the queue. */
  async change(id: string, event: SpliceEvent): Promise<void> {
    const context = { now: this.world.now(), policy: this.policy }
    await updateSplice(id, (splice) => step(splice, event, context), this.ports, this.policy)
    await this.ports.queue.hint(id, 0)
  }

  async splice(id: string): Promise<Splice> {
    const splice = await this.store.load(id)
    if (splice === null) throw new Error('no such splice')
    return splice
  }

  async sweep(): Promise<void> {
    await this.#survive(() => sweep(this.ports, this.policy, this.backupAt))
  }

  /** Consumes the queues once: what fails stays in them, as after a crash. */
  async work(): Promise<void> {
    const heard = this.events.receive(this.#batch).map(({ message, receipt }) => async () => {
      if (await this.#survive(() => handleNodeEvent(message.node, message.event, this.ports, this.policy)))
        this.events.remove(receipt)
    })
    await this.#all(heard)
    const hints = this.queue.receive(this.#batch).map(({ message, receipt }) => async () => {
      const options = { policy: this.policy, mayAct: true, shared: null }
      if (await this.#survive(() => drive(message.spliceId, this.ports, options))) this.queue.remove(receipt)
    })
    await this.#all(hints)
  }

  async #all(jobs: readonly (() => Promise<void>)[]): Promise<void> {
    if (this.#sideBySide) await Promise.all(jobs.map((job) => job()))
    else for (const job of jobs) await job()
  }

  /** The schedule fails: no sweep for so long. */
  postponeSweep(ms: number): void {
    this.#nextSweepAt = Math.max(this.#nextSweepAt, this.world.now() + ms)
  }

  /** Lets time pass: sweeps every minute, consumes hints as they become visible, blocks on demand. */
  async run(ms: number, options: { readonly blockMs?: number } = {}): Promise<void> {
    const end = this.world.now() + ms
    let nextBlockAt = options.blockMs === undefined ? Infinity : this.world.now() + options.blockMs
    for (;;) {
      const now = this.world.now()
      const visible = Math.min(
        this.queue.nextVisibleAt() ?? Infinity,
        this.events.nextVisibleAt() ?? Infinity,
      )
      const next = Math.max(now, Math.min(end, this.#nextSweepAt, visible, nextBlockAt, now + 5_000))
      this.world.advanceTo(next)
      if (next >= nextBlockAt) {
        this.world.mine(1)
        nextBlockAt += options.blockMs ?? Infinity
      }
      if (next >= this.#nextSweepAt) {
        this.#nextSweepAt += this.#sweepMs
        if (this.#sideBySide) await Promise.all([this.sweep(), this.work()])
        else await this.sweep()
      }
      await this.work()
      const idle = (this.queue.nextVisibleAt() ?? Infinity) > this.world.now()
      if (next >= end && idle) return
    }
  }

  /** Runs with a block every ten minutes until the splice is in one of the states, or time is up. */
  async until(id: string, states: readonly Splice['state'][], maxMs = 6 * 3_600_000): Promise<Splice> {
    for (let passed = 0; passed < maxMs; passed += 60_000) {
      const splice = await this.splice(id)
      if (states.includes(splice.state)) return splice
      await this.run(60_000, passed % 600_000 === 540_000 ? { blockMs: 60_000 } : {})
    }
    return this.splice(id)
  }

  /** Types of a splice's events in the tenant's log, in order. */
  async log(id: string, store: Store = this.store): Promise<string[]> {
    const lines = await store.eventsAfter(TENANT, 0, 1_000)
    return lines.filter((line) => line.spliceId === id).map((line) => line.type)
  }

  get payouts(): number {
    return this.world.journal.effectivePayouts(SCRIPT, 50_000)
  }

  async #survive(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await this.#invoke(act)
      return true
    } catch (error) {
      this.crashes.push(error)
      this.#onCrash()
      return false
    }
  }
}

/** A keeper whose first sweep has seen the node. */
export async function startKeeper(options: KeeperOptions = {}): Promise<Keeper> {
  const keeper = new Keeper(options)
  await keeper.sweep()
  if (keeper.crashes.length > 0) throw keeper.crashes[0]
  return keeper
}
