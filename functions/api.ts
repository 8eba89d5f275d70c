import { handle } from 'hono/aws-lambda'
import { previewGates } from '../core/drive/preview.ts'
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

/** The HTTP API, on this process's ports. */
export const app = createApi({
  ports,
  policy,
  keys,
  traffic: keyTraffic(ports, requestsPerSecond),
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
