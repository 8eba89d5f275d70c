import type { QueueName } from '../functions/wiring.ts'
import { wiring } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'
import type { QueuePair } from './queues.ts'

/**
 * Each queue feeds its function: failed messages alone are received again, and no more batches at once than the function may
 * run, or what finds no room would count as received.
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
