import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { startQueues } from '../../local/emulators.ts'
import { startPoller } from '../../local/poller.ts'
import { until } from '../../local/until.ts'
import { wiring } from '../../functions/wiring.ts'

async function queuesHere() {
  const queues = await startQueues()
  onTestFinished(() => queues.close())
  return queues
}

const attributesOf = async ({ client }: Awaited<ReturnType<typeof startQueues>>, queueUrl: string) => {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] })
  return (await client.send(command)).Attributes ?? {}
}

describe('the queues here', () => {
  test.each(['work', 'nodeEvents'] as const)('%s is as it is wired', async (name) => {
    const here = await queuesHere()
    const attributes = await attributesOf(here, here.queues[name].url)
    expect(attributes['VisibilityTimeout']).toBe(String(wiring.queues[name].visibilitySeconds))
    const redrive: unknown = JSON.parse(attributes['RedrivePolicy'] ?? '{}')
    const { deadLetterTargetArn, maxReceiveCount } = z
      .object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number() })
      .parse(redrive)
    expect(deadLetterTargetArn).toMatch(new RegExp(`:${wiring.queues[name].deadLetterQueue}$`))
    expect(maxReceiveCount).toBe(wiring.queues[name].maxReceives)
  })
})

describe('a poller', () => {
  test('deletes what its function took, and leaves what it reports as failed', async () => {
    const here = await queuesHere()
    const queue = here.queues.work
    const Entries = ['one', 'bad', 'three'].map((body) => ({ Id: body, MessageBody: body }))
    await here.client.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }))
    const seen: string[] = []
    const poller = startPoller(
      here.client,
      queue,
      async ({ Records: records }) => {
        seen.push(...records.map(({ body }) => body))
        const bad = records.filter(({ body }) => body === 'bad')
        return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) }
      },
      (error) => {
        throw error
      },
    )
    await until('the batch to be taken', 5_000, async () => {
      const left = await attributesOf(here, queue.url)
      const hidden = left['ApproximateNumberOfMessagesNotVisible']
      return seen.length === 3 && hidden === '1' ? true : null
    })
    await poller.stop()
    expect(seen.toSorted()).toEqual(['bad', 'one', 'three'])
  })

  test('has a batch received again whose function dies, and goes on', async () => {
    const here = await queuesHere()
    const queue = { ...here.queues.work, batchSize: 1 }
    const send = (body: string) =>
      here.client.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries: [{ Id: body, MessageBody: body }] }))
    await send('deadly')
    const complaints: unknown[] = []
    const taken: string[] = []
    const poller = startPoller(
      here.client,
      queue,
      async ({ Records: records }) => {
        if (records.some(({ body }) => body === 'deadly')) throw new Error('died')
        taken.push(...records.map(({ body }) => body))
        return { batchItemFailures: [] }
      },
      (error) => complaints.push(error),
    )
    await until('the function to die', 5_000, () => (complaints.length > 0 ? true : null))
    await send('next')
    await until('the next message', 5_000, () => (taken.includes('next') ? true : null))
    await poller.stop()
    const command = new ReceiveMessageCommand({ QueueUrl: queue.url, VisibilityTimeout: 0 })
    expect((await here.client.send(command)).Messages ?? []).toEqual([])
    expect((await attributesOf(here, queue.url))['ApproximateNumberOfMessagesNotVisible']).toBe('1')
  })
})
