import { hc } from 'hono/client'
import type { Routes } from '../functions/api/app.ts'

export { problemIn } from './problem.ts'
export type { Problem } from './problem.ts'

/** How the client sends. Default: the runtime's `fetch`. */
export type ClientOptions = { readonly fetch?: typeof fetch }

/**
 * A client of a Splicekeeper, typed by the routes that it serves (`hono/client`): `client.v1.splices.$post({
 * … })`. `key` is an API key. Types describe successful answers only, so check {@link problemIn} first. Path
 * parameters are not encoded: encode anything that is not an id from this service. The client never retries:
 * `retry` in a problem says what to do, and if no answer comes, send the order again with the same `Idempotency-Key`.
 */
export function splicekeeper(url: string, key: string, options: ClientOptions = {}) {
  return hc<Routes>(url, { headers: { Authorization: `Bearer ${key}` }, ...options })
}

export type Client = ReturnType<typeof splicekeeper>
