import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { paymentIdOf, spliceIdOfPayment } from '../../core/splice/ids.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { releaseLease } from '../../core/drive/channel-lease.ts'
import { isReleased } from '../../core/drive/lease.ts'
import { leaseKeyOf } from '../../core/drive/observe.ts'
import { draftOf, readFacts } from './acceptance.ts'
import { enterOrder } from './queue.ts'
import { requireScope, requireScopeAgain } from './auth.ts'
import { router, type ApiContext, type ApiEnv } from './context.ts'
import { IDEMPOTENCY_KEY, IdempotencyHeaders, assertOwnId, assertReplay, bodyHash } from './idempotency.ts'
import { bodyProblems, commonProblems, problemResponse, unavailable } from './problem.ts'
import { SpliceBody } from './splice-body.ts'
import { SpliceView } from './splice-view.ts'
import { spliceOf } from './tenancy.ts'
import { viewOf, viewOfNew } from './view.ts'

/** The hint is sent beside the write of the splice: so much later, the splice is there to be driven. */
const HINT_AFTER_MS = 1_000

const spliceJson = { 'application/json': { schema: SpliceView } }

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
    '`rate_limited`: try again after `Retry-After` seconds. `channel_queue_full`: a hundred splices of this channel are live. ' +
      '`tenant_queue_full`: other tenants use the channel too, and you have your share of those hundred.',
  ),
  503: unavailable(
    '`node_not_seen`: this service has not reached the node yet. `busy`: others order on this channel. `overloaded`: too many orders are under way. Try again after `Retry-After` seconds.',
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
  middleware: requireScopeAgain('splices:write'),
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

const accept: RouteHandler<typeof acceptRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store } = deps.ports
  const idempotencyKey = c.req.valid('header')[IDEMPOTENCY_KEY]
  const body = c.req.valid('json')
  const order = { paymentId: paymentIdOf(key.tenant, idempotencyKey), bodyHash: bodyHash(await c.req.json<unknown>()) }
  const [valid, earlier, facts] = await Promise.allSettled([
    c.var.recheckKey(),
    store.load(spliceIdOfPayment(order.paymentId)),
    readFacts(store, body),
  ])
  if (valid.status === 'rejected') throw valid.reason
  // A repeated request succeeds even if the node, the channel or the deadline no longer fits or cannot be
  // read.
  if (earlier.status === 'rejected') throw earlier.reason
  if (earlier.value !== null) return replay(c, earlier.value, order)
  if (facts.status === 'rejected') throw facts.reason
  const draft = await draftOf(deps, key, body, { idempotencyKey, bodyHash: order.bodyHash }, facts.value)
  const place = await enterOrder(deps.ports, draft.splice, facts.value.lease)
  if ('earlier' in place) return replay(c, place.earlier, order)
  const [{ created, splice }] = await Promise.all([
    store.create(draft.splice),
    deps.ports.queue.hint(draft.splice.id, HINT_AFTER_MS),
  ])
  // Another request with the same key was faster.
  if (!created) {
    if (hasEnded(splice.state) && isReleased(splice)) await releaseLease(leaseKeyOf(splice), splice.id, deps.ports)
    return replay(c, splice, order)
  }
  return c.json(viewOfNew(deps, splice, draft, place.lease), 202, { Location: `/v1/splices/${splice.id}` })
}

async function replay(c: ApiContext, splice: Splice, order: Pick<Splice, 'paymentId' | 'bodyHash'>) {
  assertOwnId(splice, order.paymentId)
  assertReplay(splice, order.bodyHash)
  return c.json(await viewOf(c.var.deps, splice), 200, { 'Idempotent-Replayed': 'true' })
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
  return c.json(await viewOf(deps, splice), 200)
}

/** Ordering and reading splices. */
export function spliceRoutes() {
  return router().openapi(acceptRoute, accept).openapi(readRoute, read)
}
