import type { Hono } from 'hono'
import type { ApiContext, ApiEnv } from './context.ts'
import { Problem } from './problem.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The problem of a request that no route takes: the path takes other methods, or there is no such path. */
export function unrouted({ router }: Pick<Hono<ApiEnv>, 'router'>, { req }: ApiContext): Problem {
  const handlers = (method: string): number => router.match(method, req.path)[0].length
  // What matches whatever the method stands before the routes, not for one.
  const always = handlers('NONE')
  const taken = METHODS.filter((method) => handlers(method) > always)
  if (taken.length === 0) return new Problem('not_found', { field: 'path' })
  const allowed = taken.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
  return new Problem('method_not_allowed', {
    field: 'method',
    detail: `this path takes ${allowed}`,
    headers: { Allow: allowed },
  })
}
