import { deliverWebhooks } from '../core/webhooks/delivery.ts'
import { DeliveryHint } from '../core/ports/endpoint.ts'
import { batchHandler } from './batch.ts'
import { deliveryPorts, policy } from './runtime.ts'

/** Handles the webhooks queue: delivers to each endpoint, in order, the events that it has not received. */
export const handler = batchHandler(DeliveryHint, (hint) => deliverWebhooks(hint, deliveryPorts, policy))
