import { wiring, type QueueName } from '../functions/wiring.ts'
import type { QueuePair } from './queues.ts'

/** The resources that every function is linked to. */
export type Linked = {
  readonly table: sst.aws.Dynamo
  readonly queues: Readonly<Record<QueueName, QueuePair>>
  readonly secrets: { readonly nodes: sst.Secret; readonly keys: sst.Secret }
}

/**
 * Creates the links, under the names that functions/configuration.ts reads. They hold names and URLs only:
 * links of SST's own components would grant every action on them.
 */
export function createLinks({ table, queues, secrets }: Linked) {
  const { work, nodeEvents, webhooks } = wiring.queues
  return [
    new sst.Linkable('Table', { properties: { name: table.name } }),
    new sst.Linkable(work.link, { properties: { url: queues.work.queue.url } }),
    new sst.Linkable(nodeEvents.link, { properties: { url: queues.nodeEvents.queue.url } }),
    new sst.Linkable(webhooks.link, { properties: { url: queues.webhooks.queue.url } }),
    secrets.nodes,
    secrets.keys,
  ]
}
