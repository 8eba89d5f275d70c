import { enterOrder } from '../../functions/api/queue.ts'
import type { MemoryQueue } from '../../adapters/queue/memory.ts'
import type { Hint } from '../../adapters/queue/sender.ts'
import type { MemoryStore } from '../../adapters/store/memory.ts'
import { acceptSplice, type SpliceRequest } from '../../core/accept/accept-splice.ts'
import { drive } from '../../core/drive/drive.ts'
import { updateSplice } from '../../core/drive/save.ts'
import type { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import type { Ports, Store } from '../../core/ports/ports.ts'
import { channelKey } from '../../core/ports/records.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import type { Policy } from '../../core/splice/policy.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { handleNodeEvent } from '../../core/sweep/node-events.ts'
import { sweep } from '../../core/sweep/sweep.ts'
import { clearView, type ChainView, type SimulatedNode, type World } from '../../simulator/world/world.ts'
import { ADDRESS, SCRIPT } from '../values.ts'
import { budget } from './budget.ts'
import type { KeeperOptions } from './options.ts'
import { TENANT, setUp } from './setup.ts'
import { MINUTE } from './times.ts'

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
    this.#onCrash = options.onCrash ?? (() => undefined)
    this.#invoke = options.invoke ?? ((handler) => handler())
    this.#sideBySide = options.sideBySide ?? false
    this.#sweepMs = options.sweepMs ?? MINUTE
    this.#batch = options.batch ?? 10
    const { world, policy, store, queue, events, ports } = setUp(options, this)
    this.world = world
    this.policy = policy
    this.store = store
    this.queue = queue
    this.events = events
    this.ports = ports
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
        budget: budget(request.budget),
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
    const isKnown = async (): Promise<boolean> => (await this.splice(id)).bumps.some((bump) => bump.id === bumpId)
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
      const visible = Math.min(this.queue.nextVisibleAt() ?? Infinity, this.events.nextVisibleAt() ?? Infinity)
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
