import { createRoute, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { auditRoutes } from './audit.ts'
import { limitBody } from './body-limit.ts'
import { docsRoutes } from '../dashboard/docs-routes.ts'
import { dashboardRoutes } from '../dashboard/routes.ts'
import { bumpRoutes } from './bump.ts'
import { channelRoutes } from './channels.ts'
import { commandRoutes } from './commands.ts'
import { router, type ApiDeps, type ApiEnv } from './context.ts'
import { answerError } from './errors.ts'
import { eventRoutes } from './events.ts'
import { freezeRoutes } from './freeze.ts'
import { keyRoutes } from './key-routes.ts'
import { nodeRoutes } from './nodes.ts'
import { unrouted } from './not-found.ts'
import { paymentRoutes } from './payments.ts'
import { paymentsCsvRoutes } from './payments-csv.ts'
import { previewRoutes } from './preview.ts'
import { Problem } from './problem.ts'
import { relayRoutes } from './relay.ts'
import { identify, REQUEST_ID } from './request.ts'
import { SIGNATURE_HEADER } from '../../core/nodes/relay-signature.ts'
import { spliceListRoutes } from './splice-list.ts'
import { spliceRoutes } from './splices.ts'
import { webhookCommandRoutes } from './webhook-commands.ts'
import { webhookRoutes } from './webhook-routes.ts'

const BODY_LIMIT_BYTES = 16 * 1024
const OVERLOADED_RETRY_SECONDS = '1'
/** A relay may report a hundred events at once, which do not fit into 16 KiB. */
const RELAY_BODY_LIMIT_BYTES = 64 * 1024

const document = {
  openapi: '3.1.0',
  info: {
    title: 'Splicekeeper',
    version: '0.1.0',
    description:
      'Splices channels of remote Lightning nodes. An accepted splice is durable. Within its budget it is ' +
      'retried across disconnects and restarts of the node and of this service. It takes effect at most ' +
      'once and ends with one outcome. Errors are RFC 9457 problems with a stable `code`, and `retry` says what ' +
      `an error means for sending the request again. Every response has an id, \`${REQUEST_ID}\`, which the logs carry too. ` +
      'Where requests are counted for each key, every answer to a key has `RateLimit-Policy` and `RateLimit` headers.',
  },
  // In the order in which a newcomer needs them.
  tags: [
    { name: 'splices', description: 'Order, read and manage splices' },
    { name: 'nodes', description: 'Your nodes and their channels' },
    { name: 'events', description: 'The log of everything that happened to your splices' },
    { name: 'webhooks', description: 'Receive events on your own server' },
    { name: 'payments', description: 'The ledger of funding transactions' },
    { name: 'keys', description: 'API keys, and the audit log of operators' },
    { name: 'service', description: 'The service itself' },
  ],
}

const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  summary: 'Check that the service is running',
  tags: ['service'],
  responses: {
    200: {
      description: 'The service is running.',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
})

const documentRoute = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getDocument',
  summary: 'Get this OpenAPI document',
  tags: ['service'],
  responses: {
    200: {
      description: 'The document, in OpenAPI 3.1.',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
})

/** No cache may store a response: it names amounts and counterparties. */
const uncached = createMiddleware<ApiEnv>(async (c, next) => {
  await next()
  c.res.headers.set('Cache-Control', 'no-store')
})

/** Whatever is answered to a key whose requests are counted says what is left. */
const rateLimited = createMiddleware<ApiEnv>(async (c, next) => {
  await next()
  for (const [name, value] of Object.entries(c.var.rateLimit ?? {})) c.res.headers.set(name, value)
})

/** Refuses an order that is not let in; nothing of it is read or stored. */
const admitted = createMiddleware<ApiEnv>(async (c, next) => {
  const { admission, ports } = c.var.deps
  if (admission === undefined) return next()
  if (!(await admission.enter(() => ports.call().signal))) {
    ports.telemetry.count('api_overloaded')
    throw new Problem('overloaded', { headers: { 'Retry-After': OVERLOADED_RETRY_SECONDS } })
  }
  try {
    await next()
  } finally {
    admission.leave()
  }
})

/** Creates the HTTP API on any ports. The caller may add routes to the returned app. */
export function createApi(deps: ApiDeps) {
  const app = router()
  app.use(identify(deps))
  // No `overwrite`: a page may set a content security policy of its own.
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: 'DENY',
      overwrite: false,
    }),
  )
  app.use('/v1/*', uncached)
  app.use('/v1/*', rateLimited)
  app.on('POST', '/v1/splices', admitted)
  app.use('/v1/splices/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/channels/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/webhooks/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/keys/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/nodes/*', limitBody(RELAY_BODY_LIMIT_BYTES))
  app.onError(answerError)
  app.notFound((c) => unrouted(app, c).response())
  const registry = app.openAPIRegistry
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key: `sk_…`.',
  })
  registry.registerComponent('securitySchemes', 'relay', {
    type: 'apiKey',
    in: 'header',
    name: SIGNATURE_HEADER,
    description: 'The signature of a relay (docs/relay.md).',
  })
  // Served outside the typed routes, because an OpenAPI document has no schema here.
  registry.registerPath(documentRoute)
  app.get('/openapi.json', (c) => c.json(app.getOpenAPI31Document(document)))
  return app
    .route('/', spliceRoutes())
    .route('/', spliceListRoutes())
    .route('/', commandRoutes())
    .route('/', paymentsCsvRoutes())
    .route('/', paymentRoutes())
    .route('/', bumpRoutes())
    .route('/', previewRoutes())
    .route('/', freezeRoutes())
    .route('/', nodeRoutes())
    .route('/', channelRoutes())
    .route('/', eventRoutes())
    .route('/', webhookRoutes())
    .route('/', webhookCommandRoutes())
    .route('/', relayRoutes())
    .route('/', keyRoutes())
    .route('/', auditRoutes())
    .route('/', dashboardRoutes())
    .route('/', docsRoutes())
    .openapi(healthRoute, (c) => c.json({ status: 'ok' as const }, 200))
}

/** The type of the routes, for a typed client: `hc<Routes>(url)` from `hono/client`. */
export type Routes = ReturnType<typeof createApi>
