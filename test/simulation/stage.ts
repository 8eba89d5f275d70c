import { severalSources } from '../../adapters/chain/several-sources.ts'
import {
  clearView,
  createWorld,
  simulatedChainPort,
  type ChainView,
  type SimulatedNode,
  type World,
} from '../../simulator/world/world.ts'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { NodeLook } from '../../core/ports/node.ts'
import type { NodePort, Ports } from '../../core/ports/ports.ts'
import { previewGates } from '../../core/drive/preview.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { sweep } from '../../core/sweep/sweep.ts'
import type { SpliceBody } from '../../functions/api/splice-body.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { START } from '../../harness/keeper/times.ts'
import { Client, isUnknown, type Answer } from './client.ts'
import { count, type Dice, type Tally } from '../../harness/dice.ts'
import { Faults } from './faults.ts'
import { Invocations } from './invocation.ts'
import { freshMemory } from './memory.ts'
import { overseen } from './oversight.ts'
import type { Profile } from './profile.ts'
import { Witness } from './witness.ts'

/** What a client orders: the body without the node, of which there is one. */
export type Wish = Omit<SpliceBody, 'node'>

/** A splice that a client asked for, and how: what it repeats when it heard nothing. */
export type Order = { readonly key: string; readonly request: Wish }
export type Posted = Order & { readonly id: string }

/** Design section 4, "quiet": nobody looked for longer than this. */
const GAP_MS = 90_000

/** What a run plays on: the product over a simulated world, its clients, and what the judge has to remember of the past. */
export class Stage {
  readonly profile: Profile
  readonly keeper: Keeper
  readonly client: Client
  readonly faults: Faults
  readonly invocations: Invocations
  readonly witness: Witness
  readonly tally: Tally = new Map()
  readonly memory = freshMemory()
  /** What each chain source sees; the second one is asked only where the profile says so. */
  readonly views: readonly [ChainView, ChainView] = [clearView(), clearView()]
  readonly world: World
  /** The operator says that the node has no overlap guard any more. */
  guardLost = false
  #restoreTable: { readonly at: number; readonly restore: () => void } | null = null
  #generation = 0

  constructor(seed: string, profile: Profile) {
    this.profile = profile
    this.world = worldOf(profile)
    this.faults = new Faults(seed, profile.rates, this.tally)
    this.witness = new Witness(this.tally)
    this.invocations = new Invocations(seed, {
      rates: profile.functions,
      pass: (ms) => this.world.advance(ms),
      tally: this.tally,
    })
    const { overlapGuard, relay, sideBySide, maxReceives, quietAbsenceMs, quietMs } = profile
    this.keeper = new Keeper({
      seed,
      world: this.world,
      overlapGuard,
      relay,
      sideBySide,
      maxReceives,
      quietAbsenceMs,
      policy: { quietMs },
      hooks: this.faults.storeHooks((operation) => this.witness.saw(operation)),
      queueHooks: this.faults.queueHooks(),
      eventHooks: this.faults.queueHooks(),
      invoke: (handler) => this.invocations.run(handler),
      wrap: (ports) => this.#wrap(ports),
    })
    const { ports, policy, events } = this.keeper
    this.client = new Client({
      ports,
      policy,
      keys: new Map(),
      preview: (draft) => previewGates(draft, ports, policy),
      nodeEvents: (message) => events.send(message),
      webhook: { deliver: async () => ({ ok: true, status: 204 }) },
      privateWebhooks: false,
      explorer: null,
    })
    this.witness.attend({ stage: this, finalDepth: policy.finalDepth })
  }

  /** The client gets its key, and the node is seen for the first time. */
  async start(): Promise<void> {
    await Client.give(this.keeper.store)
    await sweep(this.keeper.ports, this.keeper.policy, null)
  }

  get node(): SimulatedNode {
    return this.keeper.node
  }

  get posted(): readonly Posted[] {
    return this.memory.posted
  }

  /** One of the channels; the first one most of the time, so that splices meet there. */
  channel(dice: Dice): string {
    const [first, second] = this.keeper.channelIds
    if (first === undefined || second === undefined) throw new Error('the node lost its channels')
    return this.profile.theme === 'hidden' || dice.chance(0.75) ? first : second
  }

  /** All splices as they are stored, read without faults, in the order in which they were asked for. */
  async splices(): Promise<Splice[]> {
    return this.faults.without(() => this.keeper.store.loadMany(this.posted.map(({ id }) => id)))
  }

