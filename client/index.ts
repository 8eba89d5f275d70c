import { hc } from 'hono/client'
import type { Routes } from '../functions/api/app.ts'

export { problemIn } from './problem.ts'
export type { Problem } from './problem.ts'

/** How the client sends; left out: the runtime's own `fetch`. */
export type ClientOptions = { readonly fetch?: typeof fetch }

/**
 * A client of a Splicekeeper, typed by the routes that it serves (`hono/client`): `client.v1.splices.$post({ … })`. `key` is an API
 * key. The types are those of answers that are no errors: ask {@link problemIn} first. Parameters of paths go out as they are:
 * encode what is not an id of ours. It repeats nothing: send an order again with the same `Idempotency-Key` where its
 * answer was lost.
 */
export function splicekeeper(url: string, key: string, options: ClientOptions = {}) {
  return hc<Routes>(url, { headers: { Authorization: `Bearer ${key}` }, ...options })
}

export type Client = ReturnType<typeof splicekeeper>
