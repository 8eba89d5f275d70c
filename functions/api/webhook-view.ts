import { z } from '@hono/zod-openapi'
import type { Endpoint } from '../../core/ports/endpoint.ts'
import { DeliveryFault } from '../../core/ports/endpoint.ts'
import { isoOf } from './view.ts'

/** An endpoint as the API shows it. Its secret is shown when it is made, and never here. */
export const WebhookView = z
  .object({
    object: z.literal('webhook'),
    id: z.string(),
    url: z.string(),
    description: z.string().nullable(),
    status: z.enum(['enabled', 'disabled']),
    deliveredThrough: z.int().openapi({
      description: 'The `sequence` of your event log through which everything was taken.',
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
        description: 'Failures in a row since the last delivery that was taken, and the next try.',
      }),
    disabled: z
      .object({ at: z.iso.datetime(), reason: z.enum(['asked', 'failing', 'gone']) })
      .nullable()
      .openapi({
        description: '`asked`: by you; `failing`: three days in vain; `gone`: it answered 410.',
      }),
    createdAt: z.iso.datetime(),
  })
  .openapi('Webhook')
export type WebhookView = z.infer<typeof WebhookView>

/** The same with the secret, which is never shown again. */
export const WebhookWithSecret = WebhookView.extend({
  secret: z.string().openapi({ description: '`whsec_…`: shown this once. Deliveries are signed with it.' }),
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
