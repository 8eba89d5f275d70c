import { wiring, type QueueName } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'
import type { QueuePair } from './queues.ts'

/**
 * Makes each queue feed its function. Only failed messages are delivered again. No more batches are started
 * at once than the function may run, because a throttled batch would count as received.
 */
export function subscribeQueues(queues: Readonly<Record<QueueName, QueuePair>>, functions: Functions): void {
  for (const name of ['work', 'nodeEvents', 'webhooks'] as const) {
    const { feeds, batchSize } = wiring.queues[name]
    queues[name].queue.subscribe(functions[feeds].arn, {
      batch: { size: batchSize, partialResponses: true },
      transform: {
        eventSourceMapping: { scalingConfig: { maximumConcurrency: wiring.functions[feeds].concurrency } },
      },
    })
  }
}
