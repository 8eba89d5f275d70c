import type { Instant } from '../../core/values/instant.ts'
import { standing } from '../ldk/arrival.ts'
import { Chain } from '../chain/chain.ts'
import { ClnNode } from '../cln/node.ts'
import type { SimulatedClnNode } from '../cln/steering.ts'
import { nodeNamed, type Context } from './context.ts'
import { journalOf } from './journal.ts'
import { KeyRing } from './keys.ts'
import { receiveLock } from '../ldk/lock.ts'
import { stepRound } from '../ldk/negotiation.ts'
import { Node } from '../ldk/node.ts'
import { connect, disconnect, peerOf, planReconnect } from '../ldk/peers.ts'
import { execute } from '../ldk/requests.ts'
import { freshState } from './setup.ts'
import {
  WorldState,
  type Channel,
  type NodeState,
  type PhaseDurations,
  type RelayEvent,
  type Task,
  type Timer,
} from './state.ts'
import type { Journal, ReorgOptions, SimulatedNode, World, WorldOptions } from './steering.ts'
import { blockConnected, blockDisconnected } from '../ldk/sync.ts'

export type * from '../cln/steering.ts'
export type * from './steering.ts'
export type { Block } from '../chain/state.ts'
export { clearView, simulatedChainPort } from '../chain/port.ts'
export type { ChainView } from '../chain/port.ts'
export type { JournalEntry } from './journal-entry.ts'
export type { Channel, NodeBehaviour, PhaseDurations, WorldState } from './state.ts'
export { NegotiatedPhase, RelayEvent, RequestFault } from './state.ts'

/** A new world: nodes with channels and coins, all deeply confirmed. The same options make the same world. */
export function createWorld(options: WorldOptions): World {
  const keys = keyRingOf(options.seed)
  const world = new SimulatedWorld(freshCopy(options, keys), keys)
  for (const node of world.clnNodes) node.seeChain()
  return world
}

/** Restores a world from the parsed output of `toJSON`. Throws if the input is not a valid world. */
export function worldFrom(json: unknown): World {
  const state = WorldState.parse(json)
  return new SimulatedWorld(state, keyRingOf(state.seed))
}

/** Cached by seed, because deriving keys is the slowest part of creating a world. */
const keyRings = new Map<string, KeyRing>()

function keyRingOf(seed: string): KeyRing {
  const keys = keyRings.get(seed) ?? new KeyRing(seed)
  keyRings.set(seed, keys)
  return keys
}

/** The last fresh state: tests and simulations make the same world again and again. */
let lastFresh: { readonly options: string; readonly state: WorldState } | null = null

function freshCopy(options: WorldOptions, keys: KeyRing): WorldState {
  const text = JSON.stringify(options)
  const known = lastFresh?.options === text ? lastFresh.state : freshState(options, keys)
  lastFresh = { options: text, state: known }
  return structuredClone(known)
}

type RelayListener = (event: RelayEvent, node: string) => void

class SimulatedWorld implements World {
  readonly #state: WorldState
  readonly #ctx: Context
  readonly #listeners = new Set<RelayListener>()
  readonly chain: Chain
  readonly journal: Journal
  readonly nodes: readonly SimulatedNode[]
  readonly clnNodes: readonly ClnNode[]

