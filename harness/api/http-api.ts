import { serve } from '@hono/node-server'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { onTestFinished } from 'vitest'
import { createApi } from '../../functions/api/app.ts'
import type { ApiDeps } from '../../functions/api/context.ts'

/** A request that the service got, before it answered. */
export type Arrived = { readonly headers: Headers; readonly body: string; readonly url: string }

/** The API over HTTP, as a relay meets it. */
export type Service = {
  readonly url: string
  /** Every report that arrived. */
  readonly arrived: Arrived[]
  /** What it answers instead of what the API does, or would do; null: as the API does. */
  instead: ((real: () => Promise<Response>) => Response | Promise<Response>) | null
  readonly stop: () => Promise<void>
}

/** Serves the real API on a port, its Date by the test's time; tells `changed` of every answer. */
export async function aService(
  deps: ApiDeps,
  now: () => number,
  changed: () => void = () => undefined,
  port = 0,
): Promise<Service> {
  const api = createApi(deps)
  const service: { arrived: Arrived[]; instead: Service['instead'] } = { arrived: [], instead: null }
  const fetch = async (request: Request): Promise<Response> => {
    const body = await request.clone().text()
    if (request.method === 'POST') service.arrived.push({ headers: request.headers, body, url: request.url })
    const real = async (): Promise<Response> => api.fetch(request)
    const answer = await (service.instead ?? (async (take) => take()))(real)
    const headers = new Headers(answer.headers)
    headers.set('Date', new Date(now()).toUTCString())
    setImmediate(changed)
    return new Response(answer.body, { status: answer.status, headers })
  }
  const started = Promise.withResolvers<number>()
  const server = serve({ fetch, hostname: '127.0.0.1', port }, (info) => started.resolve(info.port))
  const bound = await started.promise
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    cut(server)
    await closed
  }
  onTestFinished(stop)
  return Object.assign(service, { url: `http://127.0.0.1:${bound}`, stop })
}

export function cut(server: object): void {
  const isHttp = (value: object): value is Server => 'closeAllConnections' in value
  if (isHttp(server)) server.closeAllConnections()
}
