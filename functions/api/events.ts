import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { LogEventType } from '../../core/splice/log-event.ts'
import { requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiEnv } from './context.ts'
import { commonProblems } from './problem.ts'
import { AfterSequence } from './validation.ts'
import { isoOf } from './view.ts'

const EventView = z
  .object({
    object: z.literal('event'),
    sequence: z.int(),
    id: z.string().openapi({ description: 'The same each time this event is told, here or by webhook.' }),
    type: LogEventType,
    splice: z.string().nullable().openapi({ description: 'null: it is about a webhook endpoint.' }),
    webhook: z.string().nullable().openapi({ description: 'The endpoint that was given up.' }),
    epoch: z.int(),
    at: z.iso.datetime(),
  })
  .openapi('Event')
export type EventView = z.infer<typeof EventView>

const eventsRoute = createRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  summary: 'Your event log, gap-free and in order',
  description: 'Ask again with the last `sequence` you took as `after`. An empty page: nothing new yet.',
  tags: ['events'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: {
    query: AfterSequence,
  },
  responses: {
    ...commonProblems,
    200: {
      description: 'The lines after a sequence.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(EventView) }) },
      },
    },
  },
})

const listEvents: RouteHandler<typeof eventsRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { after, limit } = c.req.valid('query')
  const lines = await deps.ports.store.eventsAfter(key.tenant, after, limit)
  const data = lines.map(({ sequence, id, type, spliceId, epoch, at, endpointId }) => ({
    object: 'event' as const,
    sequence,
    id,
    type,
    splice: spliceId,
    webhook: endpointId ?? null,
    epoch,
    at: isoOf(at),
  }))
  return c.json({ object: 'list' as const, data }, 200)
}

/** The log of what happened to a tenant's splices. */
export function eventRoutes() {
  return router().openapi(eventsRoute, listEvents)
}
