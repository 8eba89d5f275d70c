import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import { esplora } from '../../adapters/chain/esplora/esplora.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import type { LdkRpc } from '../../adapters/node/ldk/rpc.ts'
import { startEsploraServer } from '../../simulator/chain/esplora-server.ts'
import { createWorld, simulatedChainPort } from '../../simulator/world/world.ts'
import { dynamoStore } from '../../adapters/store/dynamo.ts'
import { createTableInput } from '../../adapters/store/table.ts'
import type { Ports, Store } from '../../core/ports/ports.ts'
import { previewGates } from '../../core/drive/preview.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { createApi } from '../../functions/api/app.ts'
import { keyTraffic } from '../../functions/api/key-traffic.ts'
import { hashOf } from '../../core/keys/api-key.ts'
import { startDynalite } from '../../harness/emulators.ts'
import { ADDRESS } from '../../harness/values.ts'
import { MINUTE, START } from '../../harness/keeper/times.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { chanceFrom } from '../../harness/chance.ts'
import { meterOf, type TableRequest } from './meter.ts'

const SECRET = 'sk_bench'
const NODE = 'alice'
const TABLE = 'bench'
const BLOCK_MINUTES = 10
/** When orders come, between two sweeps. */
const AFTER_A_SWEEP_MS = 20_000
/** Where nothing comes together, each message is sent, received and deleted by itself. */
const SQS_REQUESTS_PER_MESSAGE = 3
const REQUESTS_PER_SECOND = 1_000
const LOCAL = { region: 'eu-central-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

/** What was asked of everything outside of the process, as it left it; names as a report prints them. */
export type Tally = Readonly<Record<string, number>>

/** What is counted while it happens. */
type Meter = {
  readonly table: TableRequest[]
  /** Messages sent to a queue, by the function that it feeds. */
  readonly messages: { work: number; nodeEvents: number }
  apiRequests: number
  nodeCalls: number
  chainCalls: number
}

export type MeteredWorld = Awaited<ReturnType<typeof startMeteredWorld>>

/**
 * Splicekeeper over a simulated node under a virtual clock: the real API and core, the real store through the SDK over HTTP, the
 * Esplora adapter over HTTP. Only the node's process and the queues are in memory. All that leaves it is counted.
 */
export async function startMeteredWorld() {
  const meter: Meter = {
    table: [],
    messages: { work: 0, nodeEvents: 0 },
    apiRequests: 0,
    nodeCalls: 0,
    chainCalls: 0,
  }
  const emulator = await startDynalite()
  const client = new DynamoDBClient({ ...LOCAL, endpoint: emulator.endpoint })
  await client.send(new CreateTableCommand(createTableInput(TABLE)))
  meterOf(client, (request) => void meter.table.push(request))
  const store = dynamoStore({
    client: DynamoDBDocumentClient.from(client),
    table: TABLE,
    ids: chanceFrom('writes'),
  })
  const world = createWorld({ seed: TABLE, startAt: START, nodes: [{ name: NODE, overlapGuard: true }] })
  const source = await startEsploraServer({ chain: simulatedChainPort(world.chain) })
  const heard = countRequestsTo(new URL(source.url).host, () => (meter.chainCalls += 1))
  subscribe('http.client.request.start', heard)
  const rpc = countedRpc(world.node(NODE).rpc, () => (meter.nodeCalls += 1))
  const keeper = new Keeper({
    seed: TABLE,
    world,
    port: ldkNode(rpc, { clock: { now: () => world.now() }, overlapGuard: true }),
    queueHooks: { deliveries: () => ((meter.messages.work += 1), [0]) },
    eventHooks: { deliveries: () => ((meter.messages.nodeEvents += 1), [0]) },
    wrap: (ports) => wired(ports, store, source.url),
  })
  const post = await clientOf(keeper, meter)
  await keeper.run(AFTER_A_SWEEP_MS)
  if (keeper.crashes.length > 0) throw keeper.crashes[0]

  return {
    keeper,

    /** Orders a plain splice-out; answers its id. */
    order: (amountSats = 50_000): Promise<string> =>
      post('/v1/splices', {
        node: NODE,
        channel: keeper.channelId,
        kind: 'splice_out',
        amountSats,
        address: ADDRESS,
      }),

    async bump(id: string): Promise<void> {
      await post(`/v1/splices/${id}/bump`, {})
    },

    /** Lets a minute pass, the last one before a block where `minute` is a multiple of ten. */
    async pass(minute: number): Promise<void> {
      await keeper.run(MINUTE, minute % BLOCK_MINUTES === 0 ? { blockMs: MINUTE } : {})
    },

    /** Reads a splice; that is not counted. */
    async splice(id: string): Promise<Splice> {
      const asked = meter.table.length
      const splice = await store.load(id)
      meter.table.length = asked
      if (splice === null) throw new Error('no such splice')
      return splice
    },

    tally: (): Tally => tallyOf(meter),

    /** Every request to the table so far, in order. */
    requests: (): readonly TableRequest[] => meter.table,

    async close(): Promise<void> {
      unsubscribe('http.client.request.start', heard)
      client.destroy()
      await source.close()
      await emulator.close()
    },
  }
}

function tallyOf({ table, messages, apiRequests, nodeCalls, chainCalls }: Meter): Tally {
  const tally: Record<string, number> = {}
  const add = (name: string, count: number): void => void (tally[name] = (tally[name] ?? 0) + count)
  for (const { operation, item, readUnits, writeUnits } of table) {
    add(operation, 1)
    if (operation === 'PutItem') add(`put of ${item}`, 1)
    add('read units', readUnits)
    add('write units', writeUnits)
  }
  const sent = messages.work + messages.nodeEvents
  add('SQS requests', sent * SQS_REQUESTS_PER_MESSAGE)
  add('DynamoDB and SQS requests', table.length + sent * SQS_REQUESTS_PER_MESSAGE)
  // A relay reports each event by a request of its own.
  add('invocations', apiRequests + messages.nodeEvents + sent)
  add('node calls', nodeCalls)
  add('chain calls', chainCalls)
  return tally
}

/** The ports over the metered store and chain source, and a queue of notices that nobody listens to. */
function wired(ports: Ports, store: Store, chainUrl: string): Ports {
  const nodes = [...ports.nodes].map(([name, node]) => [name, { ...node, chain: esplora({ url: chainUrl }) }] as const)
  return { ...ports, store, nodes: new Map(nodes), webhooks: { hint: async () => undefined } }
}

const Accepted = z.object({ id: z.string() })

/** A client with a key of the table, and the API as it is deployed. */
async function clientOf({ ports, policy, events }: Keeper, meter: Meter) {
  const key = { tenant: 'acme', name: 'bench', createdAt: 0, revokedAt: null }
  await ports.store.putItem('key', hashOf(SECRET), { ...key, scopes: ['splices:write'] }, 0)
  // That it is in use is noted once an hour.
  await ports.store.putItem('keyUse', hashOf(SECRET), { at: ports.clock.now() }, 0)
  const api = createApi({
    ports,
    policy,
    keys: new Map(),
    traffic: keyTraffic(ports, REQUESTS_PER_SECOND),
    preview: (draft) => previewGates(draft, ports, policy),
    nodeEvents: (message) => events.send(message),
    webhook: { deliver: async () => ({ ok: true, status: 204 }) },
    privateWebhooks: false,
    explorer: null,
  })
  return async (path: string, body: object): Promise<string> => {
    meter.apiRequests += 1
    const response = await api.request(path, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${SECRET}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': `bench-${meter.apiRequests}`,
      },
      body: JSON.stringify(body),
    })
    const answer: unknown = await response.json()
    if (response.status !== 202) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return Accepted.parse(answer).id
  }
}

