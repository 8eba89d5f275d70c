import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { memoryQueue, type QueueHooks } from '../../../adapters/queue/memory.ts'
import { Hint, delaySecondsOf, hintQueueOver } from '../../../adapters/queue/sender.ts'
import { sqsQueue, sqsSender } from '../../../adapters/queue/sqs.ts'
import { sqsClient, startSqs, type Emulator } from '../../../harness/emulators.ts'

describe('a delay', () => {
  test.each([
    [-5, 0],
    [0, 0],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [899_001, 900],
    [86_400_000, 900],
  ])('of %i ms is %i s to the queue', (delayMs, seconds) => {
    expect(delaySecondsOf(delayMs)).toBe(seconds)
  })
})

describe('the queue on SQS', () => {
  let sqs: Emulator
  let client: SQSClient
  let serial = 0

  beforeAll(async () => {
    sqs = await startSqs()
    client = sqsClient(sqs.endpoint)
  })
  afterAll(async () => {
    client.destroy()
    await sqs.close()
  })

  const newQueue = async (attributes: Record<string, string> = {}): Promise<string> => {
    serial += 1
    const command = new CreateQueueCommand({ QueueName: `q${serial}`, Attributes: attributes })
    return z.string().parse((await client.send(command)).QueueUrl)
  }
  const attribute = async (queueUrl: string, name: 'QueueArn' | 'ApproximateNumberOfMessagesDelayed') => {
    const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [name] })
    return (await client.send(command)).Attributes?.[name]
  }
  const receive = async (queueUrl: string, options: { wait?: number; visibility?: number } = {}) => {
    const { Messages: messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: options.wait ?? 0,
        VisibilityTimeout: options.visibility ?? 30,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    )
    return messages
  }
  const bodies = async (queueUrl: string, wait = 0): Promise<unknown[]> =>
    (await receive(queueUrl, { wait })).map((message): unknown => JSON.parse(message.Body ?? ''))

  test('carries a hint as JSON with the splice’s id, until it is deleted', async () => {
    const queueUrl = await newQueue()
    await sqsQueue({ client, queueUrl }).hint('spl_1', 0)
    const [message] = await receive(queueUrl, { visibility: 0 })
    expect(message?.Body).toBe('{"spliceId":"spl_1"}')
    expect(Hint.parse(JSON.parse(message?.Body ?? ''))).toEqual({ spliceId: 'spl_1' })
    const [again] = await receive(queueUrl)
    expect(again?.MessageId).toBe(message?.MessageId)
    await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: again?.ReceiptHandle }))
    expect(await receive(queueUrl)).toEqual([])
  })

  test('keeps a delayed hint back and then hands it out', async () => {
    const queueUrl = await newQueue()
    await sqsQueue({ client, queueUrl }).hint('spl_1', 200)
    expect(await bodies(queueUrl)).toEqual([])
    expect(await attribute(queueUrl, 'ApproximateNumberOfMessagesDelayed')).toBe('1')
    expect(await bodies(queueUrl, 10)).toEqual([{ spliceId: 'spl_1' }])
  })

  test('takes a wish for a day as the longest delay there is', async () => {
    const queueUrl = await newQueue()
    const sent: unknown[] = []
    const own = sqsClient(sqs.endpoint)
    own.middlewareStack.add(
      (next) => (args) => {
        sent.push(args.input)
        return next(args)
      },
      { step: 'initialize' },
    )
    await sqsQueue({ client: own, queueUrl }).hint('spl_1', 86_400_000)
    own.destroy()
    expect(sent).toMatchObject([{ DelaySeconds: 900 }])
    expect(await attribute(queueUrl, 'ApproximateNumberOfMessagesDelayed')).toBe('1')
  })

  test('carries any message that JSON can', async () => {
    const queueUrl = await newQueue()
    const sender = sqsSender<{ node: string; note: string }>({ client, queueUrl })
    await sender.send({ node: 'alice', note: '閉 "quoted" \n' })
    expect(await bodies(queueUrl)).toEqual([{ node: 'alice', note: '閉 "quoted" \n' }])
  })

  test('moves a hint that is received too often to the dead-letter queue', async () => {
    const deadUrl = await newQueue()
    const deadLetterTargetArn = await attribute(deadUrl, 'QueueArn')
    const queueUrl = await newQueue({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }),
    })
    await sqsQueue({ client, queueUrl }).hint('spl_poison', 0)
    for (let receives = 1; receives <= 3; receives += 1) {
      const [message] = await receive(queueUrl, { visibility: 0 })
      expect(message?.Attributes?.ApproximateReceiveCount).toBe(String(receives))
    }
    expect(await receive(queueUrl, { visibility: 0 })).toEqual([])
    expect(await bodies(deadUrl)).toEqual([{ spliceId: 'spl_poison' }])
  })

  test('throws when the queue does not exist', async () => {
    const queueUrl = `${sqs.endpoint}/000000000000/none`
    await expect(sqsQueue({ client, queueUrl }).hint('spl_1', 0)).rejects.toThrow()
  })
})

