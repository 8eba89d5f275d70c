import { Contended, update } from '../../core/ports/update.ts'
import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { KEYS_MAX, Scope, type ApiKey, type KeyUse } from '../../core/ports/records.ts'
import type { Instant } from '../../core/values/instant.ts'
import { audit } from './audit.ts'
import { requireKey, requireScope } from './auth.ts'
import { router, type ApiDeps, type ApiEnv } from './context.ts'
import { listKey, listedKeys, neverWritten } from '../../core/keys/key-list.ts'
import { giveUpOperator, isOperator } from '../../core/keys/last-operator.ts'
import { KeyName, keyIdOf } from '../../core/keys/api-key.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import { Problem, bodyProblems, commonProblems, problemResponse, unavailable } from './problem.ts'
import { isoOf } from './view.ts'

const Time = z.iso.datetime()

const KeyView = z
  .object({
    id: z.string().openapi({ example: 'key_3f1c9a0b7d2e4c5a6b8d9e0f' }),
    object: z.literal('key'),
    name: z.string(),
    scopes: z.array(Scope),
    source: z.enum(['table', 'configuration']).openapi({
      description: '`configuration`: the key comes from the secret `Keys`. It can be revoked here like any other.',
    }),
    createdAt: Time.nullable(),
    lastUsedAt: Time.nullable().openapi({ description: 'Accurate to the hour. null: no use is known.' }),
    revokedAt: Time.nullable(),
  })
  .openapi('Key')
type KeyView = z.infer<typeof KeyView>

/** The properties that the operator routes share. */
const guarded = { tags: ['keys'], security: [{ key: [] }], middleware: requireScope('operator') }

const createdRoute = createRoute({
  ...guarded,
  method: 'post',
  path: '/v1/keys',
  operationId: 'createKey',
  summary: 'Create an API key',
  description:
    'The secret is only in this response. If the response is lost, nobody can use the key: revoke it and ' +
    'create another. Only a key with the scope `operator:shared` can give it to another.',
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
    403: problemResponse(
      '`forbidden`: the key does not have the scope `operator`, or gives `operator:shared` without having it.',
    ),
    409: problemResponse(`\`keys_full\`: you have ${KEYS_MAX} keys in use. Revoke one.`),
    503: unavailable('`busy`: another request is changing your keys. Try again.'),
  },
})

const create: RouteHandler<typeof createdRoute, ApiEnv> = async (c) => {
  const { store, clock } = c.var.deps.ports
  const { tenant, scopes: own } = c.var.key
  const { name, scopes } = c.req.valid('json')
  if (scopes.includes('operator:shared') && !own.includes('operator:shared'))
    throw new Problem('forbidden', { detail: 'the scope operator:shared is required to give it to another key' })
  const now = clock.now()
  const { secret, hash, item } = createKey({ tenant, name, scopes: [...new Set(scopes)] }, now)
  const listed = await listKey(store, tenant, hash, now)
  if (listed === 'full') throw new Problem('keys_full')
  const audited = audit(c, 'create_key', { id: keyIdOf(hash), name, scopes: item.scopes.join(' ') })
  await audited.before()
  // A concurrent request took this key for one that was never written, and revoked it to make room in the
  // list.
  if (!(await store.putItem('key', hash, item, 0))) throw new Contended('the list of keys is contended')
  audited.done()
  return c.json({ ...keyView(hash, item, null, 'table'), secret }, 201)
}

const listRoute = createRoute({
  ...guarded,
  method: 'get',
  path: '/v1/keys',
  operationId: 'listKeys',
  summary: 'List API keys',
  description: 'The keys of your tenant, including revoked ones.',
  responses: {
    ...commonProblems,
    200: {
      description: 'The keys of the configuration first, then the others, oldest first.',
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
  summary: 'Get the current API key',
  tags: ['keys'],
  security: [{ key: [] }],
  middleware: requireKey(),
  responses: {
    200: {
      description: 'The key that made the request, with its scopes.',
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
  summary: 'Revoke an API key',
  description:
    'The key stops working at once and for good. Revoking a key twice has no further effect. The last operator ' +
    'key of a tenant cannot be revoked.',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    ...commonProblems,
    200: { description: 'The revoked key.', content: { 'application/json': { schema: KeyView } } },
    404: problemResponse('`key_not_found`.'),
    409: problemResponse('`last_operator_key`: create another key with the scope `operator` first.'),
    503: unavailable('`busy`: another request is changing your keys. Try again.'),
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
    // A key that is listed but not written yet: the revoked item prevents that it is written later.
    const standing = item ?? configured ?? neverWritten(key.tenant, clock.now())
    if (isOperator(standing) && !(await giveUpOperator(store, key.tenant, hash, configuredOf(deps, key.tenant))))
      throw new Problem('last_operator_key', { field: 'id', detail: 'create another operator key first' })
    await audited.before()
    return { ...standing, revokedAt: clock.now() }
  })
  if (written) audited.done()
  if (revoked === null) throw new Error('a revoked key must be in the table')
  return c.json(keyView(hash, revoked, use, source), 200)
}

/** The hashes of all keys of a tenant. */
async function hashesOf(deps: ApiDeps, tenant: string): Promise<readonly string[]> {
  const listed = await listedKeys(deps.ports.store, tenant)
  return [...new Set([...configuredOf(deps, tenant).keys(), ...listed])]
}

/** The keys of a tenant in the configuration, by hash. */
function configuredOf({ keys }: ApiDeps, tenant: string): ReadonlyMap<string, ApiKey> {
  return new Map([...keys].filter(([, key]) => key.tenant === tenant))
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

/** The API keys of a tenant. */
export function keyRoutes() {
  return router()
    .openapi(createdRoute, create)
    .openapi(listRoute, list)
    .openapi(currentRoute, current)
    .openapi(revokeRoute, revoke)
}
