import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import type { Page, Store } from '../../core/ports/ports.ts'
import { paymentIdOf, spliceIdOfPayment } from '../../core/splice/ids.ts'
import { SpliceState, type Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import type { Instant } from '../../core/values/instant.ts'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { IdempotencyKey } from './idempotency.ts'
import { commonProblems } from './problem.ts'
import { Time, instantOf } from './splice-body.ts'
import { SpliceView } from './splice-view.ts'
import { LONGEST_NAME } from './tenancy.ts'
import { wholeNumber } from './validation.ts'
import { viewsOf } from './view.ts'

const PAGE = { min: 1, max: 100, fallback: 20 }
/** How many pages one request reads for the first splice that fits: a search should not come back empty too early. */
const READ_PAGES = 10

/** The filter values of a list. */
const Status = z.enum([...SpliceState.options, 'live'])

/** A field of the metadata: `metadata.order`, or `metadata[order]` as a generated client writes it. */
const METADATA = /^metadata(?:\.(.*)|\[(.*)\])$/s

const ListQuery = z
  .object({
    status: Status.optional().openapi({
      description: '`live`: every splice that is not settled, failed or cancelled.',
    }),
    node: z.string().min(1).optional(),
    channel: z.string().min(1).max(LONGEST_NAME).optional(),
    idempotencyKey: IdempotencyKey.optional().openapi({
      description: 'The splice that was ordered under this key: read directly, so this never lags.',
    }),
    since: z.union([Time, z.iso.date()], 'an ISO 8601 time with its zone, or a day').optional().openapi({
      description: 'Only splices accepted at or after this time, or since the start of this day (UTC): `2026-11-30`.',
    }),
    limit: wholeNumber(PAGE),
    cursor: z.string().min(1).optional(),
  })
  .catchall(z.string('give it once'))
  .superRefine((query, context) => {
    const keys = Object.keys(query).filter((name) => !Object.hasOwn(ListQuery.shape, name) && !METADATA.test(name))
    if (keys.length > 0) context.addIssue({ code: 'unrecognized_keys', keys, input: query })
  })

const SpliceList = z.object({
  object: z.literal('list'),
  data: z.array(SpliceView),
  cursor: z.string().nullable().openapi({ description: 'The cursor of the next page. null: this is the last page.' }),
})

const listRoute = createRoute({
  method: 'get',
  path: '/v1/splices',
  operationId: 'listSplices',
  summary: 'List or find splices, newest first',
  description:
    'Filters can be combined. `metadata.order=42` finds the splices whose metadata has that value. The list may ' +
    'lag by a moment, except with `idempotencyKey`. With a filter, a page can hold fewer splices than `limit`, or ' +
    'none: continue while there is a cursor.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  // A name that the caller chooses has no place in the schema of the query.
  parameters: [
    {
      in: 'query',
      name: 'metadata',
      style: 'deepObject',
      explode: true,
      schema: { type: 'object', additionalProperties: { type: 'string' } },
      // The page of this document fills its form with the example: with none of its own it would filter by a made-up one.
      example: {},
      description: 'Only splices with this metadata: `metadata.order=42`, or `metadata[order]=42`.',
    },
  ],
  request: { query: ListQuery },
  responses: {
    ...commonProblems,
    200: { description: 'A page of splices.', content: { 'application/json': { schema: SpliceList } } },
  },
})

type Query = z.output<typeof ListQuery>

const list: RouteHandler<typeof listRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const query = c.req.valid('query')
  const found = await search(deps.ports.store, key.tenant, query)
  return c.json({ object: 'list' as const, data: await viewsOf(deps, found.splices), cursor: found.cursor }, 200)
}

type Found = { readonly splices: readonly Splice[]; readonly cursor: string | null }

async function search(store: Store, tenant: string, query: Query): Promise<Found> {
  const { idempotencyKey, channel, limit } = query
  const fits = filterOf(tenant, query)
  if (idempotencyKey !== undefined) {
    const paymentId = paymentIdOf(tenant, idempotencyKey)
    const splice = await store.load(spliceIdOfPayment(paymentId))
    return { splices: splice?.paymentId === paymentId && fits(splice) ? [splice] : [], cursor: null }
  }
  const read = (cursor: string | null): Promise<Page> =>
    channel === undefined ? store.byTenant(tenant, limit, cursor) : store.byChannel(tenant, channel, limit, cursor)
  let cursor = query.cursor ?? null
  for (let pages = 1; ; pages += 1) {
    const page = await read(cursor)
    const loaded = new Map((await store.loadMany(page.ids)).map((splice) => [splice.id, splice]))
    const all = page.ids.flatMap((id) => loaded.get(id) ?? [])
    const splices = all.filter(fits)
    // Newest first: what follows is older still.
    const isPast = all.some(({ createdAt }) => createdAt < sinceOf(query))
    cursor = isPast ? null : page.cursor
    if (splices.length > 0 || cursor === null || pages === READ_PAGES) return { splices, cursor }
  }
}

function sinceOf({ since }: Query): Instant {
  return instantOf(since) ?? 0
}

function filterOf(tenant: string, query: Query): (splice: Splice) => boolean {
  const { status, node, channel } = query
  const since = sinceOf(query)
  const metadata = Object.entries(query).flatMap(([name, value]) => {
    const [, dotted, bracketed] = METADATA.exec(name) ?? []
    const key = dotted ?? bracketed
    return key === undefined ? [] : [{ key, value }]
  })
  return (splice) =>
    splice.tenant === tenant &&
    (status === undefined || isIn(splice.state, status)) &&
    (node === undefined || splice.node === node) &&
    (channel === undefined || splice.channelId === channel) &&
    splice.createdAt >= since &&
    metadata.every(({ key, value }) => Object.hasOwn(splice.metadata, key) && splice.metadata[key] === value)
}

function isIn(state: SpliceState, status: z.infer<typeof Status>): boolean {
  return status === 'live' ? !hasEnded(state) : state === status
}

/** Listing and finding splices. */
export function spliceListRoutes() {
  return router().openapi(listRoute, list)
}
