import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiContext, ApiEnv } from './context.ts'
import { commonProblems } from './problem.ts'
import { AfterSequence } from './validation.ts'
import { isoOf } from './view.ts'

/** An act that somebody may ask about later. */
export type Audited = {
  /** To be called just before the act, as often as it is tried: writes the entry once. */
  before(): Promise<void>
  /** To be called once it is done: a line in the service's own log, whoever did it. */
  done(): void
}

/**
 * The entry for whoever asks later who did what: the key's name and id, never the key. Of a key with the operator scope it is in
 * the tenant's audit log before anything is done, so that no act is without one. An entry whose act then failed is
 * possible: what it was about tells.
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
      .openapi({ description: 'Who: never the key itself.' }),
    about: z.record(z.string(), z.string()).openapi({
      description: 'To what, and with what words.',
      example: { splice: 'spl_…', outcome: 'failed', note: 'closed by hand' },
    }),
  })
  .openapi('AuditEntry')

const auditRoute = createRoute({
  method: 'get',
  path: '/v1/audit',
  operationId: 'listAudit',
  summary: 'What keys with the operator scope had done, gap-free and in order',
  description:
    'Each entry is written before its act. Ask again with the last `sequence` you took as `after`.',
  tags: ['keys'],
  security: [{ key: [] }],
  middleware: requireScope('operator'),
  request: {
    query: AfterSequence,
  },
  responses: {
    ...commonProblems,
    200: {
      description: 'The entries after a sequence.',
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

/** The log of what operators did. */
export function auditRoutes() {
  return router().openapi(auditRoute, listAudit)
}
