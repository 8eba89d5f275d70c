import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { requireScope } from './auth.ts'
import { router, type ApiContext, type ApiEnv } from './context.ts'
import { commonProblems } from './problem.ts'
import { AfterSequence } from './validation.ts'
import { isoOf } from './view.ts'

/** An action that the audit log may record. */
export type Audited = {
  /** Call just before every try of the action. Writes the entry once. */
  before(): Promise<void>
  /** Call once the action is done. Writes a line to the service's own log, for every key. */
  done(): void
}

/**
 * Audits an action under the key's name and id, never the key itself. For a key with the operator scope the
 * entry is in the tenant's audit log before anything is done, so that no action is missing there. An entry
 * may stand for an action that failed afterwards: the state of its object tells.
 */
export function audit(c: ApiContext, action: string, about: Readonly<Record<string, string>>): Audited {
  const { deps, key, keyId } = c.var
  const { store, clock, chance, telemetry } = deps.ports
  const entry = { id: chance.id(), at: clock.now(), action, key: { name: key.name, id: keyId }, about }
  let written = !key.scopes.includes('operator')
  return {
    async before() {
      if (!written) await store.appendAudit(key.tenant, entry)
      written = true
    },
    done: () => telemetry.info('audit', { action, tenant: key.tenant, key: key.name, ...about }),
  }
}

const EntryView = z
  .object({
    object: z.literal('audit_entry'),
    sequence: z.int(),
    at: z.iso.datetime(),
    action: z.string().openapi({ example: 'resolve' }),
    key: z
      .object({ id: z.string(), name: z.string() })
      .openapi({ description: 'The key that was used. Never its secret.' }),
    about: z.record(z.string(), z.string()).openapi({
      description: 'The object of the action, and its details.',
      example: { splice: 'spl_…', outcome: 'failed', note: 'closed by hand' },
    }),
  })
  .openapi('AuditEntry')

const auditRoute = createRoute({
  method: 'get',
  path: '/v1/audit',
  operationId: 'listAudit',
  summary: 'List the actions of operators',
  description:
    'Everything that was done with the operator scope, in order and without gaps. An entry is written ' +
    'before its action. To read on, pass the last `sequence` you received as `after`.',
  tags: ['keys'],
  security: [{ key: [] }],
  middleware: requireScope('operator'),
  request: {
    query: AfterSequence,
  },
  responses: {
    ...commonProblems,
    200: {
      description: 'The entries after `after`, oldest first.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(EntryView) }) },
      },
    },
  },
})

const listAudit: RouteHandler<typeof auditRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { after, limit } = c.req.valid('query')
  const entries = await deps.ports.store.auditAfter(key.tenant, after, limit)
  const data = entries.map(({ sequence, at, action, key: by, about }) => {
    return { object: 'audit_entry' as const, sequence, at: isoOf(at), action, key: by, about: { ...about } }
  })
  return c.json({ object: 'list' as const, data }, 200)
}

/** The audit log. */
export function auditRoutes() {
  return router().openapi(auditRoute, listAudit)
}
