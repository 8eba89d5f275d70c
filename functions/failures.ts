import { takeNodeEvent } from '../core/wake.ts'
import { batchHandler } from './batch.ts'
import { NodeEventMessage } from './messages.ts'
import { policy, ports } from './runtime.ts'

/** The failures queue: what relays heard from their nodes. A wake-up, and no more. */
export const handler = batchHandler(NodeEventMessage, ({ node, event }) =>
  takeNodeEvent(node, event, ports, policy),
)
