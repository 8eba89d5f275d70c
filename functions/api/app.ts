import { createRoute, z } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { auditRoutes } from './audit.ts'
import { docsRoutes } from '../dashboard/docs-routes.ts'
import { dashboardRoutes } from '../dashboard/routes.ts'
import { bumpRoutes } from './bump.ts'
import { channelRoutes } from './channels.ts'
import { commandRoutes } from './commands.ts'
import { router } from './context.ts'
import type { ApiDeps, ApiEnv } from './context.ts'
import { answerError } from './errors.ts'
import { eventRoutes } from './events.ts'
import { freezeRoutes } from './freeze.ts'
import { keyRoutes } from './key-routes.ts'
import { nodeRoutes } from './nodes.ts'
import { paymentRoutes } from './payments.ts'
import { paymentsCsvRoutes } from './payments-csv.ts'
import { previewRoutes } from './preview.ts'
import { Problem } from './problem.ts'
import { relayRoutes } from './relay.ts'
import { SIGNATURE_HEADER } from '../../core/nodes/relay-signature.ts'
import { spliceRoutes } from './splices.ts'
import { webhookCommandRoutes } from './webhook-commands.ts'
import { webhookRoutes } from './webhook-routes.ts'

const BODY_LIMIT_BYTES = 16 * 1024
/** A relay may report a hundred events at once, which do not fit into 16 KiB. */
const RELAY_BODY_LIMIT_BYTES = 64 * 1024

const document = {
  openapi: '3.1.0',
  info: {
    title: 'Splicekeeper',
    version: '0.1.0',
    description:
      'Orders splices on channels of remote Lightning nodes and keeps them: an accepted splice is durable, is ' +
      'retried across disconnects and restarts of the node and of this service within its budget, takes effect at ' +
      'most once, and ends with one outcome. Errors are RFC 9457 problems with a stable `code`.',
  },
  // In the order in which somebody who is new needs them.
  tags: [
    { name: 'splices', description: 'Order, read and change splices' },
    { name: 'nodes', description: 'Your nodes and their channels' },
    { name: 'events', description: 'The log of what happened' },
    { name: 'webhooks', description: 'Have a server of yours told' },
    { name: 'payments', description: 'The ledger' },
    { name: 'keys', description: 'Who may come in, and what operators did' },
    { name: 'service', description: 'The service itself' },
  ],
}

const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  summary: 'Liveness',
  tags: ['service'],
  responses: {
    200: {
      description: 'It answers.',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
})

const documentRoute = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getDocument',
  summary: 'This document',
  tags: ['service'],
  responses: {
    200: {
      description: 'OpenAPI 3.1.',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
})

/** Answers about money and names are nobody's to keep. */
const uncached = createMiddleware<ApiEnv>(async (c, next) => {
  await next()
  c.res.headers.set('Cache-Control', 'no-store')
})

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Problem('body_too_large', { field: 'body', detail: `at most ${maxSize} bytes` })
    },
  })
}

/** The HTTP API of design section 8, over any ports. Other routes may be added to what it answers. */
export function createApi(deps: ApiDeps) {
  const app = router()
  // No `overwrite`: a page that is added may bring its own policy.
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: 'DENY',
      overwrite: false,
    }),
  )
  app.use(async (c, next) => {
    c.set('deps', deps)
    await next()
  })
  app.use('/v1/*', uncached)
  app.use('/v1/splices/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/channels/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/webhooks/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/keys/*', limitBody(BODY_LIMIT_BYTES))
  app.use('/v1/nodes/*', limitBody(RELAY_BODY_LIMIT_BYTES))
  app.onError(answerError)
  app.notFound(() => new Problem('not_found').response())
  const registry = app.openAPIRegistry
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of the API: `sk_…`.',
  })
  registry.registerComponent('securitySchemes', 'relay', {
    type: 'apiKey',
    in: 'header',
    name: SIGNATURE_HEADER,
    description: 'What a relay signs its reports with; docs/relay.md.',
  })
  // Answered past the typed routes: a document of OpenAPI has no schema of its own.
  registry.registerPath(documentRoute)
  app.get('/openapi.json', (c) => c.json(app.getOpenAPI31Document(document)))
  return app
    .route('/', spliceRoutes())
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

/** The routes, for a typed client: `hc<Routes>(url)` of `hono/client`. */
export type Routes = ReturnType<typeof createApi>
