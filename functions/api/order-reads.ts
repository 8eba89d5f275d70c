import { z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { spliceIdOf } from '../../core/splice/ids.ts'
import type { Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { begun, factsFor } from './acceptance.ts'
import type { Facts, NamedChannel } from './acceptance.ts'
import { secretOf } from './auth.ts'
import type { ApiEnv } from './context.ts'
import { IDEMPOTENCY_KEY } from './idempotency.ts'
import { hashOf } from '../../core/keys/api-key.ts'
import { SpliceBody } from './splice-body.ts'

/** What is read for an order, of whichever tenant it is. */
export type OrderReads = {
  readonly tenant: string
  /** The splice that the idempotency key has ordered before. */
  readonly earlier: Promise<Splice | null>
  readonly facts: Facts
}

/** What of an order its reads depend on. */
export type Asked = {
  readonly tenant: string
  readonly idempotencyKey: string
  readonly body: NamedChannel
}

/** Begins the reads of an order, all at once. */
export function orderReads(store: Store, { tenant, idempotencyKey, body }: Asked): OrderReads {
  const facts = factsFor(store, tenant, body)
  return { tenant, earlier: begun(store.load(spliceIdOf(tenant, idempotencyKey))), facts }
}

const Body = z.object({ node: SpliceBody.shape.node, channel: SpliceBody.shape.channel })

/**
 * Begins the reads of an order beside that of its key, so that they share a request. Whose key it is takes reading it; of a key
 * that was good before, this process remembers that, and no more: whether it still is good, and for what, is read each time.
 * Nothing that is read here is looked at before the key was found good, and whatever else is wrong with the request is said as it
 * would be without.
 */
export const readAhead = createMiddleware<ApiEnv>(async (c, next) => {
  const { ports, tenants } = c.var.deps
  const secret = secretOf(c.req.header('Authorization'))
  const tenant = secret === null ? undefined : tenants?.get(hashOf(secret))
  const idempotencyKey = c.req.header(IDEMPOTENCY_KEY)
  if (tenant !== undefined && idempotencyKey !== undefined) {
    const posted = Body.safeParse(await c.req.json<unknown>().catch(() => null))
    if (posted.success) c.set('ahead', orderReads(ports.store, { tenant, idempotencyKey, body: posted.data }))
  }
  await next()
})
