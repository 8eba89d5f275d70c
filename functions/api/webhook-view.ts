import { z } from '@hono/zod-openapi'
import { DeliveryFault, type Endpoint } from '../../core/ports/endpoint.ts'
import { isoOf } from './view.ts'

/** An endpoint as the API shows it, without its secret. */
export const WebhookView = z
  .object({
    object: z.literal('webhook'),
    id: z.string(),
    url: z.string(),
    description: z.string().nullable(),
    status: z.enum(['enabled', 'disabled']),
    deliveredThrough: z.int().openapi({
      description: 'The endpoint has accepted every event up to this `sequence` of your event log.',
    }),
    failing: z
      .object({
        since: z.iso.datetime(),
        failures: z.int(),
        nextAttemptAt: z.iso.datetime(),
        reason: DeliveryFault,
        status: z.int().nullable(),
      })
      .nullable()
      .openapi({
        description: 'The failures since the last successful delivery, and the next attempt. null: none.',
      }),
    disabled: z
      .object({ at: z.iso.datetime(), reason: z.enum(['asked', 'failing', 'gone']) })
      .nullable()
      .openapi({
        description:
          '`asked`: you disabled it. `failing`: deliveries failed for three days. `gone`: the endpoint ' +
          'answered 410.',
      }),
    createdAt: z.iso.datetime(),
  })
  .openapi('Webhook')
export type WebhookView = z.infer<typeof WebhookView>

/** An endpoint with its secret, which is shown only when it is created or rotated. */
export const WebhookWithSecret = WebhookView.extend({
  secret: z.string().openapi({ description: 'The secret that signs deliveries: `whsec_…`. Shown only once.' }),
}).openapi('WebhookWithSecret')

export function webhookViewOf(endpoint: Endpoint): WebhookView {
  const { id, url, description, deliveredThrough, failing, disabled, createdAt } = endpoint
  return {
    object: 'webhook',
    id,
    url,
    description,
    status: disabled === null ? 'enabled' : 'disabled',
    deliveredThrough,
    failing: failing && {
      since: isoOf(failing.since),
      failures: failing.failures,
      nextAttemptAt: isoOf(failing.nextAttemptAt),
      reason: failing.fault,
      status: failing.status,
    },
    disabled: disabled && { at: isoOf(disabled.at), reason: disabled.reason },
    createdAt: isoOf(createdAt),
  }
}
