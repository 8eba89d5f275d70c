import { channel } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { BatchWriteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import { itemKey, spliceKey, tenantChannelOf } from '../../adapters/store/keys.ts'
import { channelKey } from '../../core/ports/records.ts'
import { loadFunctions } from '../../local/functions.ts'
import { TENANT } from '../../local/keys.ts'
import { startServer } from '../../local/server.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import { REQUEST } from '../../functions/runtime.ts'
import { apiChannel, apiNode } from '../../harness/api/seed.ts'
import { PutsWanted, channelIdOf, inParallel, orderOf } from './load.ts'

/**
 * The process of `bench/accept/accept.ts` that the API runs in, and beside it bare conditional puts: over a client of the same
 * settings to the same table, behind the same HTTP server or without it.
 */
const functions = await loadFunctions()
const client = DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: REQUEST }))
const { name: TableName } = z.object({ name: z.string() }).parse(JSON.parse(process.env['SST_RESOURCE_Table'] ?? ''))
const BATCH_ROWS = 25
/** Bare puts are on channels that nobody orders on. */
const PUT_CHANNELS = 1_000_000

const Stored = z.looseObject({ pk: z.string(), body: z.looseObject({}) })

const now = Date.now()
const key = createKey({ tenant: TENANT, scopes: ['splices:read', 'splices:write'], name: 'bench' }, now)
await functions.store.putItem('key', key.hash, key.item, 0)
await functions.store.putItem('node', 'alice', { ...apiNode, channelIds: [], seenAt: now }, 0)
const chain = { height: 200, hash: 'b'.repeat(64), seenAt: now, hashes: ['b'.repeat(64)], orphans: [] }
await functions.store.putItem('chain', 'regtest', chain, 0)

/** Copies of a stored row, made by `of` from its number, as many as there are to be. */
async function copy(count: number, of: (n: number) => Record<string, unknown>): Promise<void> {
  for (let start = 0; start < count; start += BATCH_ROWS) {
    const numbers = Array.from({ length: Math.min(BATCH_ROWS, count - start) }, (_, n) => start + n)
    const puts = numbers.map((n) => ({ PutRequest: { Item: of(n) } }))
    await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }))
  }
}

async function stored(at: { pk: string; sk: string }) {
  return Stored.parse((await client.send(new GetCommand({ TableName, Key: at }))).Item)
}

const first = channelIdOf(0)
await functions.store.putItem('channel', channelKey('alice', first), { ...apiChannel, channelId: first }, 0)
const channelRow = await stored(itemKey('channel', channelKey('alice', first)))
await copy(Number(process.argv[2]), (n) => {
  const channelId = channelIdOf(n)
  return {
    ...channelRow,
    pk: itemKey('channel', channelKey('alice', channelId)).pk,
    body: { ...channelRow.body, channelId },
  }
})
const order = (serial: number): Promise<Response> =>
  functions.api(new Request('http://127.0.0.1/v1/splices', orderOf(key.secret, 0, serial)))
const accepted = await order(0)
const { id: acceptedId } = z.object({ id: z.string() }).parse(await accepted.json())
const spliceRow = await stored(spliceKey(acceptedId))

let copies = 0
/** The row of the accepted splice, under an id of its own, on a channel. */
function rowOn(channelId: string): Record<string, unknown> {
  copies += 1
  const id = `spl_${String(copies).padStart(acceptedId.length - 4, '0')}`
  return {
    ...spliceRow,
    pk: spliceKey(id).pk,
    tenantChannel: tenantChannelOf(TENANT, channelId),
    createdAtId: `${String(Date.now()).padStart(16, '0')}#${id}`,
    body: { ...spliceRow.body, id, channelId, amountSats: 1_000 },
  }
}

async function put(): Promise<void> {
  const Item = rowOn(channelIdOf(PUT_CHANNELS + copies))
  await client.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' }))
}

const started = channel('http.client.request.start')
const Started = z.object({ request: z.instanceof(ClientRequest) })

/** Names the requests to DynamoDB and SQS that are made for one order. */
async function requestsOf(order: () => Promise<Response>): Promise<string[]> {
  const names: string[] = []
  const note = (message: unknown): void => {
    const target = Started.parse(message).request.getHeader('x-amz-target')
    names.push(z.string().parse(target).replace(/^.*\./, ''))
  }
  started.subscribe(note)
  await order()
  started.unsubscribe(note)
  return names
}

const routes: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  '/put': async () => ({ done: await put() }),
  '/puts': async (request) => {
    const { clients, count } = PutsWanted.parse(await request.json())
    return inParallel(clients, count, put)
  },
  '/earlier': async (request) => {
    const { channelId, count } = z.object({ channelId: z.string(), count: z.int() }).parse(await request.json())
    await copy(count, () => rowOn(channelId))
    return {}
  },
  '/requests': () => requestsOf(() => order(-1)),
}

const server = await startServer(0, async (request) => {
  const route = routes[new URL(request.url).pathname]
  if (route === undefined) return functions.api(request)
  return Response.json(await route(request), { status: 202 })
})
process.send?.({ url: server.url, secret: key.secret })
