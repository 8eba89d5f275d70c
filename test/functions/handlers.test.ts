import type { SQSEvent, SQSRecord } from 'aws-lambda'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { handler as failures } from '../../functions/node-events.ts'
import { handler as reconcile } from '../../functions/reconcile.ts'
import { handler as work } from '../../functions/work.ts'
import { handler as api } from '../../functions/api.ts'

const { keeper } = await vi.hoisted(async () => {
  const { startKeeper } = await import('../../harness/keeper/keeper.ts')
  return { keeper: await startKeeper() }
})

vi.mock('../../functions/runtime.ts', () => ({
  ports: keeper.ports,
  policy: keeper.policy,
  backupAt: null,
  requestsPerSecond: 1_000,
  keys: new Map(),
  nodeEvents: keeper.events,
  webhook: { deliver: async () => ({ ok: true, status: 204 }) },
  privateWebhooks: false,
  explorer: null,
  within: (_invocation: unknown, run: () => Promise<unknown>) => run(),
}))

const invocation = { getRemainingTimeInMillis: () => 30_000 }

function recordOf(messageId: string, body: string): SQSRecord {
  return {
    messageId,
    receiptHandle: `receipt ${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:work',
    awsRegion: 'eu-central-1',
  }
}

const eventOf = (...bodies: string[]): SQSEvent => ({
  Records: bodies.map((body, n) => recordOf(`m${n + 1}`, body)),
})
const failed = (...ids: string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
})

beforeEach(() => {
  keeper.alarms.length = 0
})

describe('the work queue', () => {
  test('drives each splice; one bad record among three fails alone', async () => {
    const [one, two] = [await keeper.post(), await keeper.post({ channelId: keeper.channelIds[1] ?? '' })]
    const event = eventOf(JSON.stringify({ spliceId: one.id }), '{', JSON.stringify({ spliceId: two.id }))
    expect(await work(event, invocation)).toEqual(failed('m2'))
    expect((await keeper.splice(one.id)).state).toBe('submitted')
    expect((await keeper.splice(two.id)).state).toBe('submitted')
    expect(keeper.alarms).toEqual(['a message failed'])
  })

  test('reports all records of a batch that fails as a whole, and does not throw', async () => {
    expect(await work(eventOf('{', '{"spliceId":7}'), invocation)).toEqual(failed('m1', 'm2'))
  })

  test('has nothing to do for a splice that does not exist', async () => {
    expect(await work(eventOf('{"spliceId":"spl_none"}'), invocation)).toEqual(failed())
  })

  test('takes no message with anything but a splice id in it', async () => {
    expect(await work(eventOf('{"spliceId":"spl_none","look":"x"}'), invocation)).toEqual(failed('m1'))
  })
})

describe('the failures queue', () => {
  test("takes a node's event, and leaves one that it cannot read", async () => {
    const at = keeper.world.now()
    const event = { node: 'alice', event: { id: 'alice-start', type: 'process_started', at } }
    expect(await failures(eventOf(JSON.stringify(event), '{"node":"alice"}'), invocation)).toEqual(failed('m2'))
    expect((await keeper.store.item('node', 'alice'))?.value.processStarts).toContain(at)
  })

  test('takes a whole batch of one node, whose events all go into one item, but for one that it cannot read', async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `alice-batch-${n}`)
    const event = (id: string) => ({ node: 'alice', event: { id, type: 'splice_negotiation_failed', at: 1 } })
    const bodies = ids.map((id, n) => (n === 4 ? '{' : JSON.stringify(event(id))))
    expect(await failures(eventOf(...bodies), invocation)).toEqual(failed('m5'))
    const taken = (await keeper.store.item('node', 'alice'))?.value.relayEvents
    expect(taken).toEqual(expect.arrayContaining(ids.filter((_, n) => n !== 4)))
  })

  test('leaves the event of a node that was not seen yet for later', async () => {
    const event = { node: 'bob', event: { id: 'bob-start', type: 'process_started', at: 1 } }
    expect(await failures(eventOf(JSON.stringify(event)), invocation)).toEqual(failed('m1'))
  })
})

describe('the schedule', () => {
  test('sweeps: hints what has to be sent, and sends nothing itself', async () => {
    const splice = await keeper.post({ channelId: keeper.channelIds[2] ?? '' })
    keeper.queue.receive(10)
    const before = keeper.queue.size()
    await reconcile({}, invocation)
    expect((await keeper.splice(splice.id)).attempts).toEqual([])
    expect(keeper.queue.size()).toBeGreaterThan(before)
  })
})

describe('the API behind API Gateway', () => {
  test('answers', async () => {
    const http = {
      method: 'GET',
      path: '/health',
      protocol: 'HTTP/1.1',
      sourceIp: '192.0.2.1',
      userAgent: 'test',
    }
    const event = {
      version: '2.0',
      routeKey: '$default',
      rawPath: '/health',
      rawQueryString: '',
      headers: { host: 'api.example' },
      body: null,
      isBase64Encoded: false,
      requestContext: {
        accountId: '0',
        apiId: 'api',
        authentication: null,
        authorizer: {},
        domainName: 'api.example',
        domainPrefix: 'api',
        http,
        requestId: 'r',
        routeKey: '$default',
        stage: '$default',
        time: '',
        timeEpoch: 0,
      },
    }
    const context = { ...lambdaContext, ...invocation }
    expect(await api(event, context)).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' })
  })
})

const lambdaContext = {
  awsRequestId: 'r',
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'api',
  functionVersion: '1',
  invokedFunctionArn: 'arn',
  logGroupName: 'g',
  logStreamName: 's',
  memoryLimitInMB: '1024',
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
}
