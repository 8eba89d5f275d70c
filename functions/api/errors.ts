import type { ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { BadCursor } from '../../adapters/store/cursor.ts'
import { StoreUnavailable } from '../../core/ports/store-unavailable.ts'
import { Contended } from '../../core/ports/update.ts'
import type { ApiEnv } from './context.ts'
import { Problem } from './problem.ts'
import { invalid } from './validation.ts'

const FRAMES = 5

/** Turns anything thrown into a problem. An unknown error becomes `internal` without any detail. */
export const answerError: ErrorHandler<ApiEnv> = (error, c) => {
  const known = problemOf(error)
  if (known !== null) return known.response()
  const { telemetry } = c.var.deps.ports
  if (error instanceof StoreUnavailable) {
    telemetry.count('api_store_unavailable')
    telemetry.alarm('the database does not answer', { method: c.req.method, error: error.name })
    return new Problem('store_unavailable', { headers: { 'Retry-After': '2' } }).response()
  }
  telemetry.count('api_internal_errors')
  // An unknown error's message may hold anything, credentials too: log only its name and place.
  telemetry.alarm('api request failed', { method: c.req.method, error: error.name, at: framesOf(error) })
  return new Problem('internal').response()
}

function problemOf(error: Error): Problem | null {
  if (error instanceof Problem) return error
  if (error instanceof BadCursor)
    return invalid({ field: 'cursor', message: '`cursor` is not one that this list gave' })
  if (error instanceof Contended) return new Problem('busy', { headers: { 'Retry-After': '1' } })
  if (!(error instanceof HTTPException)) return null
  if (error.status === 400) return new Problem('malformed_json', { field: 'body' })
  if (error.status === 415) return new Problem('unsupported_media_type', { field: 'Content-Type' })
  return null
}

function framesOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return frames
    .slice(0, FRAMES)
    .map((frame) => frame.trim())
    .join(' < ')
}