const Started = z.object({ request: z.instanceof(ClientRequest) })

/** Hears of each request over HTTP that this process makes. */
function countRequestsTo(host: string, count: () => void) {
  return (message: unknown): void => {
    const heard = Started.safeParse(message)
    if (heard.success && heard.data.request.getHeader('host') === host) count()
  }
}

/** The node's calls, each counted. */
function countedRpc(rpc: LdkRpc, count: () => void): LdkRpc {
  const counted =
    <A extends readonly unknown[], T>(call: (...args: A) => T) =>
    (...args: A): T => {
      count()
      return call(...args)
    }
  return {
    getNodeInfo: counted(rpc.getNodeInfo.bind(rpc)),
    listChannels: counted(rpc.listChannels.bind(rpc)),
    listPeers: counted(rpc.listPeers.bind(rpc)),
    getBalances: counted(rpc.getBalances.bind(rpc)),
    getPayment: counted(rpc.getPayment.bind(rpc)),
    listPayments: counted(rpc.listPayments.bind(rpc)),
    onchainReceive: counted(rpc.onchainReceive.bind(rpc)),
    connectPeer: counted(rpc.connectPeer.bind(rpc)),
    spliceIn: counted(rpc.spliceIn.bind(rpc)),
    spliceOut: counted(rpc.spliceOut.bind(rpc)),
    bumpFee: counted(rpc.bumpFee.bind(rpc)),
  }
}
