import type { Hono } from 'hono'
import { etag } from 'hono/etag'
import type { ApiEnv } from '../api/context.ts'

/** Puts files under a policy for browsers, which ask each time whether the files are still the same. */
export function underPolicy(app: Hono<ApiEnv>, paths: readonly string[], policy: string): void {
  for (const path of paths) {
    // Around the answer "not modified", too: a browser takes the policy of that one.
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
