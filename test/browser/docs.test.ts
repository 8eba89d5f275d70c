import { expect, test } from 'vitest'
import * as z from 'zod'
import { queued } from '../../harness/api/splices.ts'
import { aBrowser, aSignedIn, aStage } from './stage.ts'
import { describeInBrowser } from './suite.ts'

const Paths = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

describeInBrowser.each(['light', 'dark'] as const)('the page of the document, %s,', (colorScheme) => {
  const browser = aBrowser()

  test('shows every operation, and nothing that its policy forbids', async () => {
    const stage = await aStage(browser(), [], { colorScheme })
    const asked: string[] = []
    stage.page.on('request', (request) => asked.push(request.url()))
    await stage.page.goto(`${stage.url}/docs`)
    await stage.page.locator('.opblock').first().waitFor()
    const { paths } = Paths.parse(await (await stage.world.app.request('/openapi.json')).json())
    const operations = Object.values(paths).flatMap((path) => Object.keys(path))
    expect(await stage.page.locator('.opblock').count()).toBe(operations.length)
    expect(await stage.page.locator('h3').first().innerText()).toContain('splices')
    expect(asked.filter((url) => !url.startsWith(stage.url) && !url.startsWith('data:'))).toEqual([])
    const ground = await stage.page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    const [red = 0] = String(ground).match(/\d+/g)?.map(Number) ?? []
    expect(ground === 'rgba(0, 0, 0, 0)' || red > 128).toBe(colorScheme === 'light')
    expect(stage.complaints).toEqual([])
  })
})

describeInBrowser('somebody who tries a route on the page of the document', () => {
  const browser = aBrowser()

  test('is answered with a key, which the page forgets', async () => {
    const stage = await aStage(browser(), [queued(1)])
    const { page } = stage
    // Swagger UI draws by the clock.
    await page.clock.resume()
    await page.goto(`${stage.url}/docs#/splices/listSplices`)
    await page.getByRole('button', { name: 'Authorize', exact: true }).click()
    await page.getByLabel('auth-bearer-value').fill(stage.world.keys.reader)
    await page.getByRole('button', { name: 'Apply credentials' }).first().click()
    await page.getByRole('button', { name: 'Close' }).first().click()
    const list = page.locator('#operations-splices-listSplices')
    await list.getByRole('button', { name: 'Try it out' }).click()
    await list.getByRole('button', { name: 'Execute' }).click()
    await list.locator('.live-responses-table').getByText('"queued"').first().waitFor()
    expect(stage.complaints).toEqual([])
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0)
    expect(await stage.context.cookies()).toEqual([])
  })
})

describeInBrowser('the link from the dashboard', () => {
  const browser = aBrowser()

  test('opens the page where the key of the dashboard is not', async () => {
    const stage = await aSignedIn(browser(), [])
    const opened = stage.context.waitForEvent('page')
    await stage.page.getByRole('link', { name: 'API' }).click()
    const docs = await opened
    await docs.locator('.opblock').first().waitFor()
    expect(await stage.page.evaluate('sessionStorage.length')).toBe(1)
    expect(await docs.evaluate('[sessionStorage.length, localStorage.length, window.opener]')).toEqual([0, 0, null])
  })
})
