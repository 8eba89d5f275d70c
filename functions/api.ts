import { handle } from 'hono/aws-lambda'
import { previewGates } from '../core/drive/preview.ts'
import { createApi } from './api/app.ts'
import { knownEffects } from './api/effects.ts'
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

/** The HTTP API over the ports of this process. */
export const app = createApi({
  ports,
  policy,
  keys,
  traffic: keyTraffic(ports, requestsPerSecond),
  effects: knownEffects(),
  preview: (draft) => previewGates(draft, ports, policy),
  nodeEvents: (message) => nodeEvents.send(message),
  webhook,
  privateWebhooks,
  explorer,
})

const answer = handle(app)
type Answer = typeof answer

/** Requests that API Gateway passes on. */
export function handler(event: Parameters<Answer>[0], context: NonNullable<Parameters<Answer>[1]>) {
  return within(context, () => answer(event, context))
}
