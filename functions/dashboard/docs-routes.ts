import { Hono } from 'hono'
import { accepts } from 'hono/accepts'
import { html } from 'hono/html'
import type { ApiContext, ApiEnv } from '../api/context.ts'
import { DOCS_SCRIPT, DOCS_STYLE } from './assets.ts'
import { published, type PublishedName } from './published.ts'
import { SCRIPT_TYPE, STYLE_TYPE, underPolicy } from './served.ts'

/**
 * The content security policy of the API docs: the page may load its own scripts and styles and call this
 * service. The icons in Swagger UI's style are `data:` URLs. Trusted types cannot be required, because
 * Swagger UI builds markup from strings, which its own sanitizer cleans.
 */
export const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The paths of the API docs. They hold no data: anybody may load them. */
export const DOCS_PAGES = [
  '/docs',
  '/docs/docs.js',
  '/docs/docs.css',
  '/docs/swagger-ui-bundle.js',
  '/docs/swagger-ui.css',
] as const

const page = html`<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="robots" content="noindex" />
      <title>Splicekeeper API</title>
      <link rel="icon" href="data:," />
      <link rel="stylesheet" href="docs/swagger-ui.css" />
      <link rel="stylesheet" href="docs/docs.css" />
      <script defer src="docs/swagger-ui-bundle.js"></script>
      <script type="module" src="docs/docs.js"></script>
    </head>
    <body>
      <p class="back"><a href="./">Dashboard</a></p>
      <main id="docs"></main>
      <noscript
        ><p>This page needs JavaScript. It shows <a href="openapi.json">openapi.json</a>.</p></noscript
      >
    </body>
  </html>`

/** The API docs: Swagger UI on the OpenAPI document. */
export function docsRoutes() {
  const app = new Hono<ApiEnv>()
  underPolicy(app, DOCS_PAGES, DOCS_POLICY)
  app.get('/docs', (c) => c.html(page))
  app.get('/docs/docs.js', (c) => c.body(DOCS_SCRIPT, 200, { 'Content-Type': SCRIPT_TYPE }))
  app.get('/docs/docs.css', (c) => c.body(DOCS_STYLE, 200, { 'Content-Type': STYLE_TYPE }))
  app.get('/docs/swagger-ui-bundle.js', (c) => answer(c, 'swagger-ui-bundle.js', SCRIPT_TYPE))
  app.get('/docs/swagger-ui.css', (c) => answer(c, 'swagger-ui.css', STYLE_TYPE))
  return app
}

async function answer(c: ApiContext, name: PublishedName, type: string): Promise<Response> {
  const { etag, plain, packed } = await published(name)
  const encoding = accepts(c, {
    header: 'Accept-Encoding',
    supports: ['gzip', 'identity'],
    default: 'identity',
  })
  const headers = { 'Content-Type': type, ETag: etag, Vary: 'Accept-Encoding' }
  if (encoding !== 'gzip') return c.body(plain, 200, headers)
  return c.body(packed, 200, { ...headers, 'Content-Encoding': 'gzip' })
}
