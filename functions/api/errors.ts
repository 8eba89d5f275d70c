import type { ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { BadCursor } from '../../adapters/store/cursor.ts'
import { Contended } from '../../core/ports/update.ts'
import type { ApiEnv } from './context.ts'
import { Problem } from './problem.ts'

const FRAMES = 5

/** Turns whatever was thrown into a problem. What is not one of ours says nothing but `internal`. */
export const answerError: ErrorHandler<ApiEnv> = (error, c) => {
  const known = problemOf(error)
  if (known !== null) return known.response()
  const { telemetry } = c.var.deps.ports
  telemetry.count('api_internal_errors')
  // The message of an unknown error may hold anything, credentials too: its kind and its place have to do.
  telemetry.alarm('api request failed', { method: c.req.method, error: error.name, at: framesOf(error) })
  return new Problem('internal').response()
}

function problemOf(error: Error): Problem | null {
  if (error instanceof Problem) return error
  if (error instanceof BadCursor)
    return new Problem('invalid_request', { field: 'cursor', detail: 'not a cursor of this list' })
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
