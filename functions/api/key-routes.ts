import { Contended, update } from '../../core/ports/update.ts'
import { createRoute, z } from '@hono/zod-openapi'
import type { RouteHandler } from '@hono/zod-openapi'
import { KEYS_MAX, Scope } from '../../core/ports/records.ts'
import type { ApiKey, KeyUse } from '../../core/ports/records.ts'
import type { Instant } from '../../core/values/instant.ts'
import { audit } from './audit.ts'
import { requireKey, requireScope } from './auth.ts'
import { router } from './context.ts'
import type { ApiDeps, ApiEnv } from './context.ts'
import { listKey, listedKeys, neverWritten } from '../../core/keys/key-list.ts'
import { KeyName, keyIdOf } from '../../core/keys/api-key.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import { Problem, bodyProblems, commonProblems, problemResponse } from './problem.ts'
import { isoOf } from './view.ts'

const Time = z.iso.datetime()

const KeyView = z
  .object({
    id: z.string().openapi({ example: 'key_3f1c9a0b7d2e4c5a6b8d9e0f' }),
    object: z.literal('key'),
    name: z.string(),
    scopes: z.array(Scope),
    source: z.enum(['table', 'configuration']).openapi({
      description: '`configuration`: of the secret `Keys`; once revoked here, it lets nobody in.',
    }),
    createdAt: Time.nullable(),
    lastUsedAt: Time.nullable().openapi({ description: 'To the hour; null: not that anybody knows.' }),
    revokedAt: Time.nullable(),
  })
  .openapi('Key')
type KeyView = z.infer<typeof KeyView>

/** What the routes of keys share. */
const guarded = { tags: ['keys'], security: [{ key: [] }], middleware: requireScope('operator') }

const createdRoute = createRoute({
  ...guarded,
  method: 'post',
  path: '/v1/keys',
  operationId: 'createKey',
  summary: 'Make a key of your tenant',
  description:
    'Its secret is in this answer and nowhere else. Where the answer was lost, the key is listed and nobody can use it: ' +
    'revoke it and make another.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              name: KeyName.meta({ example: 'accounting' }),
              scopes: z
                .array(Scope)
                .min(1)
                .max(Scope.options.length)
                .openapi({ example: ['splices:read'] }),
            })
            .openapi('KeyRequest'),
        },
      },
    },
  },
  responses: {
    ...commonProblems,
    ...bodyProblems,
    201: {
      description: 'The key, with its secret.',
      content: { 'application/json': { schema: KeyView.extend({ secret: z.string() }).openapi('NewKey') } },
    },
    409: problemResponse(`\`keys_full\`: ${KEYS_MAX} keys are in use; revoke one.`),
    503: problemResponse('`busy`: try again.'),
  },
})

const create: RouteHandler<typeof createdRoute, ApiEnv> = async (c) => {
  const { store, clock } = c.var.deps.ports
  const { tenant } = c.var.key
  const { name, scopes } = c.req.valid('json')
  const now = clock.now()
  const { secret, hash, item } = createKey({ tenant, name, scopes: [...new Set(scopes)] }, now)
  const listed = await listKey(store, tenant, hash, now)
  if (listed === 'full') throw new Problem('keys_full')
  const audited = audit(c, 'create_key', { id: keyIdOf(hash), name, scopes: item.scopes.join(' ') })
  await audited.before()
  // Somebody needed the line of a key that was never written, and took this one for it.
  if (!(await store.putItem('key', hash, item, 0))) throw new Contended('the list of keys is contended')
  audited.done()
  return c.json({ ...keyView(hash, item, null, 'table'), secret }, 201)
}

const listRoute = createRoute({
  ...guarded,
  method: 'get',
  path: '/v1/keys',
  operationId: 'listKeys',
  summary: 'The keys of your tenant, revoked ones too',
  responses: {
    ...commonProblems,
    200: {
      description: 'The keys, those of the configuration first, then oldest first.',
      content: {
        'application/json': { schema: z.object({ object: z.literal('list'), data: z.array(KeyView) }) },
      },
    },
  },
})

