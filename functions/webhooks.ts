import { deliverWebhooks } from '../core/webhooks/delivery.ts'
import { DeliveryHint } from '../core/ports/endpoint.ts'
import { batchHandler } from './batch.ts'
import { deliveryPorts, policy } from './runtime.ts'

/** The queue of notices: tells webhook endpoints what they have not had, each in order. */
export const handler = batchHandler(DeliveryHint, (notice) => deliverWebhooks(notice, deliveryPorts, policy))
