import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { DOCS_PAGES, DOCS_POLICY } from '../../functions/dashboard/docs-routes.ts'
import { aWorld } from '../../harness/api/world.ts'

const { resolve } = createRequire(import.meta.url)
describe.each(['swagger-ui-bundle.js', 'swagger-ui.css'])('%s', (name) => {
  const asked = async (accepted: string) => {
    const { app } = await aWorld()
    const answer = await app.request(`/docs/${name}`, { headers: { 'Accept-Encoding': accepted } })
    const { headers } = answer
    return {
      encoding: headers.get('Content-Encoding'),
      vary: headers.get('Vary'),
      body: Buffer.from(await answer.arrayBuffer()),
    }
  }
  const file = readFileSync(resolve(`swagger-ui-dist/${name}`))

  test('is what its package publishes, packed for a browser that can unpack it', async () => {
    const { encoding, vary, body } = await asked('gzip, deflate, br, zstd')
    expect([encoding, vary]).toEqual(['gzip', 'Accept-Encoding'])
    expect(gunzipSync(body).equals(file)).toBe(true)
    expect(body.length).toBeLessThan(file.length / 3)
  })

  test.each(['identity', 'br', 'gzip;q=0', ''])('is sent as it is to who accepts "%s"', async (accepted) => {
    const { encoding, body } = await asked(accepted)
    expect(encoding).toBeNull()
    expect(body.equals(file)).toBe(true)
  })
})

describe('the page', () => {
  test('has no script, style or event of its own in it, and loads nothing from elsewhere', async () => {
    const { app } = await aWorld()
    const text = await (await app.request('/docs')).text()
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc="docs\/)|https?:/)
    expect([...text.matchAll(/(?:src|href)="(docs\/[^"]*)"/g)].map(([, path]) => `/${path ?? ''}`).sort()).toEqual(
      DOCS_PAGES.filter((path) => path !== '/docs').toSorted(),
    )
  })

  test('has a policy that allows nothing inline and nobody else', () => {
    expect(DOCS_POLICY).not.toMatch(/unsafe|\*|https?:/)
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(DOCS_POLICY).toContain(rule)
  })
})
