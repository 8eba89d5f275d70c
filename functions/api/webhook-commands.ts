import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { disabledByWish, enabled, rotated, setBack, validSecrets } from '../../core/webhooks/endpoint.ts'
import { webhookSecret } from '../../adapters/keys/new-secret.ts'
import { audit } from './audit.ts'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { isoOf } from './view.ts'
import { WebhookView, WebhookWithSecret, webhookViewOf } from './webhook-view.ts'
import { hintEndpoint, updateWebhook, webhookOf } from './webhook-endpoint.ts'

const command = {
  method: 'post' as const,
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:write'),
}
const request = { params: z.object({ id: z.string() }) }
const missing = { ...commonProblems, ...bodyProblems, 404: problemResponse('`webhook_not_found`.') }
const webhookNow = {
  description: 'The endpoint as it is now.',
  content: { 'application/json': { schema: WebhookView } },
}

const rotateRoute = createRoute({
  ...command,
  path: '/v1/webhooks/{id}/rotate',
  operationId: 'rotateWebhookSecret',
  summary: 'Rotate the secret of a webhook',
  description:
    'For one day, deliveries are signed with both the new and the old secret. If you rotate more than ' +
    'three times in a day, the oldest secrets are dropped.',
  request,
  responses: {
    ...missing,
    200: {
      description: 'The endpoint with its new secret.',
      content: { 'application/json': { schema: WebhookWithSecret } },
    },
  },
})

const rotate: RouteHandler<typeof rotateRoute, ApiEnv> = async (c) => {
  const now = c.var.deps.ports.clock.now()
  const secret = webhookSecret()
  const endpoint = await updateWebhook(c, { ...c.req.valid('param'), action: 'rotate_webhook_secret' }, (before) =>
    before.secrets[0]?.secret === secret ? before : rotated(before, secret, now),
  )
  return c.json({ ...webhookViewOf(endpoint), secret }, 200)
}

const disableRoute = createRoute({
  ...command,
  path: '/v1/webhooks/{id}/disable',
  operationId: 'disableWebhook',
  summary: 'Disable a webhook',
  description: 'Nothing is delivered until you enable the endpoint again.',
  request,
  responses: { ...missing, 200: webhookNow },
})

const disable: RouteHandler<typeof disableRoute, ApiEnv> = async (c) => {
  const now = c.var.deps.ports.clock.now()
  const endpoint = await updateWebhook(c, { ...c.req.valid('param'), action: 'disable_webhook' }, (before) =>
    disabledByWish(before, now),
  )
  return c.json(webhookViewOf(endpoint), 200)
}

const enableRoute = createRoute({
  ...command,
  path: '/v1/webhooks/{id}/enable',
  operationId: 'enableWebhook',
  summary: 'Enable a webhook',
  description:
    'Deliveries continue in order from the first event that the endpoint has not received. If the ' +
    'endpoint is already enabled but failing, the delivery is retried at once.',
  request,
  responses: { ...missing, 200: webhookNow },
})

const enable: RouteHandler<typeof enableRoute, ApiEnv> = async (c) => {
  const endpoint = await updateWebhook(c, { ...c.req.valid('param'), action: 'enable_webhook' }, (before) =>
    before.disabled === null && before.failing === null ? before : enabled(before),
  )
  await hintEndpoint(c, endpoint.id)
  return c.json(webhookViewOf(endpoint), 200)
}

const redeliverRoute = createRoute({
  ...command,
  path: '/v1/webhooks/{id}/redeliver',
  operationId: 'redeliverWebhooks',
  summary: 'Redeliver events to a webhook',
  description:
    '`after`: delivers every event after that sequence again, in order, with the usual retries. ' +
    '`sequence`: delivers that event again, once. Every event keeps its `webhook-id`.',
  request: {
    ...request,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .union([z.strictObject({ after: z.int().nonnegative() }), z.strictObject({ sequence: z.int().positive() })])
            .openapi('Redelivery'),
        },
      },
    },
  },
  responses: {
    ...missing,
    202: { ...webhookNow, description: 'The endpoint as it is now. The deliveries follow.' },
    404: problemResponse('`webhook_not_found`; `event_not_found`: the log has no event with this sequence yet.'),
    409: problemResponse('`webhook_disabled`: enable it first.'),
  },
})

const redeliver: RouteHandler<typeof redeliverRoute, ApiEnv> = async (c) => {
  const { key, deps } = c.var
  const body = c.req.valid('json')
  const before = await webhookOf(c, c.req.valid('param').id)
  if (before.disabled !== null) throw new Problem('webhook_disabled')
  if ('after' in body) {
    const change = { id: before.id, action: 'redeliver_webhooks' }
    const endpoint = await updateWebhook(c, change, (each) => setBack(each, body.after))
    await hintEndpoint(c, endpoint.id)
    return c.json(webhookViewOf(endpoint), 202)
  }
  if (body.sequence > (await deps.ports.store.endOfLog(key.tenant)))
    throw new Problem('event_not_found', { field: 'sequence' })
  const audited = audit(c, 'redeliver_webhooks', { webhook: before.id, sequence: String(body.sequence) })
  await audited.before()
  await hintEndpoint(c, before.id, body.sequence)
  audited.done()
  return c.json(webhookViewOf(before), 202)
}

const testRoute = createRoute({
  ...command,
  path: '/v1/webhooks/{id}/test',
  operationId: 'testWebhook',
  summary: 'Send a test event to a webhook',
  description:
    'Sends an event of the type `webhook.test` now, signed like any other. It does not appear in the ' +
    'event log. You can test a disabled endpoint too.',
  request,
  responses: {
    ...missing,
    200: {
      description: 'The result of the delivery. Only the status of the response is kept.',
      content: {
        'application/json': {
          schema: z
            .object({
              object: z.literal('webhook_test'),
              id: z.string().openapi({ description: 'The `webhook-id` that was sent.' }),
              delivered: z.boolean(),
              status: z.int().nullable(),
              reason: z.string().nullable(),
            })
            .openapi('WebhookTest'),
        },
      },
    },
  },
})

const test: RouteHandler<typeof testRoute, ApiEnv> = async (c) => {
  const { ports, webhook } = c.var.deps
  const endpoint = await webhookOf(c, c.req.valid('param').id)
  const at = ports.clock.now()
  const id = `msg_${ports.chance.id()}`
  const body = JSON.stringify({ type: 'webhook.test', timestamp: isoOf(at), data: { webhook: endpoint.id } })
  const secrets = validSecrets(endpoint, at)
  const delivered = await webhook.deliver({ url: endpoint.url, secrets, id, at, body }, ports.call())
  const reason = delivered.ok ? null : delivered.fault
  return c.json({ object: 'webhook_test' as const, id, delivered: delivered.ok, status: delivered.status, reason }, 200)
}

/** Commands on a webhook endpoint. */
export function webhookCommandRoutes() {
  return router()
    .openapi(rotateRoute, rotate)
    .openapi(disableRoute, disable)
    .openapi(enableRoute, enable)
    .openapi(redeliverRoute, redeliver)
    .openapi(testRoute, test)
}
