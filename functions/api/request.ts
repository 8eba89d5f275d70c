import { createMiddleware } from 'hono/factory'
import type { HintQueue, Ports, Telemetry } from '../../core/ports/ports.ts'
import type { ApiDeps, ApiEnv } from './context.ts'

/** The header by which a request is found in the logs. */
export const REQUEST_ID = 'Splicekeeper-Request-Id'

/**
 * Gives each request an id of our own, which its response and every log line that is written meanwhile carry. One that the
 * client sends is not taken over: it could be anything.
 */
export function identify(deps: ApiDeps) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { ports } = deps
    const requestId = `req_${ports.chance.id()}`
    c.set('deps', {
      ...deps,
      ports: { ...ports, telemetry: telemetryOf(ports, requestId), queue: queueOf(ports) },
    })
    await next()
    c.res.headers.set(REQUEST_ID, requestId)
  })
}

function telemetryOf({ telemetry }: Ports, requestId: string): Telemetry {
  return {
    count: (name, value) => telemetry.count(name, value),
    info: (message, fields) => telemetry.info(message, { ...fields, requestId }),
    alarm: (message, fields) => telemetry.alarm(message, { ...fields, requestId }),
  }
}

/** A hint that fails is only counted: the sweep finds every splice that is due, and what was accepted stays accepted. */
function queueOf({ queue, telemetry }: Ports): HintQueue {
  return {
    async hint(spliceId, delayMs) {
      try {
        await queue.hint(spliceId, delayMs)
      } catch {
        telemetry.count('api_hint_failed')
      }
    },
  }
}
