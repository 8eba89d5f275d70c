import { randomBytes } from 'node:crypto'
import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { targetProblem, targetRules } from '../../adapters/webhook/target.ts'
import {
  updateEndpoint,
  updateEndpoints,
  endpointOf,
  endpointsOf,
} from '../../core/webhooks/stored-endpoints.ts'
import type { Endpoint } from '../../core/ports/endpoint.ts'
import { newEndpoint } from '../../core/webhooks/endpoint.ts'
import { WEBHOOK_LIMITS } from '../../core/ports/endpoint.ts'
import { audit } from './audit.ts'
import { requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiContext, ApiEnv } from './context.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { WebhookView, WebhookWithSecret, webhookViewOf } from './webhook-view.ts'

const SECRET_BYTES = 32

/** A secret as the specification writes it. */
export function freshSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}

/** The tenant's endpoint that a request names. Throws 404, the same for a missing and for a foreign one. */
export async function webhookOf(c: ApiContext, id: string): Promise<Endpoint> {
  const { deps, key } = c.var
  const endpoint = await endpointOf(key.tenant, id, deps.ports.store)
  if (endpoint === null) throw new Problem('webhook_not_found', { field: 'id' })
  return endpoint
}

/** Changes it, with an entry in the audit log under the name of the act. Throws 404 where it is not there. */
export async function amendWebhook(
  c: ApiContext,
  { id, act }: { readonly id: string; readonly act: string },
  change: (endpoint: Endpoint) => Endpoint,
): Promise<Endpoint> {
  const { deps, key } = c.var
  const audited = audit(c, act, { webhook: (await webhookOf(c, id)).id })
  await audited.before()
  const endpoint = await updateEndpoint(key.tenant, id, deps.ports.store, change)
  if (endpoint === null) throw new Problem('webhook_not_found', { field: 'id' })
  audited.done()
  return endpoint
}

/** Wakes the deliveries to an endpoint. A failure is counted and goes no further: the sweep finds what is owed. */
export async function notify(c: ApiContext, endpointId: string, sequence?: number): Promise<void> {
  const { ports } = c.var.deps
  const about = sequence === undefined ? {} : { sequence }
  try {
    await ports.webhooks?.hint({ tenant: c.var.key.tenant, endpointId, ...about }, 0)
  } catch {
    ports.telemetry.count('api_webhook_hint_failed')
  }
}

const webhookJson = { 'application/json': { schema: WebhookView } }

const createHookRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks',
  operationId: 'createWebhook',
  summary: 'Tell an endpoint of your events',
  description:
    'By the Standard Webhooks specification: signed, at least once, in the order of your event log, retried for three ' +
    'days. It is told what happens from now on, or what came after a sequence of the log.',
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
              url: z
                .string()
                .min(1)
                .max(WEBHOOK_LIMITS.urlLength)
                .openapi({ example: 'https://example.com/splices' }),
              description: z.string().max(WEBHOOK_LIMITS.descriptionLength).optional(),
              after: z.int().nonnegative().optional().openapi({
                description: 'Tell it what came after this sequence of the event log, too; 0: everything.',
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
      description: 'The endpoint, with its secret.',
      content: { 'application/json': { schema: WebhookWithSecret } },
    },
    409: problemResponse('`webhook_exists`: you have one with this URL. `webhooks_full`: you have ten.'),
    422: problemResponse('`webhook_target`: not https, or an address that is not public.'),
  },
})

const createHook: RouteHandler<typeof createHookRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store, clock, chance } = deps.ports
  const { url: posted, description = null, after } = c.req.valid('json')
  const wrong = targetProblem(posted, targetRules(deps.privateWebhooks))
  if (wrong !== null) throw new Problem('webhook_target', { field: 'url', detail: wrong })
  const url = new URL(posted).href
  // Written out it may be longer than it was posted.
  if (url.length > WEBHOOK_LIMITS.urlLength)
    throw new Problem('webhook_target', { field: 'url', detail: 'too long' })
  const end = await store.endOfLog(key.tenant)
  const secret = freshSecret()
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
  await updateEndpoints(key.tenant, store, (hooks) => {
    // Our own write, whose answer was lost, may have won.
    if (hooks.endpoints.some(({ id }) => id === endpoint.id)) return hooks
    if (hooks.endpoints.some((each) => each.url === url))
      throw new Problem('webhook_exists', { field: 'url' })
    if (hooks.endpoints.length === WEBHOOK_LIMITS.endpoints) throw new Problem('webhooks_full')
    return { endpoints: [...hooks.endpoints, endpoint] }
  })
  audited.done()
  if (endpoint.deliveredThrough < end) await notify(c, endpoint.id)
  return c.json({ ...webhookViewOf(endpoint), secret }, 201, { Location: `/v1/webhooks/${endpoint.id}` })
}

const listHooksRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks',
  operationId: 'listWebhooks',
  summary: 'Your endpoints, oldest first',
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  responses: {
    ...commonProblems,
    200: {
      description: 'All of them: at most ten.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(WebhookView) }) },
      },
    },
  },
})

const listHooks: RouteHandler<typeof listHooksRoute, ApiEnv> = async (c) => {
  const endpoints = await endpointsOf(c.var.key.tenant, c.var.deps.ports.store)
  return c.json({ object: 'list' as const, data: endpoints.map(webhookViewOf) }, 200)
}

const readHookRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks/{id}',
  operationId: 'getWebhook',
  summary: 'Read an endpoint',
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

const readHook: RouteHandler<typeof readHookRoute, ApiEnv> = async (c) =>
  c.json(webhookViewOf(await webhookOf(c, c.req.valid('param').id)), 200)

const deleteHookRoute = createRoute({
  method: 'delete',
  path: '/v1/webhooks/{id}',
  operationId: 'deleteWebhook',
  summary: 'Remove an endpoint and its secrets',
  description: 'A delivery that is under way may still arrive.',
  tags: ['webhooks'],
  security: [{ key: [] }],
  middleware: requireScope('splices:write'),
  request: { params: z.object({ id: z.string() }) },
  responses: {
    ...commonProblems,
    ...bodyProblems,
    200: {
      description: 'Removed.',
      content: {
        'application/json': {
          schema: z.object({ object: z.literal('webhook'), id: z.string(), deleted: z.literal(true) }),
        },
      },
    },
    404: problemResponse('`webhook_not_found`.'),
  },
})

const deleteHook: RouteHandler<typeof deleteHookRoute, ApiEnv> = async (c) => {
  const { id } = await webhookOf(c, c.req.valid('param').id)
  const audited = audit(c, 'delete_webhook', { webhook: id })
  await audited.before()
  await updateEndpoints(c.var.key.tenant, c.var.deps.ports.store, (hooks) => {
    const endpoints = hooks.endpoints.filter((each) => each.id !== id)
    return endpoints.length === hooks.endpoints.length ? hooks : { endpoints }
  })
  audited.done()
  return c.json({ object: 'webhook' as const, id, deleted: true as const }, 200)
}

/** Endpoints that are told of a tenant's events. */
export function webhookRoutes() {
  return router()
    .openapi(createHookRoute, createHook)
    .openapi(listHooksRoute, listHooks)
    .openapi(readHookRoute, readHook)
    .openapi(deleteHookRoute, deleteHook)
}
