import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { satPerVb } from '../../core/bitcoin/money.ts'
import type { Capabilities, NodeLook } from '../../core/ports/node.ts'
import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import { Network } from '../../core/bitcoin/network.ts'
import { requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiEnv } from './context.ts'
import { commonProblems } from './problem.ts'
import { nodesOf } from './tenancy.ts'
import { isoOf } from './view.ts'

const CapabilitiesView = z.object({
  spliceIn: z.boolean(),
  spliceOut: z.boolean(),
  toAddress: z.boolean().openapi({ description: 'A splice-out can pay an address of yours.' }),
  bump: z.boolean(),
  setsFeeRate: z
    .boolean()
    .openapi({ description: 'A fee bump takes a feerate; otherwise the node chooses.' }),
  feeCap: z.enum(['enforced', 'gated']).openapi({
    description: '`enforced`: no fee over the ceiling is signed. `gated`: the worst case is checked first.',
  }),
  overlapGuard: z.boolean(),
  picksChannel: z.boolean().openapi({ description: 'The node picks the channel itself: orders name none.' }),
  transactions: z.enum(['reported', 'inferred']).nullable().openapi({
    description:
      '`reported`: the node names what it signs. `inferred`: from the chain and its balances. null: not known.',
  }),
  fenceSeconds: z.number().nullable().openapi({
    description:
      'How long after an unanswered request it can still be received; null: there is no such bound.',
  }),
  provenLostBy: z.array(z.string()).openapi({
    description: 'What proves that an unanswered request can take effect no more (docs/decisions.md).',
  }),
  unsupported: z
    .string()
    .nullable()
    .openapi({ description: 'Why the node cannot splice at all; null: there is nothing to say.' }),
})

const NodeView = z
  .object({
    object: z.literal('node'),
    name: z.string(),
    stale: z.boolean().openapi({
      description: 'The node does not answer: this is what was last seen, and what was never seen is null.',
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
      description: 'The node refuses our credentials; nothing is submitted until it takes them again.',
    }),
  })
  .openapi('Node')
export type NodeView = z.infer<typeof NodeView>

const nodesRoute = createRoute({
  method: 'get',
  path: '/v1/nodes',
  operationId: 'listNodes',
  summary: 'What your nodes report now, and what they can do',
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

/** Of what a node can do, the part that a client decides by. */
function capabilitiesView(of: Capabilities): z.infer<typeof CapabilitiesView> {
  const { spliceIn, spliceOut, toAddress, bump, setsFeeRate, feeCap, overlapGuard } = of
  const { reportsCandidates, fenceMs } = of
  return {
    spliceIn,
    spliceOut,
    toAddress,
    bump,
    setsFeeRate,
    feeCap,
    overlapGuard,
    picksChannel: of.leaseScope === 'node',
    transactions: reportsCandidates ? 'reported' : 'inferred',
    fenceSeconds: fenceMs === null ? null : fenceMs / 1000,
    provenLostBy: [...of.nonExecutionProofs],
    unsupported: of.unsupported ?? null,
  }
}

/** The nodes that a key may use. */
export function nodeRoutes() {
  return router().openapi(nodesRoute, listNodes)
}
