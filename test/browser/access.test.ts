import { expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { aSpliceId } from '../../harness/values.ts'
import { inNeed, pending, queued, settled, submitted } from '../../harness/api/splices.ts'
import { aBrowser, aSignedIn } from './stage.ts'
import { describeInBrowser } from './suite.ts'

const ID = aSpliceId(1)
const PAGES = ['#/', `#/splices/${ID}`, `#/splices/${aSpliceId(2)}`, '#/nodes']
const splices = () => [inNeed(1), pending(2), queued(3), submitted(4), settled(5)]

/** Goes to a page as a link would. */
async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
  await page.getByText('Loading…').waitFor({ state: 'detached' })
}

async function hasFocus(page: Page, control: Locator): Promise<boolean> {
  return (await control.and(page.locator(':focus')).count()) === 1
}

/** Words whose contrast to what is behind them is under 4.5 (WCAG 2, AA). */
const FAINT = `(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0)
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor)
      if (colour[3] !== 0) return colour
    }
    return [255, 255, 255]
  }
  return [...document.querySelectorAll('body *')]
    .filter((each) => each.checkVisibility() && [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .filter((each) => {
      const [a, b] = [light(parse(getComputedStyle(each).color)), light(behind(each))].sort((x, y) => y - x)
      return (a + 0.05) / (b + 0.05) < 4.5
    })
    .map((each) => each.outerHTML.slice(0, 100))
})()`

describeInBrowser('somebody with a keyboard or a screen reader', () => {
  const browser = aBrowser()

  test('meets everything in the order of the page', async () => {
    const { page } = await aSignedIn(browser(), splices())
    const met: unknown[] = []
    await page.reload()
    await page.getByText('Live: 4').waitFor()
    for (let n = 0; n < 9; n += 1) {
      await page.keyboard.press('Tab')
      met.push(await page.evaluate('document.activeElement.id || document.activeElement.textContent'))
    }
    const splice = 'Splice-out of 50,000 sat'
    expect(met).toEqual([
      'Skip to the content',
      'Splices',
      'Nodes',
      'API',
      'forget',
      'update',
      'status',
      splice,
      splice,
    ])
  })

  test('skips to the content, which does not change the page', async () => {
    const { page } = await aSignedIn(browser(), [], { hash: '#/nodes' })
    await page.getByRole('link', { name: 'Skip to the content' }).focus()
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
    expect(page.url()).toMatch(/#\/nodes$/)
  })

  test('is at the heading after going to another page', async () => {
    const { page } = await aSignedIn(browser(), [pending(1)])
    await page.getByRole('link', { name: 'Splice-out' }).press('Enter')
    await page.getByRole('heading', { name: 'Timeline' }).waitFor()
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
    expect(await page.getByRole('link', { name: 'Splices' }).getAttribute('aria-current')).toBe('page')
  })

  test('keeps the place while the page updates itself', async () => {
    const stage = await aSignedIn(browser(), [queued(1), queued(2)])
    const link = stage.page.getByRole('link', { name: 'Splice-out' }).last()
    await link.focus()
    await stage.world.store.create(queued(3))
    await stage.pass(16_000)
    await stage.page.getByText('Live: 3').waitFor()
    expect(await hasFocus(stage.page, link)).toBe(true)
  })

  test('goes back from a dialog to where it was opened', async () => {
    const { page } = await aSignedIn(browser(), [inNeed(1)], { hash: `#/splices/${ID}` })
    for (const name of ['Retry…', 'Cancel…', 'Resolve as failed…', 'Resolve with a transaction…']) {
      const button = page.getByRole('button', { name })
      await button.press('Enter')
      const dialog = page.getByRole('dialog', { name: name.slice(0, -1), exact: true })
      expect(await hasFocus(page, dialog.getByRole('button', { name: /now$/ }))).toBe(false)
      expect(await dialog.locator(':focus').count()).toBe(1)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      expect(await hasFocus(page, button)).toBe(true)
    }
  })

  test('hears a name of each control, a caption of each table, and of what a row is', async () => {
    const { page } = await aSignedIn(browser(), splices())
    for (const hash of PAGES) {
      await go(page, hash)
      const heard = await page.locator('body').ariaSnapshot()
      expect(
        heard.split('\n').filter((line) => /- (button|link|textbox|combobox|spinbutton)(?! ")/.test(line)),
      ).toEqual([])
      expect(heard).toContain('- main')
      expect(heard).toContain('- navigation "Pages"')
      for (const part of ['table:not(:has(caption))', 'th:not([scope])', 'input:not([id])'])
        expect(await page.locator(part).count(), part).toBe(0)
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
    }
  })

  test('hears the same table on a phone', async () => {
    const { page } = await aSignedIn(browser(), [queued(1)], { viewport: { width: 360, height: 700 } })
    expect(await page.getByRole('table', { name: 'Live: 1' }).getByRole('row').count()).toBe(2)
    expect(await page.getByRole('rowheader').count()).toBe(1)
  })

  test('is told what a splice became, where it is shown', async () => {
    const stage = await aSignedIn(browser(), [submitted(1)], { hash: `#/splices/${ID}` })
    const { candidates } = pending(1)
    await stage.becomes(ID, { state: 'pending', candidates })
    await stage.pass(3_000)
    await stage.page.getByText('It is pending now.').waitFor()
  })
})

describeInBrowser.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  const browser = aBrowser()

  test('every word stands out', async () => {
    const { page } = await aSignedIn(browser(), splices(), { colorScheme })
    for (const hash of PAGES) {
      await go(page, hash)
      expect(await page.evaluate(FAINT), hash).toEqual([])
    }
    await go(page, `#/splices/${ID}`)
    await page.getByRole('button', { name: 'Retry…' }).click()
    expect(await page.evaluate(FAINT)).toEqual([])
  })
})

describeInBrowser('on a phone, 360 pixels wide,', () => {
  const browser = aBrowser()

  test('nothing is wider than the screen', async () => {
    const { page } = await aSignedIn(browser(), splices(), { viewport: { width: 360, height: 700 } })
    for (const hash of PAGES) {
      await go(page, hash)
      expect(await page.evaluate('document.documentElement.scrollWidth'), hash).toBeLessThanOrEqual(360)
    }
    await go(page, `#/splices/${ID}`)
    for (const name of ['Retry…', 'Resolve with a transaction…']) {
      await page.getByRole('button', { name }).click()
      const box = await page.getByRole('dialog').boundingBox()
      expect((box?.x ?? 0) + (box?.width ?? 361)).toBeLessThanOrEqual(360)
      await page.keyboard.press('Escape')
    }
  })
})
