import * as z from 'zod'
import { memoryStore } from '../../adapters/store/memory.ts'
import type { MemoryHooks } from '../../adapters/store/memory.ts'
import { err, ok } from '../../core/values/result.ts'
import type { ChainTransaction } from '../../core/ports/chain.ts'
import { channelKey } from '../../core/ports/records.ts'
import type { ChannelState, NodeState, Scope } from '../../core/ports/records.ts'
import type { Capabilities, NodeLook } from '../../core/ports/node.ts'
import type { Delivery } from '../../core/webhooks/delivery.ts'
import type { DeliveryHint } from '../../core/ports/endpoint.ts'
import { Policy } from '../../core/splice/policy.ts'
import type { Delivered } from '../../core/webhooks/endpoint.ts'
import type { ChainPort, ConfiguredNode, NodePort, Ports, Store } from '../../core/ports/ports.ts'
import { createApi } from '../../functions/api/app.ts'
import type { ApiDeps, Preview } from '../../functions/api/context.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import type { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import { ACCEPTED_AT, aTxid, countingIds } from '../support/splices.ts'

export const NOW = ACCEPTED_AT
export const CHANNEL = 'c'.repeat(64)
export const CLOSING_CHANNEL = 'd'.repeat(64)
export const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const RELAY_KEY = 'relay key of alice'

export const aNodeSeen: NodeState = {
  nodeId: `02${'a'.repeat(64)}`,
  network: 'regtest',
  version: '0.3.0',
  capabilities: {
    software: 'ldk-server',
    spliceIn: true,
    spliceOut: true,
    toAddress: true,
    bump: true,
    setsFeeRate: false,
    feeCap: 'gated',
    overlapGuard: true,
    queuesOffline: true,
    reportsCandidates: false,
    checksFunding: false,
    fenceMs: 120_000,
    nonExecutionProofs: ['process_restarted'],
    leaseScope: 'channel',
  },
  channelIds: [CHANNEL, CLOSING_CHANNEL],
  processStarts: [],
  paused: null,
  relayEvents: [],
  seenAt: NOW - 30_000,
}

/** A node's state with other capabilities. */
export function withCapabilities(state: NodeState, can: Partial<Capabilities>): NodeState {
  return { ...state, capabilities: { ...state.capabilities, ...can } }
}

export const aChannelSeen: ChannelState = {
  node: 'alice',
  channelId: CHANNEL,
  userChannelId: '7',
  peerId: `03${'b'.repeat(64)}`,
  funding: `${aTxid('f')}:0`,
  fundingSince: 0,
  earlier: [],
  capacitySats: 1_000_000,
  outboundMsat: 600_000_000,
  inboundMsat: 400_000_000,
  peerConnected: true,
  connectedSince: NOW - 60_000,
  ready: true,
  closing: false,
  lockDepth: 3,
  goneAt: null,
}

export const aLook: NodeLook = {
  observedAt: NOW - 1_000,
  nodeId: aNodeSeen.nodeId,
  network: 'regtest',
  version: '0.3.1',
  tipHeight: 210,
  tipHash: aTxid('1'),
  synced: true,
  capabilities: aNodeSeen.capabilities,
  channels: [
    {
      channelId: CHANNEL,
      userChannelId: '7',
      peerId: aChannelSeen.peerId,
      peerConnected: true,
      ready: true,
      closing: false,
      funding: aChannelSeen.funding,
      capacitySats: 1_000_000,
      outboundMsat: 500_000_000,
      inboundMsat: 500_000_000,
      claimableSats: 1,
      closeFeeSats: 1,
      lockDepth: 3,
      candidates: null,
      negotiation: 'unknown',
    },
  ],
  spendableSats: 5_000_000,
  feeRateSatPerKw: 500,
}

export const aPreview: Preview = {
  gates: [
    { name: 'node', open: true, message: null },
    { name: 'channel', open: false, message: 'The peer is not connected.' },
  ],
  estimatedFeeSats: 300,
  feeRateSatPerKw: 500,
  outboundSats: 600_000,
  spendableSats: 5_000_000,
}

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
    look: ok(aLook),
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
      told.chainDown
        ? err({ class: 'unreachable', message: 'no answer' })
        : ok(told.transactions.get(txid) ?? null),
    spend: never,
    feeRateSatPerKw: never,
    broadcast: never,
  }
  const node = (
    name: string,
    tenants: string[],
    relayKey: string | null = null,
  ): [string, ConfiguredNode] => [
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
    stranger: await aKey(store, 'other', ['splices:read', 'splices:write', 'operator'], 'stranger'),
  }
  await seed(store)
  heard.puts = 0
  return { app: createApi(deps), store, ports, deps, keys, told, heard }
}