const list: RouteHandler<typeof listRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store } = deps.ports
  const data = await Promise.all(
    (await hashesOf(deps, key.tenant)).map(async (hash): Promise<KeyView | null> => {
      const [item, use] = await Promise.all([store.item('key', hash), store.item('keyUse', hash)])
      const configured = deps.keys.get(hash)
      const found = item?.value ?? configured
      if (found === undefined) return null
      return keyView(hash, found, use?.value ?? null, configured === undefined ? 'table' : 'configuration')
    }),
  )
  return c.json({ object: 'list' as const, data: data.filter((view) => view !== null) }, 200)
}

const currentRoute = createRoute({
  method: 'get',
  path: '/v1/keys/current',
  operationId: 'getCurrentKey',
  summary: 'What the key that asks may do',
  tags: ['keys'],
  security: [{ key: [] }],
  middleware: requireKey(),
  responses: {
    200: {
      description: 'The key that asks.',
      content: {
        'application/json': {
          schema: KeyView.pick({ id: true, object: true, name: true, scopes: true }).openapi('CurrentKey'),
        },
      },
    },
    401: commonProblems[401],
    429: commonProblems[429],
    500: commonProblems[500],
  },
})

const current: RouteHandler<typeof currentRoute, ApiEnv> = async (c) => {
  const { key, keyId } = c.var
  return c.json({ object: 'key' as const, id: keyId, name: key.name, scopes: key.scopes }, 200)
}

const revokeRoute = createRoute({
  ...guarded,
  method: 'post',
  path: '/v1/keys/{id}/revoke',
  operationId: 'revokeKey',
  summary: 'Revoke a key, for good',
  description:
    'From the next request on it lets nobody in. A revoked key is revoked again without an effect.',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    ...commonProblems,
    200: { description: 'Revoked.', content: { 'application/json': { schema: KeyView } } },
    404: problemResponse('`key_not_found`.'),
    503: problemResponse('`busy`: try again.'),
  },
})

const revoke: RouteHandler<typeof revokeRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { store, clock } = deps.ports
  const { id } = c.req.valid('param')
  const hash = (await hashesOf(deps, key.tenant)).find((each) => keyIdOf(each) === id)
  if (hash === undefined) throw new Problem('key_not_found', { field: 'id' })
  const configured = deps.keys.get(hash)
  const source = configured === undefined ? 'table' : 'configuration'
  const audited = audit(c, 'revoke_key', { id })
  const use = (await store.item('keyUse', hash))?.value ?? null
  const { value: revoked, written } = await update(store, 'key', hash, async (item) => {
    if (item !== null && item.revokedAt !== null) return null
    await audited.before()
    // A key that is listed and not written yet never will be.
    return { ...(item ?? configured ?? neverWritten(key.tenant, clock.now())), revokedAt: clock.now() }
  })
  if (written) audited.done()
  if (revoked === null) throw new Error('a key that was revoked stands in the table')
  return c.json(keyView(hash, revoked, use, source), 200)
}

/** The hashes of all keys of a tenant. */
async function hashesOf({ ports, keys }: ApiDeps, tenant: string): Promise<readonly string[]> {
  const configured = [...keys].filter(([, key]) => key.tenant === tenant).map(([hash]) => hash)
  return [...new Set([...configured, ...(await listedKeys(ports.store, tenant))])]
}

function keyView(hash: string, key: ApiKey, use: KeyUse | null, source: KeyView['source']): KeyView {
  return {
    id: keyIdOf(hash),
    object: 'key',
    name: key.name,
    scopes: key.scopes,
    source,
    createdAt: source === 'configuration' ? null : isoOf(key.createdAt),
    lastUsedAt: isoOrNull(use?.at ?? null),
    revokedAt: isoOrNull(key.revokedAt),
  }
}

const isoOrNull = (instant: Instant | null): string | null => (instant === null ? null : isoOf(instant))

/** Who may come in. */
export function keyRoutes() {
  return router()
    .openapi(createdRoute, create)
    .openapi(listRoute, list)
    .openapi(currentRoute, current)
    .openapi(revokeRoute, revoke)
}
