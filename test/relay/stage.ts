import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { onTestFinished } from 'vitest'
import type { ApiDeps } from '../../functions/api/context.ts'
import { createApi } from '../../functions/api/app.ts'
import { runRelay } from '../../relay/relay.ts'
import type { Relay } from '../../relay/relay.ts'
import type { Source } from '../../relay/source.ts'
import type { ManualTime } from './manual-time.ts'

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

function cut(server: object): void {
  const isHttp = (value: object): value is Server => 'closeAllConnections' in value
  if (isHttp(server)) server.closeAllConnections()
}

/** Runs a relay until the test is over. */
export function run(relay: Relay, time: ManualTime): { readonly stop: () => Promise<void> } {
  const stopped = new AbortController()
  const ended = runRelay(relay, time.ports, stopped.signal)
  const stop = async (): Promise<void> => {
    stopped.abort()
    await ended
  }
  onTestFinished(stop)
  return { stop }
}

/** A source that tells what the test says, and ends when it says so. */
export function aSource() {
  type Listener = Parameters<Source['listen']>[0]
  let current: { listener: Listener; end: (why: string) => void } | null = null
  const source: Source = {
    what: 'the node',
    listen: (listener, signal) =>
      new Promise((resolve) => {
        const end = (why: string): void => {
          current = null
          resolve({ needsOperator: false, why })
        }
        current = { listener, end }
        signal.addEventListener('abort', () => end('ended by us'))
      }),
  }
  const heard = (): Listener => {
    if (current === null) throw new Error('nobody listens')
    return current.listener
  }
  return {
    source,
    open: () => heard().opened(),
    tell: (event: Parameters<Listener['reported']>[0]) => heard().reported(event),
    end: (why = 'cut') => current?.end(why),
    get listened() {
      return current !== null
    },
  }
}
