import { Hono } from 'hono'
import { etag } from 'hono/etag'
import type { ApiEnv } from '../api/context.ts'
import { SCRIPT, STYLE } from './assets.ts'
import { shell } from './page.ts'

/**
 * What the page may do: load its own script and style, and ask this service. No inline script or style, no frame, no form that
 * leaves the page; and with trusted types nothing can turn text into markup.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** The paths of the dashboard. They hold no data: anybody may load them. */
export const PAGES = ['/', '/dashboard.js', '/dashboard.css'] as const

/** The dashboard: a shell, its script and its style. A browser asks each time whether they are still the same. */
export function dashboardRoutes() {
  const app = new Hono<ApiEnv>()
  for (const path of PAGES) {
    // Around the answer "not modified", too: a browser takes the policy of that one.
    app.use(path, async (c, next) => {
      await next()
      c.header('Content-Security-Policy', PAGE_POLICY)
      c.header('Cache-Control', 'no-cache')
    })
    app.use(path, etag())
  }
  app.get('/', (c) => c.html(shell(c.var.deps.explorer)))
  app.get('/dashboard.js', (c) => c.body(SCRIPT, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }))
  app.get('/dashboard.css', (c) => c.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' }))
  return app
}
