import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { satPerVb } from '../../core/bitcoin/money.ts'
import { SpliceKind } from '../../core/splice/splice.ts'
import { draftOf, readFacts } from './acceptance.ts'
import { requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiEnv } from './context.ts'
import { bodyHash } from './idempotency.ts'
import { SpliceBody } from './splice-body.ts'
import { acceptanceProblems } from './splices.ts'

const PreviewView = z
  .object({
    object: z.literal('preview'),
    node: z.string(),
    channel: z.string(),
    kind: SpliceKind,
    amountSats: z.int(),
    address: z.string().nullable(),
    open: z.boolean().openapi({ description: 'Every gate is open: it would be submitted now.' }),
    gates: z.array(
      z.object({
        name: z.string(),
        open: z.boolean(),
        message: z.string().nullable().openapi({ description: 'One sentence on why it is closed.' }),
      }),
    ),
    estimatedFeeSats: z.number().nullable(),
    feeRateSatPerVb: z.number().nullable(),
    outboundSats: z.number().nullable(),
    spendableSats: z.number().nullable(),
  })
  .openapi('Preview')

const previewRoute = createRoute({
  method: 'post',
  path: '/v1/splices/preview',
  operationId: 'previewSplice',
  summary: 'What would happen to a splice that is ordered now',
  description: 'Accepts nothing and stores nothing. Refuses what the order itself would be refused for.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: { body: { required: true, content: { 'application/json': { schema: SpliceBody } } } },
  responses: {
    ...acceptanceProblems,
    200: { description: 'The gates, now.', content: { 'application/json': { schema: PreviewView } } },
  },
})

const preview: RouteHandler<typeof previewRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const body = c.req.valid('json')
  // A draft has an id of its own: it is nobody's replay, and a duplicate of what really stands is seen.
  const idempotencyKey = `preview ${deps.ports.chance.id()}`
  const { splice: draft } = await draftOf(
    deps,
    key,
    body,
    { idempotencyKey, bodyHash: bodyHash(body) },
    await readFacts(deps.ports.store, key.tenant, body),
  )
  const { gates, feeRateSatPerKw, estimatedFeeSats, outboundSats, spendableSats } = await deps.preview(draft)
  return c.json(
    {
      object: 'preview' as const,
      node: draft.node,
      channel: draft.channelId,
      kind: draft.kind,
      amountSats: draft.amountSats,
      address: draft.address,
      open: gates.every((gate) => gate.open),
      gates: [...gates],
      estimatedFeeSats,
      feeRateSatPerVb: feeRateSatPerKw === null ? null : satPerVb(feeRateSatPerKw),
      outboundSats,
      spendableSats,
    },
    200,
  )
}

/** Looking before ordering. */
export function previewRoutes() {
  return router().openapi(previewRoute, preview)
}
