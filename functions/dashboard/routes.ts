import { Hono } from 'hono'
import type { ApiEnv } from '../api/context.ts'
import { SCRIPT, STYLE } from './assets.ts'
import { shell } from './page.ts'
import { SCRIPT_TYPE, STYLE_TYPE, underPolicy } from './served.ts'

/**
 * The content security policy of the dashboard: the page may load its own script and style and call this service. It
 * allows no inline script or style, no frames and no form submission. Trusted types keep text from becoming markup.
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

/** The dashboard: a shell, its script and its style. */
export function dashboardRoutes() {
  const app = new Hono<ApiEnv>()
  underPolicy(app, PAGES, PAGE_POLICY)
  app.get('/', (c) => c.html(shell(c.var.deps.explorer)))
  app.get('/dashboard.js', (c) => c.body(SCRIPT, 200, { 'Content-Type': SCRIPT_TYPE }))
  app.get('/dashboard.css', (c) => c.body(STYLE, 200, { 'Content-Type': STYLE_TYPE }))
  return app
}
