import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { channelKey } from '../../core/ports/records.ts'
import type { ChannelSnapshot } from '../../core/ports/node.ts'
import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import type { Instant } from '../../core/values/instant.ts'
import { requireScope } from './auth.ts'
import { router, type ApiEnv } from './context.ts'
import { commonProblems, problemResponse } from './problem.ts'
import { nodeOf, nodesOf } from './tenancy.ts'
import { isoOf } from './view.ts'

const ChannelView = z
  .object({
    object: z.literal('channel'),
    node: z.string(),
    channel: z.string(),
    stale: z.boolean().openapi({ description: 'The node does not answer: these are the values last seen.' }),
    observedAt: z.iso.datetime(),
    peerId: z.string(),
    peerConnected: z.boolean(),
    ready: z.boolean(),
    closing: z.boolean(),
    funding: z.string().nullable(),
    capacitySats: z.number(),
    outboundMsat: z.number(),
    inboundMsat: z.number(),
    lockDepth: z.number().nullable(),
  })
  .openapi('Channel')
export type ChannelView = z.infer<typeof ChannelView>

const channelsRoute = createRoute({
  method: 'get',
  path: '/v1/channels',
  operationId: 'listChannels',
  summary: 'List channels',
  description: 'The channels that your nodes report now.',
  tags: ['nodes'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: { query: z.strictObject({ node: z.string().min(1).optional() }) },
  responses: {
    ...commonProblems,
    200: {
      description: 'The channels of one node, or of all your nodes.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(ChannelView) }) },
      },
    },
    404: problemResponse('`node_not_found`.'),
  },
})

const listChannels: RouteHandler<typeof channelsRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { node } = c.req.valid('query')
  const nodes = node === undefined ? nodesOf(deps.ports, key.tenant) : [nodeOf(deps.ports, key.tenant, node)]
  const data = await Promise.all(nodes.map((one) => channelsOf(deps.ports, one)))
  return c.json({ object: 'list' as const, data: data.flat() }, 200)
}

async function channelsOf(ports: Ports, { name, port }: ConfiguredNode): Promise<ChannelView[]> {
  const look = await port.look(ports.call())
  if (!look.ok) return channelsSeen(ports, name)
  const { channels, observedAt } = look.value
  return channels.map((channel) => channelView(name, channel, { stale: false, at: observedAt }))
}

async function channelsSeen(ports: Ports, node: string): Promise<ChannelView[]> {
  const seen = await ports.store.item('node', node)
  if (seen === null) return []
  const views: ChannelView[] = []
  for (const id of seen.value.channelIds) {
    const channel = (await ports.store.item('channel', channelKey(node, id)))?.value ?? null
    if (channel === null || channel.goneAt !== null) continue
    views.push(channelView(node, channel, { stale: true, at: seen.value.seenAt }))
  }
  return views
}

type Reported = Omit<ChannelSnapshot, 'userChannelId' | 'claimableSats' | 'closeFeeSats' | 'candidates' | 'negotiation'>

function channelView(node: string, channel: Reported, { stale, at }: { stale: boolean; at: Instant }): ChannelView {
  const { channelId, peerId, peerConnected, ready, closing, funding, lockDepth } = channel
  const { capacitySats, outboundMsat, inboundMsat } = channel
  return {
    object: 'channel',
    node,
    channel: channelId,
    stale,
    observedAt: isoOf(at),
    peerId,
    peerConnected,
    ready,
    closing,
    funding,
    capacitySats,
    outboundMsat,
    inboundMsat,
    lockDepth,
  }
}

/** The channels of a tenant's nodes. */
export function channelRoutes() {
  return router().openapi(channelsRoute, listChannels)
}
