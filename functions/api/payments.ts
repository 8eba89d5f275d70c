import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { paymentWithId, paymentWithTxid } from './payment-lookup.ts'
import { PaymentView, paymentViewOf } from './payment-view.ts'
import { commonProblems, problemResponse } from './problem.ts'

const answers = {
  ...commonProblems,
  200: { description: 'The payment.', content: { 'application/json': { schema: PaymentView } } },
  404: problemResponse('`payment_not_found`.'),
} as const

const readRoute = createRoute({
  method: 'get',
  path: '/v1/payments/{id}',
  operationId: 'getPayment',
  summary: 'Get a payment',
  description:
    'A payment is the funding transaction of a splice, of a close or of an open. A splice refers to its ' +
    'payment by `paymentId`. The id never changes, whichever candidate confirms.',
  tags: ['payments'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: { params: z.object({ id: z.string() }) },
  responses: answers,
})

const read: RouteHandler<typeof readRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const payment = await paymentWithId(deps, key.tenant, c.req.valid('param').id)
  return c.json(paymentViewOf(payment), 200)
}

const findRoute = createRoute({
  method: 'get',
  path: '/v1/payments',
  operationId: 'findPayment',
  summary: 'Find a payment by transaction',
  description: 'The txid of any candidate finds the payment, confirmed or not, at any time.',
  tags: ['payments'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: {
    query: z.strictObject({
      txid: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'),
    }),
  },
  responses: answers,
})

const find: RouteHandler<typeof findRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const payment = await paymentWithTxid(deps, key.tenant, c.req.valid('query').txid)
  return c.json(paymentViewOf(payment), 200)
}

/** The payments of the ledger. */
export function paymentRoutes() {
  return router().openapi(readRoute, read).openapi(findRoute, find)
}
