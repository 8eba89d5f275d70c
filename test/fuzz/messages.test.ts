import type { SQSEvent, SQSRecord } from 'aws-lambda'
import fc from 'fast-check'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { Hint } from '../../adapters/queue/sender.ts'
import { batchHandler, type BatchHandler } from '../../functions/batch.ts'
import { NodeEventMessage, RelayEvent } from '../../core/nodes/relay-event.ts'
import { handleNodeEvent } from '../../core/sweep/node-events.ts'
import { aTxid } from '../../harness/values.ts'
import { hostileJson, hostileStrings, mutants, mutatedText, type Json } from './hostile.ts'

const { keeper } = await vi.hoisted(async () => {
  const { startKeeper } = await import('../../harness/keeper/keeper.ts')
  return { keeper: await startKeeper() }
})

vi.mock('../../functions/runtime.ts', () => ({
  ports: keeper.ports,
  policy: keeper.policy,
  within: (_invocation: unknown, run: () => Promise<unknown>) => run(),
}))

const invocation = { getRemainingTimeInMillis: () => 30_000 }
const SECRET = 'a-secret-in-the-body-of-a-message'
const GOOD_HINT = { spliceId: 'spl_good' }
const GOOD_EVENT: Json = {
  node: 'alice',
  event: {
    id: 'good',
    type: 'splice_negotiation_failed',
    at: 1_700_000_000_000,
    channelId: 'c'.repeat(64),
    txid: aTxid('a'),
    reason: 'PeerDisconnected',
  },
}

function eventOf(bodies: readonly string[]): SQSEvent {
  const attributes: SQSRecord['attributes'] = {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'test',
    ApproximateFirstReceiveTimestamp: '0',
  }
  const rest = { attributes, messageAttributes: {}, md5OfBody: '', eventSource: 'aws:sqs', awsRegion: 'x' }
  return {
    Records: bodies.map((body, n) => ({
      ...rest,
      messageId: `m${n}`,
      receiptHandle: `r${n}`,
      body,
      eventSourceARN: 'arn:aws:sqs:x:0:work',
    })),
  }
}

function parsed<T>(schema: z.ZodType<T>, body: string): T | null {
  try {
    return schema.parse(JSON.parse(body))
  } catch {
    return null
  }
}

const bodiesOf = (good: Json): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: mutants(good).map(({ value }) => JSON.stringify(value)) },
    { weight: 3, arbitrary: mutatedText(JSON.stringify(good)) },
    { weight: 2, arbitrary: hostileJson.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: hostileStrings },
    { weight: 1, arbitrary: fc.constant(JSON.stringify({ key: SECRET, [SECRET]: SECRET })) },
    { weight: 2, arbitrary: fc.constant(JSON.stringify(good)) },
  )

beforeEach(() => {
  keeper.alarms.length = 0
})

/** Of a batch, exactly the messages that cannot be read fail; all others are taken, in whatever company. */
async function expectAlone<T>(schema: z.ZodType<T>, good: Json, seed: number): Promise<void> {
  const taken: T[] = []
  const handler: BatchHandler = batchHandler(schema, async (message) => void taken.push(message))
  await fc.assert(
    fc.asyncProperty(fc.array(bodiesOf(good), { minLength: 1, maxLength: 10 }), async (bodies) => {
      taken.length = 0
      const readable = bodies.map((body) => parsed(schema, body))
      const { batchItemFailures } = await handler(eventOf(bodies), invocation)
      expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(
        readable.flatMap((message, n) => (message === null ? [`m${n}`] : [])),
      )
      const texts = (all: readonly T[]): string[] => all.map((message) => JSON.stringify(message)).sort()
      expect(texts(taken)).toEqual(texts(readable.filter((message) => message !== null)))
    }),
    { seed, numRuns: 250 },
  )
}

describe('a batch', () => {
  test('of hints loses none of the good ones to a bad one', () => expectAlone(Hint, GOOD_HINT, 41))
  test('of node events loses none of the good ones to a bad one', () => expectAlone(NodeEventMessage, GOOD_EVENT, 42))

  test('whose messages fail says so without a word of what was in them', async () => {
    const lines: unknown[] = []
    const alarm = vi.spyOn(keeper.ports.telemetry, 'alarm').mockImplementation((...line) => void lines.push(line))
    const handler = batchHandler(NodeEventMessage, async () => undefined)
    const bad = ['{"node":', `{"node":"${SECRET}"}`, `"${SECRET}"`, SECRET, `{"${SECRET}":1}`, '[]']
    await handler(eventOf(bad), invocation)
    alarm.mockRestore()
    expect(lines).toHaveLength(bad.length)
    expect(JSON.stringify(lines)).not.toContain(SECRET)
  })
})

test('a node event that is wrong in one place is refused by the name of the field that is wrong', () => {
  fc.assert(
    fc.property(mutants(GOOD_EVENT), ({ value, path }) => {
      const result = NodeEventMessage.safeParse(value)
      if (result.success) return
      const changed = path.map(String).join('.')
      const named = result.error.issues.map((issue) => issue.path.map(String).join('.'))
      expect(named.some((field) => changed.startsWith(field) || field.startsWith(changed))).toBe(true)
    }),
    { seed: 43, numRuns: 500 },
  )
})

test('an event of a relay that can be read is taken, twice over, whatever it holds', async () => {
  const texts = fc.oneof(hostileStrings, fc.constant('lease')).filter((text) => text.length > 0 && text.length <= 128)
  const events = fc
    .record({
      id: texts,
      type: fc.constantFrom('process_started', 'splice_negotiation_failed', 'peer_connected'),
      at: fc.maxSafeNat(),
      channelId: fc.option(texts, { nil: undefined }),
      reason: fc.constantFrom('PeerDisconnected', undefined),
    })
    .map((event) => RelayEvent.parse(JSON.parse(JSON.stringify(event))))
  await fc.assert(
    fc.asyncProperty(events, async (event) => {
      await handleNodeEvent('alice', event, keeper.ports, keeper.policy)
      await handleNodeEvent('alice', event, keeper.ports, keeper.policy)
      const node = await keeper.store.item('node', 'alice')
      const noted = node?.value.relayEvents.filter((id) => id === event.id)
      // An id may have come with another type before.
      if (event.type === 'peer_connected') expect(noted?.length).toBeLessThan(2)
      else expect(noted).toHaveLength(1)
      for (const at of node?.value.processStarts ?? []) expect(at).toBeLessThanOrEqual(keeper.world.now())
    }),
    { seed: 44, numRuns: 200 },
  )
})
