import { DeleteMessageBatchCommand, ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { LocalQueue } from './emulators.ts'
import { startLoop, type Loop } from './loop.ts'

const LONG_POLL_SECONDS = 20
const RETRY_MS = 200

type Handler = (event: SQSEvent) => Promise<SQSBatchResponse>

/**
 * Feeds a queue's messages to a function as Lambda does: messages that it does not report as failed are
 * deleted, and a batch whose function throws is received again as a whole.
 */
export function startPoller(
  client: SQSClient,
  queue: LocalQueue,
  handler: Handler,
  failed: (error: unknown) => void,
): Loop {
  return startLoop(
    RETRY_MS,
    async (signal) => {
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queue.url,
          MaxNumberOfMessages: queue.batchSize,
          WaitTimeSeconds: LONG_POLL_SECONDS,
          MessageSystemAttributeNames: ['All'],
        }),
        { abortSignal: signal },
      )
      if (messages.length === 0) return true
      const records = messages.map((message) => recordOf(message, queue))
      const { batchItemFailures } = await handler({ Records: records })
      const failures = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
      await remove(
        client,
        queue,
        records.filter(({ messageId }) => !failures.has(messageId)),
      )
      return true
    },
    failed,
  )
}

async function remove(client: SQSClient, queue: LocalQueue, records: readonly SQSRecord[]): Promise<void> {
  if (records.length === 0) return
  const entries = records.map(({ messageId, receiptHandle }) => ({
    Id: messageId,
    ReceiptHandle: receiptHandle,
  }))
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries: entries }))
}

function recordOf(message: Message, queue: LocalQueue): SQSRecord {
  const attribute = (name: keyof NonNullable<Message['Attributes']>): string => message.Attributes?.[name] ?? ''
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: attribute('ApproximateReceiveCount'),
      SentTimestamp: attribute('SentTimestamp'),
      SenderId: attribute('SenderId'),
      ApproximateFirstReceiveTimestamp: attribute('ApproximateFirstReceiveTimestamp'),
    },
    messageAttributes: {},
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: queue.arn.split(':')[3] ?? '',
  }
}
