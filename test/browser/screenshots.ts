import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Candidate, Splice } from '../../core/splice/splice.ts'
import { createApi } from '../../functions/api/app.ts'
import { startServer } from '../../local/server.ts'
import { apiLook } from '../../harness/api/seed.ts'
import { aWorld } from '../../harness/api/world.ts'
import { startChromium } from './chromium.ts'
import { inNeed, pending, queued, settled, submitted } from '../../harness/api/splices.ts'

const folder = new URL('../../docs/images/', import.meta.url)
const WIDE = { width: 1000, height: 640 }
const PHONE = { width: 360, height: 640 }

const hex = (word: string): string => createHash('sha256').update(word).digest('hex')
const channels = { channelId: hex('channel'), fundingHistory: [`${hex('funding')}:0`] }

/** A life of the tests, with ids as real ones look. */
function lifelike(life: (n: number, overrides: Partial<Splice>) => Splice, n: number, more: Partial<Splice>): Splice {
  const plain = life(n, {})
  const submittedOn = plain.submittedOn === null ? null : `${hex('funding')}:0`
  const candidates = plain.candidates.map((each): Candidate => ({
    ...each,
    txid: hex(`tx ${n}`),
    spends: `${hex('funding')}:0`,
  }))
  const attempts = plain.attempts.map((each) => ({ ...each, submittedOn: `${hex('funding')}:0` }))
  return life(n, { ...channels, submittedOn: submittedOn, candidates, attempts, ...more })
}

const splices = [
  lifelike(settled, 1, { amountSats: 120_000 }),
  lifelike(submitted, 2, { kind: 'splice_in', amountSats: 750_000, address: null, script: null }),
  lifelike(pending, 3, { amountSats: 50_000, metadata: { order: '42', customer: 'Ángel & Søn' } }),
  lifelike(queued, 4, { amountSats: 200_000 }),
  lifelike(inNeed, 5, { amountSats: 90_000 }),
]

/** Takes the pictures of docs/dashboard.md. */
async function takeAll(browser: Browser): Promise<void> {
  const world = await aWorld()
  for (const splice of splices) await world.store.create(splice)
  const [channel] = apiLook.channels
  if (channel === undefined) throw new Error('the look has a channel')
  const seen = { ...channel, channelId: hex('channel'), funding: `${hex('funding')}:0` }
  world.told.look = { ok: true, value: { ...apiLook, nodeId: `02${hex('alice')}`, channels: [seen] } }
  const explorer = 'https://mempool.space/tx/{txid}'
  const server = await startServer(0, createApi({ ...world.deps, explorer }).fetch)

  const take = async (
    name: string,
    hash: string,
    options: BrowserContextOptions,
    before: (page: Page) => Promise<void> = async () => undefined,
  ): Promise<void> => {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await page.clock.install({ time: world.told.now + 90_000 })
    await page.goto(`${server.url}/${hash}`)
    await page.getByLabel('API key').fill(world.keys.operator)
    await page.getByRole('button', { name: 'Use this key' }).click()
    await page.getByText('Updates automatically.').waitFor()
    await page.evaluate('document.activeElement.blur()')
    await before(page)
    await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)) })
    await context.close()
  }

  const waiting = `#/splices/${splices[2]?.id ?? ''}`
  await take('dashboard-splices', '#/', { viewport: WIDE })
  await take('dashboard-splice', waiting, { viewport: { width: 1000, height: 900 } })
  await take('dashboard-bump', waiting, { viewport: WIDE }, async (page) => {
    await page.getByRole('button', { name: 'Bump the fee…' }).click()
  })
  await take('dashboard-nodes', '#/nodes', { viewport: WIDE, colorScheme: 'dark' })
  await take('dashboard-phone', '#/', { viewport: PHONE, colorScheme: 'dark' })
  await server.close()
}

mkdirSync(folder, { recursive: true })
const browser = await startChromium()
await takeAll(browser)
await browser.close()