  constructor(state: WorldState, keys: KeyRing) {
    this.#state = state
    this.chain = new Chain(state.chain, {
      now: () => state.now,
      connected: ({ height, hash, transactions }) => {
        this.#ctx.note('block_connected', {}, { height, hash, transactions: transactions.length })
        for (const node of state.nodes) blockConnected(this.#ctx, node)
        for (const node of this.clnNodes) node.seeChain()
      },
      disconnected: (block) => {
        this.#ctx.note('block_disconnected', {}, { height: block.height, hash: block.hash })
        for (const node of state.nodes) blockDisconnected(this.#ctx, node, block)
        for (const node of this.clnNodes) node.seeChain()
      },
      evicted: (txid, why) => this.#ctx.note('evicted', { txid }, { why }),
    })
    this.#ctx = contextOf(state, this.chain, keys, (event, node) => {
      for (const listener of this.#listeners) listener(event, node)
    })
    this.journal = journalOf(state, this.chain)
    this.nodes = state.nodes.map((node) => new Node(this.#ctx, node))
    this.clnNodes = state.clnNodes.map((node) => new ClnNode(this.#ctx, node))
  }

  now(): Instant {
    return this.#state.now
  }

  advance(ms: number): void {
    this.advanceTo(this.#state.now + ms)
  }

  advanceTo(at: Instant): void {
    if (at < this.#state.now) throw new Error('time does not go back')
    for (let timer = this.#nextTimer(at); timer !== null; timer = this.#nextTimer(at)) {
      this.#state.timers = this.#state.timers.filter(({ serial }) => serial !== timer.serial)
      this.#state.now = timer.at
      if (timer.task.type === 'cln') this.#clnNode(timer.task.node).wake(timer.task.task)
      else run(this.#ctx, timer.task)
    }
    this.#state.now = at
  }

  node(name: string): SimulatedNode {
    const node = this.nodes.find((candidate) => candidate.name === name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  clnNode(name: string): SimulatedClnNode {
    return this.#clnNode(name)
  }

  mine(blocks: number): void {
    this.chain.mine(blocks)
  }

  setPhases(phases: Partial<PhaseDurations>): void {
    Object.assign(this.#state.phases, phases)
  }

  reorg(depth: number, options: ReorgOptions = {}): void {
    this.chain.reorg(depth, options)
  }

  evict(txid: string): void {
    this.chain.evict(txid)
  }

  onRelayEvent(listener: RelayListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  toJSON(): WorldState {
    return structuredClone(this.#state)
  }

  #clnNode(name: string): ClnNode {
    const node = this.clnNodes.find((candidate) => candidate.name === name)
    if (node === undefined) throw new Error(`no Core Lightning node ${name}`)
    return node
  }

  #nextTimer(until: Instant): Timer | null {
    const due = this.#state.timers.filter((timer) => timer.at <= until)
    return due.toSorted((a, b) => a.at - b.at || a.serial - b.serial)[0] ?? null
  }
}

function contextOf(state: WorldState, chain: Chain, keys: KeyRing, post: RelayListener): Context {
  const serial = (): number => (state.serial += 1)
  const ctx: Context = {
    state,
    chain,
    keys,
    serial,
    note: (type, { node, channel, txid }, detail = {}) => {
      const about = { node: node?.name ?? null, channelId: channel?.channelId ?? null, txid: txid ?? null }
      const entry = { serial: serial(), at: state.now, type, ...about, detail }
      state.journal.push(entry)
      return entry.serial
    },
    emit: (node, { reason, ...event }) => {
      const told = reason !== undefined && node.behaviour.forwardReasons ? { reason } : {}
      const posted: RelayEvent = { id: `${node.name}-${serial()}`, at: state.now, ...event, ...told }
      const { id, type, channelId, txid } = posted
      const channel = channelId === undefined ? {} : { channel: { channelId } }
      ctx.note(
        'relay_event',
        { node, ...channel, ...(txid === undefined ? {} : { txid }) },
        { id, type, reason: reason ?? null },
      )
      post(posted, node.name)
    },
    plan: (delayMs, task) => state.timers.push({ at: state.now + delayMs, serial: serial(), task }),
  }
  return ctx
}

/** Runs a scheduled task unless later events made it obsolete. */
function run(ctx: Context, task: Exclude<Task, { readonly type: 'cln' }>): void {
  const node = nodeNamed(ctx.state, task.node)
  switch (task.type) {
    case 'negotiate': {
      const channel = known(node, task.channelId)
      const negotiation = channel?.negotiation
      if (channel && negotiation?.id === task.negotiationId && negotiation.timerSerial === task.serial)
        stepRound(ctx, node, channel)
      return
    }
    case 'lock': {
      const channel = known(node, task.channelId)
      if (channel) receiveLock(ctx, node, channel, task.txid)
      return
    }
    case 'connect':
      return connect(ctx, node, peerOf(node, task.peerId))
    case 'disconnect': {
      const peer = peerOf(node, task.peerId)
      disconnect(ctx, node, peer)
      return planReconnect(ctx, node, peer)
    }
    case 'execute':
      if (standing(node) !== null) return
      execute(ctx, node, task.request, task.signedAt, task.received)
  }
}

/** The channel with that id; undefined if the node was restored from an older backup. */
function known(node: NodeState, channelId: string): Channel | undefined {
  return node.disk.channels.find((channel) => channel.channelId === channelId)
}
