import { update } from '../../core/ports/update.ts'
import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { nextOf } from '../../core/drive/lease.ts'
import { channelKey, type ApiKey } from '../../core/ports/records.ts'
import type { Ports } from '../../core/ports/ports.ts'
import { requireScope } from './auth.ts'
import { audit, type Audited } from './audit.ts'
import { Note } from './commands.ts'
import { router, type ApiEnv } from './context.ts'
import { Problem, bodyProblems, commonProblems, problemResponse, unavailable } from './problem.ts'
import { LONGEST_NAME, nodesOf } from './tenancy.ts'

const unfreezeRoute = createRoute({
  method: 'post',
  path: '/v1/channels/{id}/unfreeze',
  operationId: 'unfreezeChannel',
  summary: 'Unfreeze a channel as an operator',
  description:
    'Confirms that the cause of the freeze is gone. Splices that wait for the channel continue once their ' +
    'gates are open. A channel that another tenant uses too needs a key with the scope `operator:shared` as well.',
  tags: ['nodes'],
  security: [{ key: [] }],
  middleware: requireScope('operator'),
  request: {
    params: z.object({ id: z.string() }),
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ note: Note }).openapi('Unfreeze') } },
    },
  },
  responses: {
    ...commonProblems,
    ...bodyProblems,
    200: {
      description: 'The channel is no longer frozen.',
      content: {
        'application/json': {
          schema: z.object({ object: z.literal('channel'), channel: z.string(), frozen: z.null() }),
        },
      },
    },
    403: problemResponse(
      '`forbidden`: the key does not have the scope `operator`; or other tenants use the channel, and it does not have ' +
        '`operator:shared`.',
    ),
    404: problemResponse('`channel_not_found`.'),
    409: problemResponse('`not_frozen`.'),
    503: unavailable('`busy`: another request is changing the channel. Try again.'),
  },
})

const unfreeze: RouteHandler<typeof unfreezeRoute, ApiEnv> = async (c) => {
  const { ports } = c.var.deps
  const channel = c.req.valid('param').id
  if (channel.length > LONGEST_NAME) throw new Problem('channel_not_found', { field: 'id' })
  const leaseKey = await leaseKeyOf(ports, c.var.key.tenant, channel)
  const audited: { act?: Audited } = {}
  await requireShared(ports, c.var.key, channel)
  const { value: lease } = await update(ports.store, 'lease', leaseKey, async (standing) => {
    if (!standing?.frozen) throw new Problem('not_frozen')
    const { cause } = standing.frozen
    audited.act ??= audit(c, 'unfreeze', { channel, cause, note: c.req.valid('json').note })
    await audited.act.before()
    return { ...standing, frozen: null }
  })
  audited.act?.done()
  for (const id of lease === null ? [] : nextOf(lease)) await ports.queue.hint(id, 0)
  return c.json({ object: 'channel' as const, channel, frozen: null }, 200)
}

/** The lease key of a channel that the tenant's nodes have or had: a freeze outlives the listing. */
async function leaseKeyOf(ports: Ports, tenant: string, channel: string): Promise<string> {
  for (const { name } of nodesOf(ports, tenant)) {
    if ((await ports.store.item('channel', channelKey(name, channel))) === null) continue
    const seen = await ports.store.item('node', name)
    return seen?.value.capabilities.leaseScope === 'node' ? seen.value.nodeId : channel
  }
  throw new Problem('channel_not_found', { field: 'id' })
}

/**
 * The freeze protects every tenant that may splice on the channel: those of its node, and of the node at its other end. Who
 * lifts it for others needs a key that says so.
 */
async function requireShared({ nodes, store }: Ports, key: ApiKey, channel: string): Promise<void> {
  if (key.scopes.includes('operator:shared')) return
  const others = [...nodes.values()].filter(({ tenants }) => tenants.some((tenant) => tenant !== key.tenant))
  const seen = await Promise.all(others.map(({ name }) => store.item('channel', channelKey(name, channel))))
  if (seen.every((item) => item === null)) return
  const detail = 'other tenants use this channel too: the scope operator:shared is required'
  throw new Problem('forbidden', { detail })
}

/** The operator's command to unfreeze a channel. */
export function freezeRoutes() {
  return router().openapi(unfreezeRoute, unfreeze)
}
