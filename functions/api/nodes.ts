import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { satPerVb } from '../../core/bitcoin/money.ts'
import type { Capabilities, NodeLook } from '../../core/ports/node.ts'
import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import { Network } from '../../core/bitcoin/network.ts'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { commonProblems } from './problem.ts'
import { nodesOf } from './tenancy.ts'
import { isoOf } from './view.ts'

const CapabilitiesView = z.object({
  spliceIn: z.boolean(),
  spliceOut: z.boolean(),
  toAddress: z.boolean().openapi({ description: 'A splice-out can pay an address that you choose.' }),
  bump: z.boolean(),
  setsFeeRate: z.boolean().openapi({ description: 'A fee bump can set the feerate. Otherwise the node chooses it.' }),
  feeCap: z.enum(['enforced', 'gated']).openapi({
    description:
      '`enforced`: the node signs nothing over the fee ceiling. `gated`: its worst case is checked before ' +
      'each submission.',
  }),
  overlapGuard: z.boolean(),
  picksChannel: z.boolean().openapi({ description: 'The node picks the channel itself: an order must not name one.' }),
  transactions: z
    .enum(['reported', 'inferred'])
    .nullable()
    .openapi({
      description:
        '`reported`: the node reports the transactions that it signs. `inferred`: they are found from the ' +
        'chain and the balances. null: not known.',
    }),
  fenceSeconds: z.number().nullable().openapi({
    description: 'How long after an unanswered request the node can still receive it. null: there is no bound.',
  }),
  provenLostBy: z.array(z.string()).openapi({
    description: 'The accepted proofs that an unanswered request was not executed (docs/decisions.md).',
  }),
  unsupported: z
    .string()
    .nullable()
    .openapi({ description: 'Why the node cannot splice at all. null: no such reason.' }),
})

const NodeView = z
  .object({
    object: z.literal('node'),
    name: z.string(),
    stale: z.boolean().openapi({
      description: 'The node does not answer: these are the values last seen, and null where none are known.',
    }),
    observedAt: z.iso.datetime().nullable(),
    nodeId: z.string().nullable(),
    network: Network.nullable(),
    software: z.string().nullable(),
    version: z.string().nullable(),
    synced: z.boolean().nullable(),
    tipHeight: z.int().nullable(),
    channelCount: z.int().nullable(),
    spendableSats: z.number().nullable(),
    feeRateSatPerVb: z.number().nullable(),
    capabilities: CapabilitiesView.nullable(),
    paused: z.object({ at: z.iso.datetime() }).nullable().openapi({
      description: 'The node refuses our credentials. Nothing is submitted until it accepts them again.',
    }),
  })
  .openapi('Node')
export type NodeView = z.infer<typeof NodeView>

const nodesRoute = createRoute({
  method: 'get',
  path: '/v1/nodes',
  operationId: 'listNodes',
  summary: 'List nodes',
  description: 'What your nodes report now, and what they can do.',
  tags: ['nodes'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  responses: {
    ...commonProblems,
    200: {
      description: 'Every node that your key may use.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(NodeView) }) },
      },
    },
  },
})

const listNodes: RouteHandler<typeof nodesRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const views = nodesOf(deps.ports, key.tenant).map((node) => nodeView(deps.ports, node))
  return c.json({ object: 'list' as const, data: await Promise.all(views) }, 200)
}

async function nodeView(ports: Ports, node: ConfiguredNode): Promise<NodeView> {
  const [look, item] = await Promise.all([node.port.look(ports.call()), ports.store.item('node', node.name)])
  const seen = item?.value ?? null
  const paused = seen?.paused ? { at: isoOf(seen.paused.at) } : null
  if (look.ok) return { ...lookedAt(node.name, look.value), paused }
  return {
    object: 'node',
    name: node.name,
    stale: true,
    observedAt: seen === null ? null : isoOf(seen.seenAt),
    nodeId: seen?.nodeId ?? null,
    network: seen?.network ?? null,
    software: seen?.capabilities.software ?? null,
    version: seen?.version ?? null,
    synced: null,
    tipHeight: null,
    channelCount: seen?.channelIds.length ?? null,
    spendableSats: null,
    feeRateSatPerVb: null,
    capabilities: seen === null ? null : capabilitiesView(seen.capabilities),
    paused,
  }
}

function lookedAt(name: string, look: NodeLook): Omit<NodeView, 'paused'> {
  return {
    object: 'node',
    name,
    stale: false,
    observedAt: isoOf(look.observedAt),
    nodeId: look.nodeId,
    network: look.network,
    software: look.capabilities.software,
    version: look.version,
    synced: look.synced,
    tipHeight: look.tipHeight,
    channelCount: look.channels.length,
    spendableSats: look.spendableSats,
    feeRateSatPerVb: look.feeRateSatPerKw === null ? null : satPerVb(look.feeRateSatPerKw),
    capabilities: capabilitiesView(look.capabilities),
  }
}

/** The capabilities that matter to a client. */
function capabilitiesView(capabilities: Capabilities): z.infer<typeof CapabilitiesView> {
  const { spliceIn, spliceOut, toAddress, bump, setsFeeRate, feeCap, overlapGuard } = capabilities
  const { leaseScope, reportsCandidates, fenceMs, nonExecutionProofs, unsupported } = capabilities
  return {
    spliceIn,
    spliceOut,
    toAddress,
    bump,
    setsFeeRate,
    feeCap,
    overlapGuard,
    picksChannel: leaseScope === 'node',
    transactions: reportsCandidates ? 'reported' : 'inferred',
    fenceSeconds: fenceMs === null ? null : fenceMs / 1000,
    provenLostBy: [...nonExecutionProofs],
    unsupported: unsupported ?? null,
  }
}

/** The nodes of a tenant. */
export function nodeRoutes() {
  return router().openapi(nodesRoute, listNodes)
}
