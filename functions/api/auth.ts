import { isDeepStrictEqual } from 'node:util'
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Store } from '../../core/ports/ports.ts'
import type { ApiKey, Scope } from '../../core/ports/records.ts'
import type { ApiDeps, ApiEnv } from './context.ts'
import { hashOf, keyIdOf } from '../../core/keys/api-key.ts'
import { remember } from './bounded.ts'
import { Problem } from './problem.ts'

/** How many valid keys an API remembers. */
const KEYS_REMEMBERED = 1_000

const foundValid = new WeakMap<Store, Map<string, ApiKey>>()

/** Requires an API key with any scope. Handlers find the key in their context. */
export const requireKey = (): MiddlewareHandler<ApiEnv> => guard(null)

/** Requires an API key that has this scope. */
export const requireScope = (scope: Scope): MiddlewareHandler<ApiEnv> => guard(scope)

/**
 * The same, for a handler that reads more: a key that this process has found valid before is taken as it was, and the handler must
 * call `recheckKey` together with its other reads, which makes them one batch.
 */
export const requireScopeAgain = (scope: Scope): MiddlewareHandler<ApiEnv> => guard(scope, true)

function guard(scope: Scope | null, isCheckedAgain = false): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { deps } = c.var
    const hash = hashIn(c.req.header('Authorization'))
    const remembered = isCheckedAgain ? foundValid.get(deps.ports.store)?.get(hash) : undefined
    const key = remembered ?? (await validKey(hash, deps))
    c.set('recheckKey', async () => {
      if (remembered === undefined || isDeepStrictEqual(await validKey(hash, deps), remembered)) return
      throw new Problem('busy', { headers: { 'Retry-After': '1' } })
    })
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

/**
 * A valid key, from the table, which knows whether it was revoked, or else from the configuration. Throws the same problem for a
 * missing, an unknown and a revoked key, so that nobody learns which keys exist.
 */
async function validKey(hash: string, deps: ApiDeps): Promise<ApiKey> {
  const known = foundValid.get(deps.ports.store) ?? new Map<string, ApiKey>()
  foundValid.set(deps.ports.store, known)
  const key = (await deps.ports.store.item('key', hash))?.value ?? deps.keys.get(hash) ?? null
  if (key === null || key.revokedAt !== null) {
    known.delete(hash)
    throw unauthorized()
  }
  remember(known, hash, key, KEYS_REMEMBERED)
  return key
}

/** The hash of the secret in an Authorization header. Throws if the header is missing or malformed. */
function hashIn(header: string | undefined): string {
  const secret = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(header ?? '')?.[1]
  if (secret === undefined) throw unauthorized()
  return hashOf(secret)
}

function unauthorized(): Problem {
  const headers = { 'WWW-Authenticate': 'Bearer realm="splicekeeper"' }
  return new Problem('unauthorized', { field: 'Authorization', headers })
}
