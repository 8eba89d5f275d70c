import { type QueueName, wiring } from '../functions/wiring.ts'

/** How long dead letters are kept: the maximum of SQS. */
const DEAD_LETTER_DAYS = 14

/** The name of each queue in the names of resources and alarms. */
export const queueTitles: Readonly<Record<QueueName, string>> = {
  work: 'Work',
  nodeEvents: 'NodeEvents',
  webhooks: 'Webhooks',
}

/** A queue and its dead-letter queue. */
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

/** Creates the queues of the wiring. Messages are hints: a lost one costs at most a minute. */
export function createQueues(): Readonly<Record<QueueName, QueuePair>> {
  return {
    work: createQueue('work'),
    nodeEvents: createQueue('nodeEvents'),
    webhooks: createQueue('webhooks'),
  }
}
