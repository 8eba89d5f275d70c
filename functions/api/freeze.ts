import { update } from '../../core/ports/update.ts'
import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { channelKey } from '../../core/ports/records.ts'
import type { Ports } from '../../core/ports/ports.ts'
import { requireScope } from './auth.ts'
import { audit } from './audit.ts'
import type { Audited } from './audit.ts'
import { Note } from './commands.ts'
import { router } from './context.ts'
import type { ApiEnv } from './context.ts'
import { hint } from './hint.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { LONGEST_NAME, nodesOf } from './tenancy.ts'

const unfreezeRoute = createRoute({
  method: 'post',
  path: '/v1/channels/{id}/unfreeze',
  operationId: 'unfreezeChannel',
  summary: 'Lift the freeze of a channel',
  description:
    'An operator vouches that its cause is gone; what waits on the channel goes on behind the gates.',
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
      description: 'Lifted.',
      content: {
        'application/json': {
          schema: z.object({ object: z.literal('channel'), channel: z.string(), frozen: z.null() }),
        },
      },
    },
    404: problemResponse('`channel_not_found`.'),
    409: problemResponse('`not_frozen`.'),
    503: problemResponse('`busy`: try again.'),
  },
})

const unfreeze: RouteHandler<typeof unfreezeRoute, ApiEnv> = async (c) => {
  const { ports } = c.var.deps
  const channel = c.req.valid('param').id
  if (channel.length > LONGEST_NAME) throw new Problem('channel_not_found', { field: 'id' })
  const leaseKey = await leaseKeyOf(ports, c.var.key.tenant, channel)
  const acts: Audited[] = []
  const { value: lease } = await update(ports.store, 'lease', leaseKey, async (standing) => {
    if (!standing?.frozen) throw new Problem('not_frozen')
    const { cause } = standing.frozen
    if (acts.length === 0) acts.push(audit(c, 'unfreeze', { channel, cause, note: c.req.valid('json').note }))
    for (const act of acts) await act.before()
    return { ...standing, frozen: null }
  })
  for (const act of acts) act.done()
  const next = lease?.holder ?? lease?.waiting[0]
  if (next !== undefined) await hint(ports, next)
  return c.json({ object: 'channel' as const, channel, frozen: null }, 200)
}

/** The lease of a channel that some node of the tenant has, or had: a freeze outlives the channel's listing. */
async function leaseKeyOf(ports: Ports, tenant: string, channel: string): Promise<string> {
  for (const { name } of nodesOf(ports, tenant)) {
    if ((await ports.store.item('channel', channelKey(name, channel))) === null) continue
    const seen = await ports.store.item('node', name)
    return seen?.value.capabilities.leaseScope === 'node' ? seen.value.nodeId : channel
  }
  throw new Problem('channel_not_found', { field: 'id' })
}

/** An operator's word on a frozen channel. */
export function freezeRoutes() {
  return router().openapi(unfreezeRoute, unfreeze)
}
