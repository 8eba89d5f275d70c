import type { Hono } from 'hono'
import { etag } from 'hono/etag'
import type { ApiEnv } from '../api/context.ts'

/** Serves paths under a content security policy. Browsers revalidate their copies at every load. */
export function underPolicy(app: Hono<ApiEnv>, paths: readonly string[], policy: string): void {
  for (const path of paths) {
    // Also on a response "304 Not Modified": a browser applies the policy of that response.
    app.use(path, async (c, next) => {
      await next()
      c.header('Content-Security-Policy', policy)
      c.header('Cache-Control', 'no-cache')
    })
    app.use(path, etag())
  }
}

export const SCRIPT_TYPE = 'text/javascript; charset=utf-8'
export const STYLE_TYPE = 'text/css; charset=utf-8'