describe('the queue in memory', () => {
  function open(hooks: QueueHooks<Hint> = {}) {
    const clock = { now: 0 }
    const queue = memoryQueue<Hint>({
      now: () => clock.now,
      visibilityMs: 30_000,
      maxReceives: 2,
      parse: (value) => Hint.parse(value),
      hooks,
    })
    const hints = hintQueueOver(queue)
    const ids = (max = 10) => queue.receive(max).map(({ message }) => message.spliceId)
    return { clock, queue, hints, ids }
  }

  test('hands out what is due, oldest first, up to a number', async () => {
    const { clock, queue, hints, ids } = open()
    await hints.hint('c', 2_000)
    await hints.hint('a', 0)
    await hints.hint('b', 0)
    expect(ids(1)).toEqual(['a'])
    expect(ids()).toEqual(['b'])
    expect(queue.nextVisibleAt()).toBe(2_000)
    clock.now = 2_000
    expect(ids()).toEqual(['c'])
  })

  test('caps delays as SQS does', async () => {
    const { queue, hints } = open()
    await hints.hint('a', 86_400_000)
    expect(queue.nextVisibleAt()).toBe(900_000)
  })

  test('hides a message in work and hands it out again when it was not deleted', async () => {
    const { clock, queue, hints } = open()
    await hints.hint('a', 0)
    const [first] = queue.receive(10)
    expect(queue.receive(10)).toEqual([])
    clock.now = 30_000
    const [second] = queue.receive(10)
    expect([first?.receives, second?.receives]).toEqual([1, 2])
    expect(queue.remove(first?.receipt ?? '')).toBe(false)
    expect(queue.remove(second?.receipt ?? '')).toBe(true)
    expect(queue.remove(second?.receipt ?? '')).toBe(false)
    expect([queue.size(), queue.nextVisibleAt()]).toEqual([0, null])
  })

  test('keeps what was received too often as a dead letter', async () => {
    const { clock, queue, hints, ids } = open()
    await hints.hint('a', 0)
    for (const now of [0, 30_000]) {
      clock.now = now
      expect(ids()).toEqual(['a'])
    }
    clock.now = 60_000
    expect(ids()).toEqual([])
    expect(queue.deadLetters()).toEqual([{ spliceId: 'a' }])
    expect(queue.size()).toBe(0)
  })

  test('loses, doubles and delays as its hook says', async () => {
    const plan: Record<string, number[]> = { lost: [], twice: [0, 0], late: [5_000] }
    const { clock, hints, ids } = open({ deliveries: ({ spliceId }) => plan[spliceId] ?? [0] })
    for (const id of ['late', 'lost', 'twice', 'plain']) await hints.hint(id, 0)
    expect(ids()).toEqual(['twice', 'twice', 'plain'])
    clock.now = 5_000
    expect(ids()).toEqual(['late'])
  })

  test('reorders as its hook says', async () => {
    const { hints, ids } = open({ order: (visible) => visible.map((_, n) => n).toReversed() })
    for (const id of ['a', 'b', 'c']) await hints.hint(id, 0)
    expect(ids(2)).toEqual(['c', 'b'])
    expect(ids()).toEqual(['a'])
  })

  test('hands out copies', async () => {
    const { queue } = open()
    const hint = { spliceId: 'a' }
    await queue.send(hint)
    hint.spliceId = 'b'
    expect(queue.receive(1)[0]?.message).toEqual({ spliceId: 'a' })
  })
})
