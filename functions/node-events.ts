import { handleNodeEvent } from '../core/sweep/node-events.ts'
import { batchHandler } from './batch.ts'
import { NodeEventMessage } from '../core/nodes/relay-event.ts'
import { policy, ports } from './runtime.ts'

/**
 * The failures queue: what relays heard from their nodes. A wake-up, and no more. One after the other: each is noted in its
 * node's item, and ten at once would lose that race to each other until some of them fail, to be received again minutes later.
 */
export const handler = batchHandler(
  NodeEventMessage,
  ({ node, event }) => handleNodeEvent(node, event, ports, policy),
  { inTurn: true },
)