async function aKey(store: Store, tenant: string, scopes: Scope[], name: string): Promise<string> {
  const { secret, hash, item } = createKey({ tenant, scopes, name }, NOW)
  await store.putItem('key', hash, item, 0)
  return secret
}

async function seed(store: Store): Promise<void> {
  await store.putItem('node', 'alice', aNodeSeen, 0)
  await store.putItem('node', 'carol', aNodeSeen, 0)
  await store.putItem(
    'node',
    'lnd',
    withCapabilities(aNodeSeen, { software: 'lnd', spliceIn: false, spliceOut: false }),
    0,
  )
  await store.putItem('channel', channelKey('alice', CHANNEL), aChannelSeen, 0)
  await store.putItem('channel', channelKey('carol', CHANNEL), { ...aChannelSeen, node: 'carol' }, 0)
  await store.putItem('channel', channelKey('lnd', CHANNEL), { ...aChannelSeen, node: 'lnd' }, 0)
  await store.putItem(
    'channel',
    channelKey('alice', CLOSING_CHANNEL),
    { ...aChannelSeen, channelId: CLOSING_CHANNEL, closing: true },
    0,
  )
  await store.putItem(
    'chain',
    'regtest',
    { height: 210, hash: aTxid('1'), seenAt: NOW, hashes: [aTxid('1')], orphans: [] },
    0,
  )
}

async function never(): Promise<never> {
  throw new Error('the API must not ask for this')
}

/** A body that is accepted. */
export const aBody = {
  node: 'alice',
  channel: CHANNEL,
  kind: 'splice_out',
  amountSats: 50_000,
  address: ADDRESS,
}

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

/** A request as a client sends it. `body` is sent as it is if it is a string. */
export async function request(
  world: World,
  method: string,
  path: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { key, body } = options
  const headers = {
    ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...options.headers,
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await world.app.request(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: text }),
  })
  const answer = { status: response.status, headers: response.headers, body: await jsonOf(response) }
  await assertDocumented(world, { method, path }, answer)
  return answer
}

const Described = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        responses: z.record(
          z.string(),
          z.object({
            content: z
              .record(z.string(), z.looseObject({ examples: z.looseObject({}).optional() }))
              .optional(),
          }),
        ),
      }),
    ),
  ),
})
let described: z.infer<typeof Described>['paths'] | null = null

/** Every problem that a test meets must stand in the document, with its code, for the route that answered it. */
export async function assertDocumented(
  { app }: Pick<World, 'app'>,
  { method, path }: { method: string; path: string },
  { status, body }: Pick<Answer, 'status' | 'body'>,
): Promise<void> {
  const code = body['code']
  if (status < 400 || typeof code !== 'string' || code === 'not_found') return
  described ??= Described.parse(await (await app.request('/openapi.json')).json()).paths
  const [pathname = ''] = path.split('?')
  const routes = Object.entries(described).filter(([template]) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]*')}$`).test(pathname),
  )
  const operations = routes.flatMap(([, operation]) => operation[method.toLowerCase()] ?? [])
  const codes = operations.flatMap(({ responses }) =>
    Object.keys(responses[status]?.content?.['application/problem+json']?.examples ?? {}),
  )
  if (operations.length > 0 && !codes.includes(code))
    throw new Error(`${method} ${pathname} answered ${status} ${code}, which its document does not name`)
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const parsed: unknown = await response.json()
  if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object')
  return Object.fromEntries(Object.entries(parsed))
}

/** Orders a splice as acme's shop. */
export function order(world: World, idempotencyKey: string, body: unknown = aBody): Promise<Answer> {
  return request(world, 'POST', '/v1/splices', {
    key: world.keys.writer,
    body,
    headers: { 'Idempotency-Key': idempotencyKey },
  })
}
