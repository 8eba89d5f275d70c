import { memoryStore, type MemoryHooks, type MemoryStore } from '../../adapters/store/memory.ts'
import type { SharedView } from '../../core/drive/observe.ts'
import type { ConfiguredNode, NodePort, Ports } from '../../core/ports/ports.ts'
import { err, ok } from '../../core/values/result.ts'
import { aLook } from '../looks/node.ts'
import { CALL, NOW, countingIds } from '../values.ts'
import { FakeChain } from './fake-chain.ts'

/** A node whose look is given; it takes every submission. */
export function fakeNode(look: () => Awaited<ReturnType<NodePort['look']>>): NodePort {
  return {
    look: async () => look(),
    submit: async () => ({ type: 'taken' }),
    bump: async () => ({ type: 'taken' }),
    newAddress: async () => err({ class: 'unreachable', message: 'no address' }),
    connectPeer: async () => ok(undefined),
    contribution: async () => ok(null),
  }
}

export type Bench = {
  readonly ports: Ports
  readonly store: MemoryStore
  readonly hints: string[]
  /** How much later each hint was to be heard. */
  readonly hintDelaysMs: number[]
  readonly alarms: string[]
  /** What each alarm was about. */
  readonly alarmed: object[]
  readonly counts: Map<string, number>
  now: number
}

export type BenchOptions = {
  readonly hooks?: MemoryHooks
  readonly nodes?: readonly ConfiguredNode[]
  readonly generation?: number
}

/** Ports over a memory store, with everything written down that they were asked for. */
export function aBench(options: BenchOptions = {}): Bench {
  const hints: string[] = []
  const hintDelaysMs: number[] = []
  const alarms: string[] = []
  const alarmed: object[] = []
  const counts = new Map<string, number>()
  const ids = countingIds('bench')
  const store = memoryStore({ ids, ...(options.hooks ? { hooks: options.hooks } : {}) })
  const bench: Bench = {
    store,
    hints,
    hintDelaysMs,
    alarms,
    alarmed,
    counts,
    now: NOW,
    ports: {
      store,
      queue: {
        hint: async (id, delayMs) => {
          hints.push(id)
          hintDelaysMs.push(delayMs)
        },
      },
      clock: { now: () => bench.now },
      chance: { fraction: () => 0, id: () => ids.id() },
      telemetry: {
        count: (name, value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
        info: () => undefined,
        alarm: (message, about) => {
          alarms.push(message)
          alarmed.push(about)
        },
      },
      nodes: new Map((options.nodes ?? []).map((node) => [node.name, node])),
      call: () => CALL,
      generation: options.generation ?? 0,
    },
  }
  return bench
}

export function aConfiguredNode(overrides: Partial<ConfiguredNode> = {}): ConfiguredNode {
  return {
    name: 'alice',
    port: fakeNode(() => ok(aLook())),
    chain: new FakeChain(),
    tenants: ['acme'],
    nodeId: null,
    relayKey: null,
    quietAbsenceMs: null,
    ...overrides,
  }
}

/** What a sweep shares of a node that it looked at. */
export function aSharedView({ look }: Pick<SharedView, 'look'>): SharedView {
  const channels = look.ok ? look.value.channels : []
  return { look, channels: new Map(channels.map((each) => [each.channelId, each])), seen: null }
}
