import { spliceIdOf } from '../../core/splice/ids.ts'
import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { SpliceState, type Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { releaseLease } from '../../core/drive/channel-lease.ts'
import { isReleased } from '../../core/drive/lease.ts'
import { leaseKeyOf } from '../../core/drive/observe.ts'
import { draftOf, readFacts } from './acceptance.ts'
import { enterOrder } from './queue.ts'
import { requireScope } from './auth.ts'
import { router, type ApiContext, type ApiEnv } from './context.ts'
import { IDEMPOTENCY_KEY, IdempotencyHeaders, assertReplay, bodyHash } from './idempotency.ts'
import { bodyProblems, commonProblems, problemResponse, unavailable } from './problem.ts'
import { SpliceBody } from './splice-body.ts'
import { SpliceView } from './splice-view.ts'
import { LONGEST_NAME, spliceOf } from './tenancy.ts'
import { invalid, wholeNumber } from './validation.ts'
import { viewOf, viewOfNew, viewsOf } from './view.ts'

/** The filter values of a list. */
const Status = z.enum([...SpliceState.options, 'live'])

const PAGE = { min: 1, max: 100, fallback: 20 }

const spliceJson = { 'application/json': { schema: SpliceView } }
const SpliceList = z.object({
  object: z.literal('list'),
  data: z.array(SpliceView),
  cursor: z.string().nullable().openapi({ description: 'The cursor of the next page. null: this is the last page.' }),
})

const impossibleCodes = [
  '`address_invalid`',
  '`address_network`',
  '`address_unexpected`',
  '`amount_out_of_range`',
  '`amount_over_capacity`',
  '`attempts_out_of_range`',
  '`bump_unsupported`',
  '`ceiling_missing`',
  '`channel_unexpected`',
  '`channel_closing`',
  '`channel_not_ready`',
  '`deadline_past`',
  '`deadline_too_far`',
  '`dust`',
  '`insufficient_balance`',
  '`node_unsupported`',
  '`not_before_after_deadline`',
]

/** The errors of accepting a splice, which its preview shares. */
export const acceptanceProblems = {
  ...commonProblems,
  ...bodyProblems,
  404: problemResponse('`node_not_found`, `channel_not_found`.'),
  409: problemResponse('`duplicate_output`: a live splice on this channel, of any tenant, has the same effect.'),
  422: problemResponse(`The splice can never run, or with \`failFast\` not now: ${impossibleCodes.join(', ')}.`),
  429: problemResponse(
    '`rate_limited`: try again after `Retry-After` seconds. `channel_queue_full`: a hundred splices of this channel are live.',
  ),
  503: unavailable(
    '`node_not_seen`: this service has not reached the node yet. `busy`: others order on this channel. Try again after `Retry-After` seconds.',
  ),
} as const

const acceptRoute = createRoute({
  method: 'post',
  path: '/v1/splices',
  operationId: 'acceptSplice',
  summary: 'Order a splice',
  description:
    'An accepted splice is durable. Within its budget it is retried across disconnects and restarts of ' +
    'the node and of this service, and it ends with one outcome. You can safely repeat the request with ' +
    'the same idempotency key: after a 5xx, or without any answer, repeat it with the SAME key, because it may ' +
    'have been accepted. What is refused with a 4xx stores nothing; `retry` in the problem says what to do next. To ' +
    'try again after a failed splice, use a new key.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:write'),
  request: {
    headers: IdempotencyHeaders,
    body: { required: true, content: { 'application/json': { schema: SpliceBody } } },
  },
  responses: {
    ...acceptanceProblems,
    200: {
      description: 'A repeated request: the splice as it is now, with `Idempotent-Replayed: true`.',
      content: spliceJson,
    },
    202: { description: 'Accepted. The service drives the splice until it ends.', content: spliceJson },
    400: problemResponse(
      '`invalid_request`: `errors` names the fields. `malformed_json`: the body is not JSON. ' +
        '`idempotency_key_missing`.',
    ),
    422: problemResponse(
      `\`idempotency_key_reused\`, or the splice can never run, or with \`failFast\` not now: ${impossibleCodes.join(', ')}.`,
    ),
  },
})

/** Refuses a key `__proto__`, which a JavaScript object would drop: the API must return what was ordered. */
function refuseProto(posted: unknown): void {
  const field = 'metadata.__proto__'
  if (!JSON.stringify(posted).includes('"__proto__":')) return
  throw invalid({ field, message: `\`${field}\` is a name that cannot be stored` })
}

