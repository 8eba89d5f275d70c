import { handle } from 'hono/aws-lambda'
import { previewGates } from '../core/drive/preview.ts'
import { admissionOf } from './api/admission.ts'
import { createApi } from './api/app.ts'
import { keyTraffic } from './api/key-traffic.ts'
import {
  explorer,
  keys,
  nodeEvents,
  policy,
  ports,
  privateWebhooks,
  requestsPerSecond,
  webhook,
  within,
} from './runtime.ts'

/**
 * Four at once keep the processor and a table on the same machine busy. The last of those that wait does so for some three seconds. On
 * Lambda an instance serves one request at a time, and API Gateway throttles.
 */
const ORDERS = { atOnce: 4, waiting: 256 }

/** The HTTP API, on this process's ports. */
export const app = createApi({
  ports,
  policy,
  keys,
  traffic: keyTraffic(ports, requestsPerSecond),
  admission: admissionOf(ORDERS),
  preview: (draft, requestPorts) => previewGates(draft, requestPorts, policy),
  nodeEvents: (message) => nodeEvents.send(message),
  webhook,
  privateWebhooks,
  explorer,
})

const answer = handle(app)
type Answer = typeof answer

/** Entry point: serves the requests that API Gateway forwards. */
export function handler(event: Parameters<Answer>[0], context: NonNullable<Parameters<Answer>[1]>) {
  return within(context, () => answer(event, context))
}
