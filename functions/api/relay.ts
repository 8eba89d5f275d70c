import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { RelayEvent } from '../../core/nodes/relay-event.ts'
import { router } from './context.ts'
import type { ApiEnv } from './context.ts'
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

/** Lets a node's own relay through. Before validation: an unsigned body is not worth looking into. */
const signedByRelay = createMiddleware<ApiEnv>(async (c, next) => {
  const { ports } = c.var.deps
  const relayKey = ports.nodes.get(c.req.param('node') ?? '')?.relayKey ?? null
  if (relayKey === null) throw new Problem('node_not_found', { field: 'node' })
  const timestamp = c.req.header(TIMESTAMP_HEADER) ?? ''
  const signature = c.req.header(SIGNATURE_HEADER) ?? ''
  const body = Buffer.from(await c.req.arrayBuffer())
  if (!isSignature(signature, relaySignature(relayKey, timestamp, body)))
    throw new Problem('unauthorized', { field: SIGNATURE_HEADER })
  if (!isFresh(timestamp, ports.clock.now()))
    throw new Problem('timestamp_stale', { field: TIMESTAMP_HEADER })
  await next()
})

const relayRoute = createRoute({
  method: 'post',
  path: '/v1/nodes/{node}/events',
  operationId: 'reportNodeEvents',
  summary: "A node's relay reports events",
  description:
    'Signed with the key of the node: hex HMAC-SHA256 of `<timestamp>.<body>`. Events are wake-ups, and each id ' +
    'counts once: after an error, report them again.',
  tags: ['nodes'],
  security: [{ relay: [] }],
  middleware: signedByRelay,
  request: {
    params: z.object({ node: z.string() }),
    headers: z.object({
      [TIMESTAMP_HEADER]: z.string().openapi({ description: 'Unix seconds, within five minutes of ours.' }),
      [SIGNATURE_HEADER]: z.string(),
    }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ events: z.array(RelayEvent).min(1).max(EVENTS_MAX) })
            .openapi('NodeEvents'),
        },
      },
    },
  },
  responses: {
    400: commonProblems[400],
    401: problemResponse('`unauthorized`: the signature is wrong. `timestamp_stale`: it is too old.'),
    404: problemResponse('`node_not_found`: no such node, or none that a relay reports for.'),
    ...bodyProblems,
    500: commonProblems[500],
    202: {
      description: 'All of them are taken.',
      content: { 'application/json': { schema: z.object({ accepted: z.int() }) } },
    },
  },
})

const report: RouteHandler<typeof relayRoute, ApiEnv> = async (c) => {
  const { node } = c.req.valid('param')
  const { events } = c.req.valid('json')
  const leadMs = leadOf(c.req.valid('header')[TIMESTAMP_HEADER], c.var.deps.ports.clock.now())
  // One after the other: should the queue fail, the relay reports all of them again, and each id counts once.
  for (const event of events)
    await c.var.deps.nodeEvents({ node, event: { ...event, at: Math.max(0, event.at - leadMs) } })
  return c.json({ accepted: events.length }, 202)
}

/** What a relay beside a node may say. */
export function relayRoutes() {
  return router().openapi(relayRoute, report)
}
