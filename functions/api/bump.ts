import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { acceptBump } from '../../core/accept/accept-fee-bump.ts'
import type { EventOf } from '../../core/splice/event.ts'
import { channelKey } from '../../core/ports/records.ts'
import { satPerKw } from '../../core/bitcoin/money.ts'
import type { Ports } from '../../core/ports/ports.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { requireScope } from './auth.ts'
import { carryOut } from './command.ts'
import { router } from './context.ts'
import type { ApiEnv } from './context.ts'
import { IDEMPOTENCY_KEY, IdempotencyHeaders, assertReplay, bodyHash } from './idempotency.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { SpliceView } from './splice-view.ts'
import { viewOf } from './view.ts'

const BumpBody = z
  .strictObject({
    feeRateSatPerVb: z.number().min(0.01).max(1_000_000).optional().openapi({
      description: 'What the replacement is to pay at least. Left out: the node chooses.',
    }),
  })
  .openapi('BumpRequest')

const spliceJson = { 'application/json': { schema: SpliceView } }

const bumpRoute = createRoute({
  method: 'post',
  path: '/v1/splices/{id}/bump',
  operationId: 'bumpSplice',
  summary: 'Raise the fee of a splice whose transaction waits',
  description:
    'Asks the node to replace the pending transaction by one with a higher feerate. Durable like the splice: asked for ' +
    'again when the node loses it, at most three times, and given up, with the splice going on, when nothing is left to ' +
    'replace. One bump at a time; repeat the request with the same key as often as you like.',
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
      '`invalid_request` names the fields. `malformed_json`: the body is not JSON. `idempotency_key_missing`.',
    ),
    200: {
      description: 'The splice with the bump that this key asked for before. `Idempotent-Replayed: true`.',
      content: spliceJson,
    },
    202: { description: 'The bump is kept until it is done or given up.', content: spliceJson },
    404: problemResponse('`splice_not_found`.'),
    409: problemResponse(
      '`not_bumpable`: no transaction of it waits; `bump_open`: one is under way; `bumps_spent`: ten were.',
    ),
    422: problemResponse(
      '`bump_unsupported`: the node cannot do it safely; `fee_rate_unsupported`: it takes no feerate; ' +
        '`fee_rate_too_low`, `fee_rate_over_ceiling`; `idempotency_key_reused`.',
    ),
    503: problemResponse('`busy`: try again.'),
  },
})

const bump: RouteHandler<typeof bumpRoute, ApiEnv> = async (c) => {
  const { ports } = c.var.deps
  const { id } = c.req.valid('param')
  const key = c.req.valid('header')[IDEMPOTENCY_KEY]
  const { feeRateSatPerVb } = c.req.valid('json')
  const wish = {
    id: bumpIdOf(id, 'client', key),
    bodyHash: bodyHash(c.req.valid('json')),
    feeRateSatPerKw: feeRateSatPerVb === undefined ? null : satPerKw(feeRateSatPerVb),
  }
  const earlier = (splice: Splice) => splice.bumps.find((each) => each.id === wish.id)
  const answer = { replayed: false }
  const splice = await carryOut(c, id, {
    name: 'bump',
    impossible: 'not_bumpable',
    eventFor: async (current) => {
      // First of all: a replay is answered whatever became of the splice meanwhile.
      const known = earlier(current)
      answer.replayed = known !== undefined
      if (known === undefined) return opening(ports, current, wish)
      assertReplay(known, wish.bodyHash)
      return null
    },
  })
  const view = await viewOf(ports.store, splice)
  return answer.replayed ? c.json(view, 200, { 'Idempotent-Replayed': 'true' }) : c.json(view, 202)
}

async function opening(
  ports: Ports,
  splice: Splice,
  wish: Parameters<typeof acceptBump>[1],
): Promise<EventOf<'bump_opened'>> {
  const [node, channel, chain] = await Promise.all([
    ports.store.item('node', splice.node),
    ports.store.item('channel', channelKey(splice.node, splice.channelId)),
    ports.store.item('chain', splice.network),
  ])
  const seen = { node: node?.value ?? null, channel: channel?.value ?? null, chain: chain?.value ?? null }
  const accepted = acceptBump(splice, wish, seen)
  if (accepted.ok) return accepted.value
  const { code, field, message } = accepted.error
  throw new Problem(code, { detail: message, ...(field === undefined ? {} : { field }) })
}

/** Raising the fee of a pending splice. */
export function bumpRoutes() {
  return router().openapi(bumpRoute, bump)
}
