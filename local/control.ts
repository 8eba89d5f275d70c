import { Hono } from 'hono'
import { runCommand } from './commands/all.ts'
import { ControlRequest } from './control-protocol.ts'
import type { LiveWorld } from './live-world.ts'
import { LocalError } from './problem.ts'
import { startServer, type LocalServer } from './server.ts'

/**
 * Serves the commands of the simulated world over HTTP. Accepts only JSON, which a page of another site
 * cannot send unasked.
 */
export function startControl(live: LiveWorld): Promise<LocalServer> {
  const app = new Hono()
  app.post('/', async (context) => {
    if (context.req.header('Content-Type') !== 'application/json')
      return context.json({ error: 'only application/json' }, 415)
    const request = ControlRequest.safeParse(await context.req.json())
    if (!request.success) return context.json({ error: 'not a command' }, 400)
    return context.json({ result: runCommand(request.data.words, live) })
  })
  app.onError((error, context) => {
    if (error instanceof LocalError) return context.json({ error: error.message }, 400)
    // The world refuses the impossible, such as splicing a closed channel.
    return context.json({ error: error.message }, 409)
  })
  return startServer(0, app.fetch)
}
