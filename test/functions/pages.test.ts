import { describe, expect, test } from 'vitest'
import { DOCS_PAGES, DOCS_POLICY } from '../../functions/dashboard/docs-routes.ts'
import { PAGES, PAGE_POLICY } from '../../functions/dashboard/routes.ts'
import { aWorld } from '../../harness/api/world.ts'

const pages = [
  ...PAGES.map((path) => [path, PAGE_POLICY] as const),
  ...DOCS_PAGES.map((path) => [path, DOCS_POLICY] as const),
]

function typeOf(path: string): string {
  if (path.endsWith('.js')) return 'text/javascript'
  return path.endsWith('.css') ? 'text/css' : 'text/html'
}

describe.each(pages)('GET %s', (path, policy) => {
  test('answers anybody, under the policy of the page, which a browser does not keep without asking', async () => {
    const { app } = await aWorld()
    const { status, headers } = await app.request(path)
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toContain(typeOf(path))
    expect(headers.get('Content-Security-Policy')).toBe(policy)
    expect(headers.get('Cache-Control')).toBe('no-cache')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Set-Cookie')).toBeNull()
  })

  test('says that it has not changed under the same policy', async () => {
    const { app } = await aWorld()
    const first = await app.request(path)
    const again = { headers: { 'If-None-Match': first.headers.get('ETag') ?? '' } }
    const { status, headers } = await app.request(path, again)
    expect(status).toBe(304)
    expect(headers.get('Content-Security-Policy')).toBe(policy)
  })
})
