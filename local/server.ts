import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { LocalError, hasCode } from './problem.ts'

const DRAIN_MS = 2_000

/** A server on 127.0.0.1. `close` gives open requests two seconds to end; calling it again is harmless. */
export type LocalServer = { readonly url: string; close(): Promise<void> }

/** Serves requests on a port; 0: any free one. Throws LocalError if the port is taken. */
export async function startServer(
  port: number,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<LocalServer> {
  const started = Promise.withResolvers<number>()
  const server = serve({ fetch, hostname: '127.0.0.1', port }, (info) => started.resolve(info.port))
  server.once('error', started.reject)
  const bound = await started.promise.catch((error: unknown) => {
    if (!hasCode(error, 'EADDRINUSE')) throw error
    throw new LocalError(
      `port ${port} is in use: stop the process that listens there, or set PORT to another one (0 for any free one)`,
    )
  })
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    const cut = setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections()
    }, DRAIN_MS)
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    await closed
    clearTimeout(cut)
  }
  let closing: Promise<void> | null = null
  return { url: `http://127.0.0.1:${bound}`, close: () => (closing ??= close()) }
}
