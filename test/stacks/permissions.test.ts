import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { SIGNATURE_HEADER, TIMESTAMP_HEADER, relaySignature } from '../../core/nodes/relay-signature.ts'
import { wiring, type FunctionName } from '../../functions/wiring.ts'
import { addressOf, linkFunctions, startQueues, startTable } from '../../local/emulators.ts'
import { loadFunctions } from '../../local/functions.ts'
import { TENANT, keepKeys } from '../../local/keys.ts'
import { simulationPolicy } from '../../local/settings.ts'
import { startSimulation } from '../../local/simulation.ts'
import { until } from '../../local/until.ts'
import { ADDRESS } from '../../harness/values.ts'
import { all, evaluate, named, statementsOf, type Resource, type Topology } from './topology.ts'

const LIFE_MS = 60_000
const UNPACKING_MS = 240_000

/** What Lambda does itself with the queue that feeds a function, and with its log. */
const BY_LAMBDA = /^(logs:|sqs:(ReceiveMessage|DeleteMessage|ChangeMessageVisibility|GetQueueAttributes)$)/

/** An action and the resource that it was taken on, in the names of the emulators and of AWS alike. */
type Use = string

const Target = z.object({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  QueueUrl: z.string().optional(),
})

function useOf(incoming: IncomingMessage, body: Buffer): Use {
  const [service, action = ''] = String(incoming.headers['x-amz-target']).split('.')
  const { IndexName, QueueUrl } = Target.parse(JSON.parse(body.toString()))
  if (service === 'AmazonSQS') return `sqs:${action} ${QueueUrl?.split('/').at(-1) ?? ''}`
  return `dynamodb:${action} table${IndexName === undefined ? '' : `/index/${IndexName}`}`
}

