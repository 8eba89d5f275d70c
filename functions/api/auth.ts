import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { ApiKey, Scope } from '../../core/ports/records.ts'
import type { ApiDeps, ApiEnv } from './context.ts'
import { hashOf, keyIdOf } from '../../core/keys/api-key.ts'
import { Problem } from './problem.ts'

/** Requires an API key with any scope. Handlers find the key in their context. */
export const requireKey = (): MiddlewareHandler<ApiEnv> => guard(null)

/** Requires an API key that has this scope. */
export const requireScope = (scope: Scope): MiddlewareHandler<ApiEnv> => guard(scope)

function guard(scope: Scope | null): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { deps } = c.var
    const found = await keyOf(c.req.header('Authorization'), deps)
    // The same answer for a missing, an unknown and a revoked key, so that nobody learns which keys exist.
    if (found === null)
      throw new Problem('unauthorized', {
        field: 'Authorization',
        headers: { 'WWW-Authenticate': 'Bearer realm="splicekeeper"' },
      })
    const { key, hash } = found
    const { waitSeconds, headers } = deps.traffic?.take(hash) ?? { waitSeconds: 0, headers: {} }
    c.set('rateLimit', headers)
    if (waitSeconds > 0) throw new Problem('rate_limited', { headers: { 'Retry-After': String(waitSeconds) } })
    if (scope !== null && !key.scopes.includes(scope))
      throw new Problem('forbidden', { detail: `the scope ${scope} is required` })
    c.set('key', key)
    c.set('keyId', keyIdOf(hash))
    await deps.traffic?.note(hash)
    await next()
  })
}

/** Finds a key in the table, which knows whether it was revoked, or else in the configuration. */
async function keyOf(
  header: string | undefined,
  { ports, keys }: ApiDeps,
): Promise<{ key: ApiKey; hash: string } | null> {
  const secret = secretOf(header)
  if (secret === null) return null
  const hash = hashOf(secret)
  const key = (await ports.store.item('key', hash))?.value ?? keys.get(hash) ?? null
  return key === null || key.revokedAt !== null ? null : { key, hash }
}

/** The secret in an Authorization header. null: the header is missing or malformed. */
function secretOf(header: string | undefined): string | null {
  return /^Bearer ([\x21-\x7e]{1,256})$/i.exec(header ?? '')?.[1] ?? null
}
