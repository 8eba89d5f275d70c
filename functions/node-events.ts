import { handleNodeEvent } from '../core/sweep/node-events.ts'
import { batchHandler } from './batch.ts'
import { NodeEventMessage } from '../core/nodes/relay-event.ts'
import { policy, ports } from './runtime.ts'

/**
 * Handles the node events queue: what relays report about their nodes. An event wakes up work, and ends no
 * splice by itself. Events run one after another because each updates its node's item. Ten at once would
 * conflict until some of them fail, and SQS would deliver those again only minutes later.
 */
export const handler = batchHandler(
  NodeEventMessage,
  ({ node, event }) => handleNodeEvent(node, event, ports, policy),
  { inTurn: true },
)
