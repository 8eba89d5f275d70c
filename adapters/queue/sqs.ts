import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { HintQueue } from '../../core/ports/ports.ts'
import { delaySecondsOf, hintQueueOver, type Sender } from './sender.ts'

/** A standard SQS queue. */
export type SqsTarget = { readonly client: SQSClient; readonly queueUrl: string }

/** Sends messages to a queue as JSON. The SDK retries requests without an answer, so a message may arrive twice. */
export function sqsSender<T>({ client, queueUrl }: SqsTarget): Sender<T> {
  return {
    async send(message, delayMs = 0) {
      await client.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: JSON.stringify(message),
          DelaySeconds: delaySecondsOf(delayMs),
        }),
      )
    },
  }
}

/**
 * The work queue on SQS. Bodies are `{"spliceId": "…"}`. A message is only a hint: losing or doubling one
 * costs time, never correctness.
 */
export function sqsQueue(target: SqsTarget): HintQueue {
  return hintQueueOver(sqsSender(target))
}
