import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { RelayEvent } from '../../core/nodes/relay-event.ts'
import { router, type ApiEnv } from './context.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import {
  SIGNATURE_HEADER,
  TIMESTAMP_HEADER,
  isFresh,
  isSignature,
  leadOf,
  relaySignature,
} from '../../core/nodes/relay-signature.ts'

const EVENTS_MAX = 100

/** Requires the signature of the node's relay. Runs first, so that an unsigned body is never parsed. */
const signedByRelay = createMiddleware<ApiEnv>(async (c, next) => {
  const { ports } = c.var.deps
  const relayKey = ports.nodes.get(c.req.param('node') ?? '')?.relayKey ?? null
  if (relayKey === null) throw new Problem('node_not_found', { field: 'node' })
  const timestamp = c.req.header(TIMESTAMP_HEADER) ?? ''
  const signature = c.req.header(SIGNATURE_HEADER) ?? ''
  const body = Buffer.from(await c.req.arrayBuffer())
  if (!isSignature(signature, relaySignature(relayKey, timestamp, body)))
    throw new Problem('unauthorized', { field: SIGNATURE_HEADER })
  if (!isFresh(timestamp, ports.clock.now())) throw new Problem('timestamp_stale', { field: TIMESTAMP_HEADER })
  await next()
})

const relayRoute = createRoute({
  method: 'post',
  path: '/v1/nodes/{node}/events',
  operationId: 'reportNodeEvents',
  summary: 'Report events of a node, as its relay',
  description:
    'Requests are signed with the relay key of the node: the hex HMAC-SHA256 of `<timestamp>.<body>`. ' +
    'Events wake up the service. Every event id counts once: after an error, report the events again.',
  tags: ['nodes'],
  security: [{ relay: [] }],
  middleware: signedByRelay,
  request: {
    params: z.object({ node: z.string() }),
    headers: z.object({
      [TIMESTAMP_HEADER]: z
        .string()
        .openapi({ description: 'Unix time in seconds, at most five minutes from the current time.' }),
      [SIGNATURE_HEADER]: z.string(),
    }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ events: z.array(RelayEvent).min(1).max(EVENTS_MAX) }).openapi('NodeEvents'),
        },
      },
    },
  },
  responses: {
    400: commonProblems[400],
    401: problemResponse(
      '`unauthorized`: the signature is wrong. `timestamp_stale`: its timestamp is too far from the ' + 'current time.',
    ),
    404: problemResponse('`node_not_found`: there is no such node, or it has no relay.'),
    ...bodyProblems,
    500: commonProblems[500],
    202: {
      description: 'All events are accepted.',
      content: { 'application/json': { schema: z.object({ accepted: z.int() }) } },
    },
  },
})

const report: RouteHandler<typeof relayRoute, ApiEnv> = async (c) => {
  const { node } = c.req.valid('param')
  const { events } = c.req.valid('json')
  const leadMs = leadOf(c.req.valid('header')[TIMESTAMP_HEADER], c.var.deps.ports.clock.now())
  // If the queue fails in between, the relay reports all events again. That is safe: each id counts once.
  for (const event of events)
    await c.var.deps.nodeEvents({ node, event: { ...event, at: Math.max(0, event.at - leadMs) } })
  return c.json({ accepted: events.length }, 202)
}

/** The reports of the relay beside a node. */
export function relayRoutes() {
  return router().openapi(relayRoute, report)
}
