import { memoryStore, type MemoryHooks } from '../../adapters/store/memory.ts'
import type { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import type { ChainTransaction } from '../../core/ports/chain.ts'
import type { DeliveryHint } from '../../core/ports/endpoint.ts'
import type { ChainPort, ConfiguredNode, NodePort, Ports, Store } from '../../core/ports/ports.ts'
import { Policy } from '../../core/splice/policy.ts'
import { err, ok } from '../../core/values/result.ts'
import type { Delivery } from '../../core/webhooks/delivery.ts'
import type { Delivered } from '../../core/webhooks/endpoint.ts'
import { createApi } from '../../functions/api/app.ts'
import type { ApiDeps } from '../../functions/api/context.ts'
import { countingIds } from '../values.ts'
import { aPreview, apiLook, aKey, seed } from './seed.ts'
import { NOW, RELAY_KEY } from './values.ts'

/** What the fakes tell; tests change it. */
type Told = {
  now: number
  look: Awaited<ReturnType<NodePort['look']>>
  transactions: Map<string, ChainTransaction>
  chainDown: boolean
  hintFails: boolean
  delivered: Delivered
}

/** What the fakes were told. `puts`: writes to the store that were tried. */
type Heard = {
  hints: string[]
  lines: { message: string; fields: Record<string, unknown> }[]
  counts: string[]
  nodeEvents: NodeEventMessage[]
  webhooks: DeliveryHint[]
  deliveries: Delivery[]
  puts: number
}

export type World = Awaited<ReturnType<typeof aWorld>>

/** An API over the memory store, with tenants acme and other, and nodes alice, bob (never seen), carol (other's), lnd. */
export async function aWorld(hooks: MemoryHooks = {}, given?: Store) {
  const told: Told = {
    now: NOW,
    look: ok(apiLook),
    transactions: new Map(),
    chainDown: false,
    hintFails: false,
    delivered: { ok: true, status: 204 },
  }
  const heard: Heard = {
    hints: [],
    lines: [],
    counts: [],
    nodeEvents: [],
    webhooks: [],
    deliveries: [],
    puts: 0,
  }
  const store =
    given ??
    memoryStore({
      ids: countingIds('write'),
      hooks: {
        ...hooks,
        before: (operation) => {
          if (operation.type === 'put') heard.puts += 1
          return hooks.before?.(operation) ?? null
        },
      },
    })
  const port: NodePort = {
    look: async () => told.look,
    submit: never,
    bump: never,
    newAddress: never,
    connectPeer: never,
    contribution: never,
  }
  const chain: ChainPort = {
    tip: never,
    blockHash: never,
    transaction: async (txid) =>
      told.chainDown ? err({ class: 'unreachable', message: 'no answer' }) : ok(told.transactions.get(txid) ?? null),
    spend: never,
    feeRateSatPerKw: never,
    broadcast: never,
  }
  const node = (name: string, tenants: string[], relayKey: string | null = null): [string, ConfiguredNode] => [
    name,
    { name, port, chain, tenants, nodeId: null, relayKey, quietAbsenceMs: null },
  ]
  const ports: Ports = {
    store,
    queue: {
      hint: async (spliceId) => {
        if (told.hintFails) throw new Error('the queue is down')
        heard.hints.push(spliceId)
      },
    },
    webhooks: {
      hint: async (notice) => {
        if (told.hintFails) throw new Error('the queue is down')
        heard.webhooks.push(notice)
      },
    },
    clock: { now: () => told.now },
    chance: { fraction: () => 0.5, ...countingIds('chance') },
    telemetry: {
      count: (name) => void heard.counts.push(name),
      info: (message, fields) => void heard.lines.push({ message, fields }),
      alarm: (message, fields) => void heard.lines.push({ message, fields }),
    },
    nodes: new Map([
      node('alice', ['acme'], RELAY_KEY),
      node('bob', ['acme']),
      node('carol', ['other'], 'relay key of carol'),
      node('lnd', ['acme']),
    ]),
    call: () => ({ signal: new AbortController().signal }),
    generation: 4,
  }
  const deps: ApiDeps = {
    ports,
    policy: Policy.parse({}),
    keys: new Map(),
    preview: async () => aPreview,
    nodeEvents: async (message) => void heard.nodeEvents.push(message),
    webhook: {
      deliver: async (delivery) => {
        heard.deliveries.push(delivery)
        return told.delivered
      },
    },
    privateWebhooks: false,
    explorer: null,
  }
  const keys = {
    writer: await aKey(store, 'acme', ['splices:read', 'splices:write'], 'shop'),
    reader: await aKey(store, 'acme', ['splices:read'], 'reports'),
    operator: await aKey(store, 'acme', ['splices:read', 'splices:write', 'operator'], 'olga'),
    landlord: await aKey(store, 'acme', ['operator', 'operator:shared'], 'lars'),
    stranger: await aKey(store, 'other', ['splices:read', 'splices:write', 'operator'], 'stranger'),
  }
  await seed(store)
  heard.puts = 0
  return { app: createApi(deps), store, ports, deps, keys, told, heard }
}

async function never(): Promise<never> {
  throw new Error('the API must not ask for this')
}