  /** The leases of all channels that have one, by channel id, read without faults. */
  async leases(): Promise<Map<string, ChannelLease>> {
    const { store, channelIds } = this.keeper
    const items = await this.faults.without(() =>
      Promise.all(channelIds.map(async (id) => [id, (await store.item('lease', id))?.value] as const)),
    )
    return new Map(items.flatMap(([id, lease]) => (lease === undefined ? [] : [[id, lease] as const])))
  }

  /** A request under the faults of the run. */
  request(path: string, body: object | null = null, key: string | null = null): Promise<Answer> {
    return this.invocations.run(() => this.client.post(path, body, key))
  }

  /** A request that a client repeats until it knows what became of it. */
  async insist(path: string, body: object | null = null, key: string | null = null): Promise<Answer> {
    const answer = await this.request(path, body, key)
    return isUnknown(answer) ? this.faults.without(() => this.client.post(path, body, key)) : answer
  }

  /** Orders a splice; the answer has its id where it was accepted. */
  async order(order: Order): Promise<Answer> {
    const answer = await this.insist('/v1/splices', { ...order.request, node: 'alice' }, order.key)
    if (answer.id !== null) this.#remember({ ...order, id: answer.id })
    return answer
  }

  /** Keeps the table as it is now. */
  backUpTable(): void {
    this.#restoreTable = { at: this.world.now(), restore: this.keeper.store.backup() }
  }

  /** Goes back to the table that was kept, as an operator does: the generation is raised, and the backup's time named. */
  async restoreTable(): Promise<boolean> {
    if (this.#restoreTable === null) return false
    this.#restoreTable.restore()
    this.#generation += 1
    this.keeper.backupAt = this.#restoreTable.at
    const left = await this.splices()
    const known = new Set(left.map(({ id }) => id))
    this.memory.tableRestored = true
    this.memory.posted = this.posted.filter(({ id }) => known.has(id))
    this.memory.cancelled.clear()
    this.witness.startFrom(left, await this.leases())
    count(this.tally, 'table.restored')
    return true
  }

  /** Simulated time that has passed, in hours. */
  get hours(): number {
    return (this.world.now() - START) / 3_600_000
  }

  #remember(posted: Posted): void {
    this.memory.wishedSats.add(posted.request.amountSats)
    if (!this.posted.some(({ id }) => id === posted.id)) this.memory.posted = [...this.posted, posted]
  }

  #noteLook({ channels }: NodeLook): void {
    const connected = channels.filter(({ peerConnected }) => peerConnected)
    this.memory.connected = new Set(connected.map(({ channelId }) => channelId))
    const now = this.world.now()
    // Two clocks that differ may have seen a shorter one.
    const slackMs = 2 * this.profile.functions.skewMs
    if (now - this.memory.lookedAt > GAP_MS + slackMs) this.memory.gapEndedAt = now
    this.memory.lookedAt = now
  }

  #guarded(port: NodePort): NodePort {
    const look: NodePort['look'] = async (...asked) => {
      const answer = await port.look(...asked)
      if (answer.ok) this.#noteLook(answer.value)
      if (!answer.ok || !this.guardLost) return answer
      return {
        ...answer,
        value: { ...answer.value, capabilities: { ...answer.value.capabilities, overlapGuard: false } },
      }
    }
    return { ...port, look }
  }

  #wrap(ports: Ports): Ports {
    const [first, second] = this.views.map((view) => simulatedChainPort(this.world.chain, view))
    if (first === undefined || second === undefined) throw new Error('no chain source')
    const chain = this.profile.twoSources ? severalSources([first, second]) : first
    const nodes = new Map(
      [...ports.nodes].map(([name, node]) => [name, { ...node, chain, port: this.#guarded(node.port) }]),
    )
    const wrapped = this.invocations.wrap(overseen({ ...ports, nodes }, this))
    const generation = (): number => this.#generation
    return {
      ...wrapped,
      get generation() {
        return generation()
      },
    }
  }
}

function worldOf({ overlapGuard, lockDepth, isOutbound, node }: Profile): World {
  return createWorld({
    // Only the keys follow from it, and those may be the same in all runs.
    seed: 'simulation',
    startAt: START,
    nodes: [{ ...node, name: 'alice', overlapGuard, channels: [{ lockDepth, isOutbound }, { lockDepth: 6 }] }],
  })
}
