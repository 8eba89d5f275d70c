import { type QueueName, wiring } from '../functions/wiring.ts'

/** How long a message that nobody could deal with is kept: as long as SQS keeps any. */
const DEAD_LETTER_DAYS = 14

/** What each queue is called in the names of resources and alarms. */
export const queueTitles: Readonly<Record<QueueName, string>> = {
  work: 'Work',
  nodeEvents: 'NodeEvents',
  webhooks: 'Webhooks',
}

/** A queue, and where its messages go that were received too often. */
export type QueuePair = { readonly queue: sst.aws.Queue; readonly deadLetters: sst.aws.Queue }

function createQueue(name: QueueName): QueuePair {
  const { visibilitySeconds, maxReceives } = wiring.queues[name]
  const deadLetters = new sst.aws.Queue(`${queueTitles[name]}DeadLetters`, {
    transform: { queue: { messageRetentionSeconds: DEAD_LETTER_DAYS * 86_400, sqsManagedSseEnabled: true } },
  })
  const queue = new sst.aws.Queue(queueTitles[name], {
    visibilityTimeout: `${visibilitySeconds} seconds`,
    dlq: { queue: deadLetters.arn, retry: maxReceives },
    transform: { queue: { sqsManagedSseEnabled: true } },
  })
  return { queue, deadLetters }
}

/** The queues of the wiring. Messages are hints: what is lost with one costs a minute. */
export function createQueues(): Readonly<Record<QueueName, QueuePair>> {
  return {
    work: createQueue('work'),
    nodeEvents: createQueue('nodeEvents'),
    webhooks: createQueue('webhooks'),
  }
}
