import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { acceptBump } from '../../core/accept/accept-fee-bump.ts'
import type { EventOf } from '../../core/splice/event.ts'
import { channelKey } from '../../core/ports/records.ts'
import { satPerKw } from '../../core/bitcoin/money.ts'
import type { Ports } from '../../core/ports/ports.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { requireScope } from './auth.ts'
import { carryOut } from './command.ts'
import { router, type ApiEnv } from './context.ts'
import { IDEMPOTENCY_KEY, IdempotencyHeaders, assertReplay, bodyHash } from './idempotency.ts'
import { Problem, bodyProblems, commonProblems, problemResponse, unavailable } from './problem.ts'
import { SpliceView } from './splice-view.ts'
import { viewOf } from './view.ts'

const BumpBody = z
  .strictObject({
    feeRateSatPerVb: z.number().min(0.01).max(1_000_000).optional().openapi({
      description: 'The minimum feerate of the replacement. Default: the node chooses.',
    }),
  })
  .openapi('BumpRequest')

const spliceJson = { 'application/json': { schema: SpliceView } }

const bumpRoute = createRoute({
  method: 'post',
  path: '/v1/splices/{id}/bump',
  operationId: 'bumpSplice',
  summary: 'Bump the fee of a pending splice',
  description:
    'Asks the node to replace the pending transaction with one that pays a higher feerate. A bump is as ' +
    'durable as the splice: if the node loses the request, it is sent again, three times at most. If ' +
    'there is nothing left to replace, the bump is abandoned and the splice continues. Only one bump can ' +
    'be open at a time. You can safely repeat the request with the same idempotency key.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:write'),
  request: {
    params: z.object({ id: z.string() }),
    headers: IdempotencyHeaders,
    body: { required: false, content: { 'application/json': { schema: BumpBody } } },
  },
  responses: {
    ...commonProblems,
    ...bodyProblems,
    400: problemResponse(
      '`invalid_request`: `errors` names the fields. `malformed_json`: the body is not JSON. ' +
        '`idempotency_key_missing`.',
    ),
    200: {
      description: 'A repeated request: the splice with its bump, with `Idempotent-Replayed: true`.',
      content: spliceJson,
    },
    202: {
      description: 'Accepted. The service drives the bump until it is done or abandoned.',
      content: spliceJson,
    },
    404: problemResponse('`splice_not_found`.'),
    409: problemResponse(
      '`not_bumpable`: the splice is not pending; `bump_open`: another bump is open; `bumps_spent`: it ' +
        'had ten bumps.',
    ),
    422: problemResponse(
      '`bump_unsupported`: the node cannot bump safely; `fee_rate_unsupported`: the node does not accept ' +
        'a feerate; `fee_rate_too_low`, `fee_rate_over_ceiling`; `idempotency_key_reused`.',
    ),
    503: unavailable('`busy`: another request is changing the splice. Try again.'),
  },
})

const bump: RouteHandler<typeof bumpRoute, ApiEnv> = async (c) => {
  const { ports } = c.var.deps
  const { id } = c.req.valid('param')
  const key = c.req.valid('header')[IDEMPOTENCY_KEY]
  const { feeRateSatPerVb } = c.req.valid('json')
  const request = {
    id: bumpIdOf(id, 'client', key),
    bodyHash: bodyHash(c.req.valid('json')),
    feeRateSatPerKw: feeRateSatPerVb === undefined ? null : satPerKw(feeRateSatPerVb),
  }
  const earlier = (splice: Splice) => splice.bumps.find((each) => each.id === request.id)
  const answer = { replayed: false }
  const splice = await carryOut(c, id, {
    name: 'bump',
    impossible: 'not_bumpable',
    eventFor: async (current) => {
      // Checked first: a repeated request succeeds whatever has become of the splice.
      const known = earlier(current)
      answer.replayed = known !== undefined
      if (known === undefined) return bumpOpened(ports, current, request)
      assertReplay(known, request.bodyHash)
      return null
    },
  })
  const view = await viewOf(c.var.deps, splice)
  return answer.replayed ? c.json(view, 200, { 'Idempotent-Replayed': 'true' }) : c.json(view, 202)
}

async function bumpOpened(
  ports: Ports,
  splice: Splice,
  request: Parameters<typeof acceptBump>[1],
): Promise<EventOf<'bump_opened'>> {
  const [node, channel, chain] = await Promise.all([
    ports.store.item('node', splice.node),
    ports.store.item('channel', channelKey(splice.node, splice.channelId)),
    ports.store.item('chain', splice.network),
  ])
  const seen = { node: node?.value ?? null, channel: channel?.value ?? null, chain: chain?.value ?? null }
  const accepted = acceptBump(splice, request, seen)
  if (accepted.ok) return accepted.value
  const { code, field, message } = accepted.error
  throw new Problem(code, { detail: message, ...(field === undefined ? {} : { field }) })
}

/** Fee bumps of a pending splice. */
export function bumpRoutes() {
  return router().openapi(bumpRoute, bump)
}
