import { ldkNode } from '../../adapters/node/ldk/node.ts'
import { memoryQueue, type MemoryQueue, type QueueHooks } from '../../adapters/queue/memory.ts'
import { Hint as HintSchema, hintQueueOver, type Hint } from '../../adapters/queue/sender.ts'
import { memoryStore, type MemoryStore } from '../../adapters/store/memory.ts'
import { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import { Policy } from '../../core/splice/policy.ts'
import { createWorld, simulatedChainPort, type ChainView, type World } from '../../simulator/world/world.ts'
import { chanceFrom } from '../chance.ts'
import type { KeeperOptions } from './options.ts'
import { START } from './times.ts'

export const TENANT = 'acme'

/** What a keeper runs on. */
export type Setup = {
  readonly world: World
  readonly policy: Policy
  readonly store: MemoryStore
  readonly queue: MemoryQueue<Hint>
  readonly events: MemoryQueue<NodeEventMessage>
  readonly ports: Ports
}

/** What the ports write down, and what the chain source can be told to hide. */
type Notes = {
  readonly chainView: ChainView
  readonly alarms: string[]
  readonly counts: Map<string, number>
}

/** Makes the world that no option gives, a table and queues in memory, and the ports over them. */
export function setUp(options: KeeperOptions, notes: Notes): Setup {
  const { seed = 'keeper', overlapGuard = true } = options
  const nodes = [{ overlapGuard, ...options.node, name: 'alice' }]
  const world = options.world ?? createWorld({ seed, startAt: START, nodes })
  const now = (): number => world.now()
  const chance = chanceFrom(seed)
  const store = memoryStore({ ids: chance, ...(options.hooks ? { hooks: options.hooks } : {}) })
  const queueOf = <T>(parse: (value: unknown) => T, hooks: QueueHooks<T> | undefined): MemoryQueue<T> =>
    memoryQueue({
      now,
      visibilityMs: 180_000,
      maxReceives: options.maxReceives ?? 50,
      parse,
      ...(hooks ? { hooks } : {}),
    })
  const queue = queueOf((value) => HintSchema.parse(value), options.queueHooks)
  const events = queueOf((value) => NodeEventMessage.parse(value), options.eventHooks)
  if (options.relay ?? true) world.onRelayEvent((event, node) => void events.send({ node, event }))
  const ports: Ports = {
    store,
    queue: hintQueueOver(queue),
    clock: { now },
    chance,
    telemetry: {
      count: (name, value = 1) => void notes.counts.set(name, (notes.counts.get(name) ?? 0) + value),
      info: () => undefined,
      alarm: (message) => void notes.alarms.push(message),
    },
    nodes: new Map([['alice', alice(options, world, notes.chainView)]]),
    call: () => ({ signal: new AbortController().signal }),
    generation: options.generation ?? 0,
  }
  const policy = Policy.parse(options.policy ?? {})
  return { world, policy, store, queue, events, ports: options.wrap?.(ports) ?? ports }
}

function alice(options: KeeperOptions, world: World, chainView: ChainView): ConfiguredNode {
  const { overlapGuard = true, quietAbsenceMs = null } = options
  const clock = { now: () => world.now() }
  return {
    name: 'alice',
    port: options.port ?? ldkNode(world.node('alice').rpc, { clock, overlapGuard }),
    chain: simulatedChainPort(world.chain, chainView),
    tenants: [TENANT],
    nodeId: null,
    relayKey: null,
    quietAbsenceMs,
  }
}
