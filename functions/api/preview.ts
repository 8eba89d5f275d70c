import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { satPerVb } from '../../core/bitcoin/money.ts'
import { SpliceKind } from '../../core/splice/splice.ts'
import { draftOf, readFacts } from './acceptance.ts'
import { requireScope } from './auth.ts'
import { refuseUnplaceable } from './queue.ts'
import { router, type ApiEnv } from './context.ts'
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
    open: z.boolean().openapi({ description: 'Every gate is open: the splice would be submitted now.' }),
    gates: z.array(
      z.object({
        name: z.string(),
        open: z.boolean(),
        message: z.string().nullable().openapi({ description: 'Why the gate is closed. null: it is open.' }),
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
  summary: 'Preview a splice',
  description:
    'Shows which gates would hold back the splice now, without ordering it. Nothing is stored. Returns ' +
    'the same errors as the order.',
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: { body: { required: true, content: { 'application/json': { schema: SpliceBody } } } },
  responses: {
    ...acceptanceProblems,
    200: {
      description: 'The gates as they are now.',
      content: { 'application/json': { schema: PreviewView } },
    },
  },
})

const preview: RouteHandler<typeof previewRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const body = c.req.valid('json')
  // A new idempotency key keeps the draft from repeating an order, so that a live duplicate is found.
  const idempotencyKey = `preview ${deps.ports.chance.id()}`
  const facts = await readFacts(deps.ports.store, body)
  const identity = { idempotencyKey, bodyHash: bodyHash(body) }
  const { splice: draft } = await draftOf(deps, key, body, identity, facts)
  await refuseUnplaceable(deps.ports, draft, facts.lease)
  const { gates, feeRateSatPerKw, estimatedFeeSats, outboundSats, spendableSats } = await deps.preview(
    draft,
    deps.ports,
  )
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

/** The preview of a splice. */
export function previewRoutes() {
  return router().openapi(previewRoute, preview)
}
