import { serve } from '@hono/node-server'

/** Where a simulated server listens. Default: a free port of 127.0.0.1. */
export type ListenOptions = { readonly host?: string | undefined; readonly port?: number | undefined }

/** A server that listens. `close` drops open connections. */
export type Listening = { readonly url: string; close(): Promise<void> }

/** Serves requests over plain HTTP. Throws if the port is taken. */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { host: hostname = '127.0.0.1', port = 0 }: ListenOptions,
): Promise<Listening> {
  const started = Promise.withResolvers<number>()
  const server = serve({ fetch, hostname, port }, (info) => started.resolve(info.port))
  server.once('error', started.reject)
  const bound = await started.promise
  return {
    url: `http://${hostname}:${bound}`,
    close() {
      const closed = Promise.withResolvers<undefined>()
      server.close(() => closed.resolve(undefined))
      if ('closeAllConnections' in server) server.closeAllConnections()
      return closed.promise
    },
  }
}
