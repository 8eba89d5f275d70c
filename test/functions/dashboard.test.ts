import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createApi } from '../../functions/api/app.ts'
import { DOCS_SCRIPT, DOCS_STYLE, SCRIPT, STYLE } from '../../functions/dashboard/assets.ts'
import { assetsText } from '../../functions/dashboard/embed.ts'
import { PAGE_POLICY } from '../../functions/dashboard/routes.ts'
import { aWorld } from '../../harness/api/world.ts'

const root = new URL('../../functions/dashboard/', import.meta.url)
describe('the policy of the page', () => {
  test('allows what is its own, and nothing inline', () => {
    expect(PAGE_POLICY).not.toMatch(/unsafe|\*|https?:/)
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"])
      expect(PAGE_POLICY).toContain(rule)
  })
})

describe('the shell', () => {
  const shellOf = async (explorer: string | null): Promise<string> => {
    const { deps } = await aWorld()
    return (await createApi({ ...deps, explorer }).request('/')).text()
  }

  test('has no script, style or event of its own in it, and loads nothing from elsewhere', async () => {
    const text = await shellOf(null)
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc="dashboard\.js")|https?:/)
    expect(text).toContain('data-explorer=""')
  })

  test('carries the explorer as text', async () => {
    expect(await shellOf('https://x.example/"><script>/{txid}')).toContain(
      'data-explorer="https://x.example/&quot;&gt;&lt;script&gt;/{txid}"',
    )
  })
})

describe('what is embedded', () => {
  test('is what the files of the script and the style say (npm run dashboard)', async () => {
    expect(readFileSync(new URL('assets.json', root), 'utf8')).toBe(await assetsText())
    expect(STYLE).toBe(readFileSync(new URL('style.css', root), 'utf8'))
    expect(DOCS_STYLE).toBe(readFileSync(new URL('docs.css', root), 'utf8'))
  })

  test('has every file of the script in it, and no other', () => {
    const files = readdirSync(new URL('script/', root)).filter((name) => name.endsWith('.js'))
    const embedded = [...SCRIPT.matchAll(/^\/\/ (.+)$/gm)].map((match) => match[1]?.replace('script/', ''))
    // page.js has types alone, and docs.js is another page's.
    expect(embedded.filter((name) => files.some((file) => file === name)).sort()).toEqual(
      files.filter((name) => name !== 'page.js' && name !== 'docs.js').sort(),
    )
    expect(embedded.filter((name) => name?.includes('node_modules'))).toEqual([])
  })

  test('makes no markup of text, and runs none', () => {
    expect(SCRIPT + DOCS_SCRIPT).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|new Function|srcdoc|localStorage|document\.cookie/,
    )
  })

  test('loads nothing from elsewhere', () => {
    expect(SCRIPT + STYLE + DOCS_SCRIPT + DOCS_STYLE).not.toMatch(/https?:|@import ['"u]|url\(/)
  })
})
