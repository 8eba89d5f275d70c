import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { ApiKey, Scope } from '../../core/items.ts'
import type { Store } from '../../core/ports.ts'
import type { ApiEnv } from './context.ts'
import { hashOf } from './keys.ts'
import { Problem } from './problem.ts'

/** Lets a request through with a key that has a scope; the handlers find the key in their context. */
export function requireScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const key = await keyOf(c.req.header('Authorization'), c.var.deps.ports.store)
    // One answer for a missing, an unknown and a revoked key: nobody learns which keys exist.
    if (key === null)
      throw new Problem('unauthorized', {
        field: 'Authorization',
        headers: { 'WWW-Authenticate': 'Bearer realm="splicekeeper"' },
      })
    if (!key.scopes.includes(scope))
      throw new Problem('forbidden', { detail: `this needs the scope ${scope}` })
    c.set('key', key)
    await next()
  })
}

async function keyOf(header: string | undefined, store: Store): Promise<ApiKey | null> {
  const secret = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(header ?? '')?.[1]
  if (secret === undefined) return null
  const key = (await store.item('key', hashOf(secret)))?.value ?? null
  return key === null || key.revokedAt !== null ? null : key
}
