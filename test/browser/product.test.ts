import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { aProduct, lever, order, temporaryFolder } from '../../harness/local-product.ts'
import { aBrowser } from './stage.ts'
import { describeInBrowser } from './suite.ts'

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const Submissions = z.object({ submissions: z.int(), bumps: z.int() })
/** The product's own waiting periods, on a busy machine. */
const LONG_MS = 60_000

describeInBrowser('the dashboard of what npm start runs', () => {
  const browser = aBrowser()

  test(
    'follows a splice, and bumps its fee once although the first answer is lost',
    async () => {
      const product = await aProduct(temporaryFolder())
      const context = await browser().newContext()
      onTestFinished(() => context.close())
      const page = await context.newPage()
      page.setDefaultTimeout(LONG_MS)
      await page.goto(product.endpoints.api)
      await page.getByLabel('API key').fill(product.endpoints.key)
      await page.getByRole('button', { name: 'Use this key' }).click()
      await page.getByText('No live splices.').waitFor()
      await order(product, ADDRESS)
      await page.getByRole('link', { name: 'Splice-out of 50,000 sat' }).click()
      await page.route(
        '**/bump',
        async (route) => {
          await route.fetch()
          await route.abort()
        },
        { times: 1 },
      )
      await page.getByRole('button', { name: 'Bump the fee…' }).click()
      await page.getByRole('button', { name: 'Bump the fee now' }).dblclick()
      await page.getByRole('button', { name: 'Send it again, as it was' }).click()
      await page.getByText('Bump the fee: done.').waitFor()
      await page.getByRole('table', { name: 'Fee bumps' }).getByRole('cell', { name: 'done' }).waitFor()
      expect(await page.getByRole('table', { name: 'Transactions' }).getByRole('rowheader').count()).toBe(2)
      expect(await lever(product, 'submissions 1', Submissions)).toMatchObject({ submissions: 1, bumps: 1 })
      expect(await lever(product, `payouts ${ADDRESS} 50000`, z.unknown())).toEqual({ payouts: 1 })
    },
    2 * LONG_MS,
  )
})
