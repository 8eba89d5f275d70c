import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { webhookSecret } from '../../adapters/keys/new-secret.ts'
import { targetProblem, targetRules } from '../../adapters/webhook/target.ts'
import { endpointsOf, updateEndpoints } from '../../core/webhooks/stored-endpoints.ts'
import { newEndpoint } from '../../core/webhooks/endpoint.ts'
import { WEBHOOK_LIMITS } from '../../core/ports/endpoint.ts'
import { audit } from './audit.ts'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { hintEndpoint, webhookOf } from './webhook-endpoint.ts'
import { WebhookView, WebhookWithSecret, webhookViewOf } from './webhook-view.ts'

const webhookJson = { 'application/json': { schema: WebhookView } }

const createWebhookRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks',
  operationId: 'createWebhook',
  summary: 'Create a webhook',
  description:
    'Delivers your events to an endpoint, following the Standard Webhooks specification: signed, at least ' +
    'once, in the order of your event log, and retried for three days. Deliveries start with the next ' +
    'event, or with the first one after `after`.',
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:write'),
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              url: z.string().min(1).max(WEBHOOK_LIMITS.urlLength).openapi({ example: 'https://example.com/splices' }),
              description: z.string().max(WEBHOOK_LIMITS.descriptionLength).optional(),
              after: z
                .int()
                .nonnegative()
                .optional()
                .openapi({
                  description:
                    'Also delivers the events after this sequence of the event log. 0: all events. Default: ' +
                    'new events only.',
                }),
            })
            .openapi('NewWebhook'),
        },
      },
    },
  },
  responses: {
    ...commonProblems,
    ...bodyProblems,
    201: {
      description: 'The endpoint with its secret.',
      content: { 'application/json': { schema: WebhookWithSecret } },
    },
    409: problemResponse(
      '`webhook_exists`: you have a webhook with this URL. `webhooks_full`: you have ten webhooks, the ' + 'maximum.',
    ),
    422: problemResponse('`webhook_target`: the URL is not https, or its address is not public.'),
  },
})

const createWebhook: RouteHandler<typeof createWebhookRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store, clock, chance } = deps.ports
  const { url: posted, description = null, after } = c.req.valid('json')
  const wrong = targetProblem(posted, targetRules(deps.privateWebhooks))
  if (wrong !== null) throw new Problem('webhook_target', { field: 'url', detail: wrong })
  const url = new URL(posted).href
  // The normalised URL can be longer than the posted one.
  if (url.length > WEBHOOK_LIMITS.urlLength) throw new Problem('webhook_target', { field: 'url', detail: 'too long' })
  const end = await store.endOfLog(key.tenant)
  const secret = webhookSecret()
  const made = {
    id: `whk_${chance.id()}`,
    url,
    description,
    deliveredThrough: Math.min(after ?? end, end),
    secret,
  }
  const endpoint = newEndpoint(made, clock.now())
  const audited = audit(c, 'create_webhook', { webhook: endpoint.id })
  await audited.before()
  await updateEndpoints(key.tenant, store, (stored) => {
    // Our own write may have won although its response was lost.
    if (stored.endpoints.some(({ id }) => id === endpoint.id)) return stored
    if (stored.endpoints.some((each) => each.url === url)) throw new Problem('webhook_exists', { field: 'url' })
    if (stored.endpoints.length === WEBHOOK_LIMITS.endpoints) throw new Problem('webhooks_full')
    return { endpoints: [...stored.endpoints, endpoint] }
  })
  audited.done()
  if (endpoint.deliveredThrough < end) await hintEndpoint(c, endpoint.id)
  return c.json({ ...webhookViewOf(endpoint), secret }, 201, { Location: `/v1/webhooks/${endpoint.id}` })
}

const listWebhooksRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks',
  operationId: 'listWebhooks',
  summary: 'List webhooks',
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  responses: {
    ...commonProblems,
    200: {
      description: 'All your endpoints, oldest first. There are at most ten.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(WebhookView) }) },
      },
    },
  },
})

const listWebhooks: RouteHandler<typeof listWebhooksRoute, ApiEnv> = async (c) => {
  const endpoints = await endpointsOf(c.var.key.tenant, c.var.deps.ports.store)
  return c.json({ object: 'list' as const, data: endpoints.map(webhookViewOf) }, 200)
}

const readWebhookRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks/{id}',
  operationId: 'getWebhook',
  summary: 'Get a webhook',
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: { params: z.object({ id: z.string() }) },
  responses: {
    ...commonProblems,
    200: { description: 'The endpoint.', content: webhookJson },
    404: problemResponse('`webhook_not_found`.'),
  },
})

const readWebhook: RouteHandler<typeof readWebhookRoute, ApiEnv> = async (c) =>
  c.json(webhookViewOf(await webhookOf(c, c.req.valid('param').id)), 200)

const deleteWebhookRoute = createRoute({
  method: 'delete',
  path: '/v1/webhooks/{id}',
  operationId: 'deleteWebhook',
  summary: 'Delete a webhook',
  description: 'Deletes the endpoint and its secrets. A delivery that has already started may still arrive.',
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:write'),
  request: { params: z.object({ id: z.string() }) },
  responses: {
    ...commonProblems,
    ...bodyProblems,
    200: {
      description: 'The endpoint is deleted.',
      content: {
        'application/json': {
          schema: z.object({ object: z.literal('webhook'), id: z.string(), deleted: z.literal(true) }),
        },
      },
    },
    404: problemResponse('`webhook_not_found`.'),
  },
})

const deleteWebhook: RouteHandler<typeof deleteWebhookRoute, ApiEnv> = async (c) => {
  const { id } = await webhookOf(c, c.req.valid('param').id)
  const audited = audit(c, 'delete_webhook', { webhook: id })
  await audited.before()
  await updateEndpoints(c.var.key.tenant, c.var.deps.ports.store, (stored) => {
    const endpoints = stored.endpoints.filter((each) => each.id !== id)
    return endpoints.length === stored.endpoints.length ? stored : { endpoints }
  })
  audited.done()
  return c.json({ object: 'webhook' as const, id, deleted: true as const }, 200)
}

/** The webhook endpoints of a tenant. */
export function webhookRoutes() {
  return router()
    .openapi(createWebhookRoute, createWebhook)
    .openapi(listWebhooksRoute, listWebhooks)
    .openapi(readWebhookRoute, readWebhook)
    .openapi(deleteWebhookRoute, deleteWebhook)
}
