import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { LogEventType, SpliceThen } from '../../core/splice/log-event.ts'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { commonProblems } from './problem.ts'
import { AfterSequence } from './validation.ts'
import { isoOf } from './view.ts'

const EventView = z
  .object({
    object: z.literal('event'),
    sequence: z.int(),
    id: z.string().openapi({ description: 'The same id here and in every webhook delivery of this event.' }),
    type: LogEventType,
    splice: z.string().nullable().openapi({ description: 'The splice. null: the event concerns a webhook endpoint.' }),
    webhook: z
      .string()
      .nullable()
      .openapi({ description: 'The endpoint that was disabled. null: the event concerns a splice.' }),
    epoch: z.int(),
    at: z.iso.datetime(),
    snapshot: SpliceThen.extend({ metadata: z.record(z.string(), z.string()) })
      .nullable()
      .openapi({
        description:
          'The splice as it was when the event happened: `status`, `txid`, `feeSats`, `failureCode` and ' +
          '`attentionCode` of that moment, and what never changes. null: the event concerns a webhook endpoint.',
      }),
  })
  .openapi('Event')
export type EventView = z.infer<typeof EventView>

const eventsRoute = createRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  summary: 'List events',
  description:
    'Your event log, in order and without gaps. To read on, pass the last `sequence` you received as ' +
    '`after`. An empty page means that there are no new events.',
  tags: ['events'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: {
    query: AfterSequence,
  },
  responses: {
    ...commonProblems,
    200: {
      description: 'The events after `after`, oldest first.',
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
  const data = lines.map(({ sequence, id, type, spliceId, epoch, at, endpointId, snapshot }) => ({
    object: 'event' as const,
    sequence,
    id,
    type,
    splice: spliceId,
    webhook: endpointId ?? null,
    epoch,
    at: isoOf(at),
    snapshot: snapshot ?? null,
  }))
  return c.json({ object: 'list' as const, data }, 200)
}

/** A tenant's event log. */
export function eventRoutes() {
  return router().openapi(eventsRoute, listEvents)
}