const accept: RouteHandler<typeof acceptRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store } = deps.ports
  const idempotencyKey = c.req.valid('header')[IDEMPOTENCY_KEY]
  const posted = await c.req.json<unknown>()
  refuseProto(posted)
  const hash = bodyHash(posted)
  const body = c.req.valid('json')
  const [earlier, facts] = await Promise.allSettled([
    store.load(spliceIdOf(key.tenant, idempotencyKey)),
    readFacts(store, body),
  ])
  // A repeated request succeeds even if the node, the channel or the deadline no longer fits or cannot be
  // read.
  if (earlier.status === 'rejected') throw earlier.reason
  if (earlier.value !== null) return replay(c, earlier.value, hash)
  if (facts.status === 'rejected') throw facts.reason
  const draft = await draftOf(deps, key, body, { idempotencyKey, bodyHash: hash }, facts.value)
  const place = await enterOrder(deps.ports, draft.splice, facts.value.lease)
  if ('earlier' in place) return replay(c, place.earlier, hash)
  const [{ created, splice }] = await Promise.all([
    store.create(draft.splice),
    deps.ports.queue.hint(draft.splice.id, 0),
  ])
  // Another request with the same key was faster.
  if (!created) {
    if (hasEnded(splice.state) && isReleased(splice)) await releaseLease(leaseKeyOf(splice), splice.id, deps.ports)
    return replay(c, splice, hash)
  }
  return c.json(viewOfNew(splice, draft.node, place.lease), 202, { Location: `/v1/splices/${splice.id}` })
}

async function replay(c: ApiContext, splice: Splice, hash: string) {
  assertReplay(splice, hash)
  return c.json(await viewOf(c.var.deps.ports.store, splice), 200, { 'Idempotent-Replayed': 'true' })
}

const readRoute = createRoute({
  method: 'get',
  path: '/v1/splices/{id}',
  operationId: 'getSplice',
  summary: 'Get a splice',
  description: 'Always current, unlike the list.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: { params: z.object({ id: z.string() }) },
  responses: {
    ...commonProblems,
    200: { description: 'The splice.', content: spliceJson },
    404: problemResponse('`splice_not_found`.'),
  },
})

const read: RouteHandler<typeof readRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const splice = await spliceOf(deps.ports, key.tenant, c.req.valid('param').id)
  return c.json(await viewOf(deps.ports.store, splice), 200)
}

const listRoute = createRoute({
  method: 'get',
  path: '/v1/splices',
  operationId: 'listSplices',
  summary: 'List splices, newest first',
  description:
    'The list may lag by a moment. With a filter, a page can hold fewer splices than `limit`: continue ' +
    'while there is a cursor.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: {
    query: z.strictObject({
      status: Status.optional().openapi({
        description: '`live`: every splice that is not settled, failed or cancelled.',
      }),
      node: z.string().min(1).optional(),
      channel: z.string().min(1).max(LONGEST_NAME).optional(),
      limit: wholeNumber(PAGE),
      cursor: z.string().min(1).optional(),
    }),
  },
  responses: {
    ...commonProblems,
    200: { description: 'A page of splices.', content: { 'application/json': { schema: SpliceList } } },
  },
})

function isIn(state: SpliceState, status: z.infer<typeof Status>): boolean {
  return status === 'live' ? !hasEnded(state) : state === status
}

const list: RouteHandler<typeof listRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store } = deps.ports
  const { status, node, channel, limit, cursor = null } = c.req.valid('query')
  const page =
    channel === undefined
      ? await store.byTenant(key.tenant, limit, cursor)
      : await store.byChannel(key.tenant, channel, limit, cursor)
  const found = new Map((await store.loadMany(page.ids)).map((splice) => [splice.id, splice]))
  const wanted = page.ids.flatMap((id) => {
    const splice = found.get(id)
    const fits =
      splice?.tenant === key.tenant &&
      (status === undefined || isIn(splice.state, status)) &&
      (node === undefined || splice.node === node)
    return fits ? [splice] : []
  })
  return c.json({ object: 'list' as const, data: await viewsOf(store, wanted), cursor: page.cursor }, 200)
}

/** Ordering and reading splices. */
export function spliceRoutes() {
  return router().openapi(acceptRoute, accept).openapi(readRoute, read).openapi(listRoute, list)
}
