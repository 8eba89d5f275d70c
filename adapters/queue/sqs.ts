import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { HintQueue } from '../../core/ports/ports.ts'
import { delaySecondsOf, hintQueueOver } from './sender.ts'
import type { Sender } from './sender.ts'

/** A standard queue of SQS. */
export type SqsTarget = { readonly client: SQSClient; readonly queueUrl: string }

/** Sends messages to a queue as JSON. The SDK repeats what got no answer: a message may arrive twice. */
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

/** The work queue on SQS: bodies `{"spliceId": "…"}`, hints only (design section 3). */
export function sqsQueue(target: SqsTarget): HintQueue {
  return hintQueueOver(sqsSender(target))
}
