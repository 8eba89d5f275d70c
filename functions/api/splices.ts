import { spliceIdOf } from '../../core/splice/ids.ts'
import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { SpliceState } from '../../core/splice/splice.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { draftOf, readFacts } from './acceptance.ts'
import { requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiContext, ApiEnv } from './context.ts'
import { hint } from './hint.ts'
import { IDEMPOTENCY_KEY, IdempotencyHeaders, assertReplay, bodyHash } from './idempotency.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { SpliceBody } from './splice-body.ts'
import { SpliceView } from './splice-view.ts'
import { LONGEST_NAME, spliceOf } from './tenancy.ts'
import { wholeNumber } from './validation.ts'
import { viewOf, viewOfNew, viewsOf } from './view.ts'

/** What a list can be asked for. */
const Status = z.enum([...SpliceState.options, 'live'])

const PAGE = { min: 1, max: 100, fallback: 20 }

const spliceJson = { 'application/json': { schema: SpliceView } }
const SpliceList = z.object({
  object: z.literal('list'),
  data: z.array(SpliceView),
  cursor: z.string().nullable().openapi({ description: 'Of the next page; null: this is the last one.' }),
})

const neverCodes = [
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
  '`node_unsupported`',
  '`not_before_after_deadline`',
]

/** What acceptance can answer besides what every route can; the preview shares it. */
export const acceptanceProblems = {
  ...commonProblems,
  ...bodyProblems,
  404: problemResponse('`node_not_found`, `channel_not_found`.'),
  409: problemResponse('`duplicate_output`: a live splice with the same effect exists.'),
  422: problemResponse(`A reason why this splice could never run: ${neverCodes.join(', ')}.`),
  503: problemResponse(
    '`node_not_seen`: the node has not been looked at yet. Try again after `Retry-After`.',
  ),
} as const

const acceptRoute = createRoute({
  method: 'post',
  path: '/v1/splices',
  operationId: 'acceptSplice',
  summary: 'Order a splice',
  description:
    'Accepted means durable: the splice is retried across disconnects and restarts of the node and of this service, ' +
    'within its budget, and ends with one outcome. Repeat the request with the same key as often as you like. A ' +
    'request that was answered with an error stored nothing; a new try needs a new key.',
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
      description: 'The splice that this key ordered before, as it stands. `Idempotent-Replayed: true`.',
      content: spliceJson,
    },
    202: { description: 'Accepted: it is kept until it ends.', content: spliceJson },
    400: problemResponse(
      '`invalid_request` names the fields. `malformed_json`: the body is not JSON. `idempotency_key_missing`.',
    ),
    422: problemResponse(
      `\`idempotency_key_reused\`, or a reason why this splice could never run: ${neverCodes.join(', ')}.`,
    ),
  },
})

/** What is given back has to be what was ordered, and no object of ours keeps a key of that name. */
function refuseProto(posted: unknown): void {
  const field = 'metadata.__proto__'
  if (!JSON.stringify(posted).includes('"__proto__":')) return
  const message = 'a key that cannot be kept'
  throw new Problem('invalid_request', { field, errors: [{ field, message }] })
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
    readFacts(store, key.tenant, body),
  ])
  // A replay is answered whatever became of node, channel or deadline, and also if they cannot be read.
  if (earlier.status === 'rejected') throw earlier.reason
  if (earlier.value !== null) return replay(c, earlier.value, hash)
  if (facts.status === 'rejected') throw facts.reason
  const draft = await draftOf(deps, key, body, { idempotencyKey, bodyHash: hash }, facts.value)
  const { created, splice } = await store.create(draft.splice)
  // Somebody was faster with the same key.
  if (!created) return replay(c, splice, hash)
  deps.effects?.note(splice)
  await hint(deps.ports, splice.id)
  return c.json(viewOfNew(splice, draft.node), 202, { Location: `/v1/splices/${splice.id}` })
}

async function replay(c: ApiContext, splice: Splice, hash: string) {
  assertReplay(splice, hash)
  return c.json(await viewOf(c.var.deps.ports.store, splice), 200, { 'Idempotent-Replayed': 'true' })
}

const readRoute = createRoute({
  method: 'get',
  path: '/v1/splices/{id}',
  operationId: 'getSplice',
  summary: 'Read a splice, always current',
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
  description: 'May lag by a moment. Filters may make a page short: go on while there is a cursor.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: {
    query: z.strictObject({
      status: Status.optional().openapi({ description: '`live`: not settled, failed or cancelled.' }),
      node: z.string().min(1).optional(),
      channel: z.string().min(1).max(LONGEST_NAME).optional(),
      limit: wholeNumber(PAGE),
      cursor: z.string().min(1).optional(),
    }),
  },
  responses: {
    ...commonProblems,
    200: { description: 'A page.', content: { 'application/json': { schema: SpliceList } } },
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