/** A server before an emulator that notes what it is asked. */
async function startRecorder(upstream: string, note: (use: Use) => void) {
  const server = createServer((incoming, outgoing) => {
    const pass = async (): Promise<void> => {
      const body = await buffer(incoming)
      note(useOf(incoming, body))
      const { method = 'POST', headers, url = '/' } = incoming
      const onward = request(new URL(url, upstream), { method, headers, agent: false })
      const answered = once(onward, 'response')
      onward.end(body)
      const response = z.custom<IncomingMessage>().parse((await answered)[0])
      outgoing.writeHead(response.statusCode ?? 502, response.headers).end(await buffer(response))
    }
    pass().catch(() => incoming.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { endpoint: addressOf(server), close }
}

const used = new Map<FunctionName, Set<Use>>(
  (['api', 'work', 'nodeEvents', 'webhooks', 'reconcile'] as const).map((name) => [name, new Set()]),
)
let running: FunctionName | null = null

/** Runs a function, and notes what it asks for. One at a time: nothing else tells whose a request is. */
async function as<T>(name: FunctionName, run: () => Promise<T>): Promise<T> {
  running = name
  try {
    return await run()
  } finally {
    running = null
  }
}

const note = (use: Use): void => {
  if (running !== null) used.get(running)?.add(use)
}

const message = (body: unknown) => ({
  Records: [
    {
      messageId: 'm',
      receiptHandle: 'r',
      body: JSON.stringify(body),
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: 's',
        ApproximateFirstReceiveTimestamp: '0',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:queue',
      awsRegion: 'eu-central-1',
    },
  ],
})

const closers: (() => Promise<void>)[] = []
let topology: Topology

beforeAll(async () => {
  topology = await evaluate('production')
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-permissions-'))
  closers.push(async () => rmSync(folder, { recursive: true, force: true }))
  const table = await startTable(join(folder, 'table'))
  const queues = await startQueues()
  const world = await startSimulation(join(folder, 'world.json'), TENANT, 0)
  const tableRecorder = await startRecorder(table.endpoint, note)
  const queueRecorder = await startRecorder(queues.endpoint, note)
  closers.push(
    tableRecorder.close,
    queueRecorder.close,
    () => world.close(),
    () => queues.close(),
    () => table.close(),
  )
  const recorded = (url: string): string => queueRecorder.endpoint + new URL(url).pathname
  linkFunctions(
    {
      table: { ...table, endpoint: tableRecorder.endpoint },
      queues: {
        ...queues,
        endpoint: queueRecorder.endpoint,
        queues: {
          work: { ...queues.queues.work, url: recorded(queues.queues.work.url) },
          nodeEvents: { ...queues.queues.nodeEvents, url: recorded(queues.queues.nodeEvents.url) },
          webhooks: { ...queues.queues.webhooks, url: recorded(queues.queues.webhooks.url) },
        },
      },
    },
    [world.entry],
    simulationPolicy,
  )
  await live(folder, world)
}, UNPACKING_MS + LIFE_MS)

afterAll(async () => {
  for (const close of closers) await close()
})

/** A life in which each function does everything that it can do. */
async function live(folder: string, world: Awaited<ReturnType<typeof startSimulation>>): Promise<void> {
  const functions = await loadFunctions()
  const keys = await keepKeys(join(folder, 'keys.json'), functions.store)
  const sweep = () => as('reconcile', () => functions.reconcile())
  const work = (spliceId: string) => as('work', () => functions.work(message({ spliceId })))
  const call = (method: string, path: string, more: { body?: string; headers?: Record<string, string> } = {}) =>
    as('api', async () => {
      const headers = {
        Authorization: `Bearer ${keys.operatorKey}`,
        'Content-Type': 'application/json',
        ...more.headers,
      }
      const init = more.body === undefined ? { method, headers } : { method, headers, body: more.body }
      return functions.api(new Request(`http://127.0.0.1${path}`, init))
    })
  const relay = async (event: object) => {
    const body = JSON.stringify({ events: [event] })
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = relaySignature(world.relayKey, timestamp, body)
    const headers = { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: signature }
    return call('POST', `/v1/nodes/${world.entry.name}/events`, { body, headers })
  }

  await sweep()
  const [channel] = world.live.node.channels()
  if (channel === undefined) throw new Error('no channel')
  const order = {
    node: world.entry.name,
    kind: 'splice_out',
    address: ADDRESS,
  }
  const post = async (key: string, amountSats: number, on = channel.channelId): Promise<string> => {
    const accepted = await call('POST', '/v1/splices', {
      body: JSON.stringify({ ...order, channel: on, amountSats }),
      headers: { 'Idempotency-Key': key },
    })
    expect(accepted.status).toBe(202)
    return z.object({ id: z.string() }).parse(await accepted.json()).id
  }
  const reaches = (id: string, state: string, look: () => Promise<unknown>) =>
    until(state, LIFE_MS, async () => {
      await look()
      return (await functions.store.load(id))?.state === state ? true : null
    })
  // Nobody listens there: deliveries fail, and are to be tried again.
  const hook = await call('POST', '/v1/webhooks', { body: JSON.stringify({ url: 'http://127.0.0.1:1/' }) })
  expect(hook.status).toBe(201)
  const { id: endpointId } = z.object({ id: z.string() }).parse(await hook.json())
  const notice = { tenant: TENANT, endpointId }
  const id = await post('first', 50_000)
  const second = await post('second', 60_000)
  await reaches(id, 'pending', async () => {
    await sweep()
    await work(id)
  })
  const event = { type: 'channel_state_changed', at: Date.now(), channelId: channel.channelId }
  expect((await relay({ id: 'event-1', ...event })).status).toBe(202)
  const heard = (told: object) =>
    as('nodeEvents', () => functions.nodeEvents(message({ node: world.entry.name, event: told })))
  await heard({ id: 'event-1', ...event })
  await heard({ id: 'event-2', type: 'process_started', at: Date.now() })
  // Of a channel whose lease nobody has.
  const { channelId } = world.live.node.channels().at(-1) ?? channel
  await heard({ id: 'event-3', type: 'peer_connected', at: Date.now(), channelId })
  // Of a splice that only the node's event tells to look at.
  const third = await post('third', 70_000, channelId)
  await work(third)
  await reaches(third, 'pending', () => heard({ id: 'event-4', type: 'splice_negotiated', at: Date.now(), channelId }))
  world.live.change((live) => live.mine(6))
  await sweep()
  const lease = await functions.store.item('lease', channel.channelId)
  if (lease === null) throw new Error('no lease')
  await functions.store.putItem('lease', channel.channelId, { ...lease.value, waiting: [second] }, lease.version)
  // The end is found by the consumer of the queue: it says so, and wakes who waits for the channel.
  await reaches(id, 'settled', () => work(id))
  for (const path of [
    `/v1/splices/${id}`,
    '/v1/splices?limit=5',
    `/v1/splices?channel=${channel.channelId}`,
    '/v1/events?after=0',
    '/v1/nodes',
    '/v1/channels',
    `/v1/payments?txid=${(await functions.store.load(id))?.candidates[0]?.txid ?? ''}`,
  ])
    expect((await call('GET', path)).status, path).toBe(200)
  await as('webhooks', () => functions.webhooks(message(notice)))
  const enabled = await call('POST', `/v1/webhooks/${endpointId}/enable`, { body: '{}' })
  expect(enabled.status).toBe(200)
  world.live.change((live) => live.reorg(7, { include: 'none' }))
  await sweep()
  expect((await functions.store.load(id))?.epoch).toBe(1)
}

/** What a function's role allows, in the same words. */
function granted(name: FunctionName): Set<Use> {
  const { handler } = wiring.functions[name]
  const component = topology.functions.find((each) => each.handler === handler)?.name ?? ''
  const isIt = (each: Resource): boolean => each.name === `${component}Function`
  const role = named(topology, 'role', all(topology, 'function').find(isIt)?.inputs['role'])
  const short = (arn: string): string => arn.replace(/^arn:aws:dynamodb:[^/]*table\/[^/]+/, 'table')
  const queues: Readonly<Record<string, string>> = {
    WorkQueue: 'work',
    NodeEventsQueue: 'node-events',
    WebhooksQueue: 'webhooks',
  }
  const queueOf = (arn: string): string => queues[/[^-:]+$/.exec(arn)?.[0] ?? ''] ?? arn
  return new Set(
    statementsOf(role).flatMap(({ Action, Resource }) =>
      Action.filter((action) => !BY_LAMBDA.test(action)).flatMap((action) =>
        Resource.map((arn) => `${action} ${action.startsWith('sqs:') ? queueOf(arn) : short(arn)}`),
      ),
    ),
  )
}

test.each(['api', 'work', 'nodeEvents', 'webhooks', 'reconcile'] as const)(
  'the function %s may do what it does, and nothing else',
  (name) => expect([...granted(name)].toSorted()).toEqual([...(used.get(name) ?? [])].toSorted()),
)
