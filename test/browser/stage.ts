import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core'
import type { Splice } from '../../core/splice/splice.ts'
import { createApi } from '../../functions/api/app.ts'
import { startServer, type LocalServer } from '../../local/server.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { startChromium } from './chromium.ts'

export const EXPLORER = 'https://explorer.example/tx/{txid}'

/** One browser for the tests of a suite. */
export function aBrowser(): () => Browser {
  let browser: Browser | null = null
  beforeAll(async () => {
    browser = await startChromium()
  })
  afterAll(() => browser?.close())
  return () => {
    if (browser === null) throw new Error('not started')
    return browser
  }
}

/** A page of a real browser on the API over the fixture, behind a real socket. Time passes on it by hand. */
export type Stage = {
  readonly world: World
  readonly context: BrowserContext
  readonly page: Page
  readonly url: string
  /** What the page complained of: errors, and what its policy forbids. */
  readonly complaints: string[]
  /** What it asked of the API to do. */
  posts(): Request[]
  /** Types a key as a person does. */
  signIn(key: string): Promise<void>
  /** Lets time pass on the page. */
  pass(ms: number): Promise<void>
  /** Writes what became of a splice, and a line in the log of events about it. */
  becomes(id: string, changes: Partial<Splice>): Promise<void>
  stop(): Promise<void>
  restart(): Promise<void>
}

/** Everything that a test needs; gone when it is over. */
export async function aStage(
  browser: Browser,
  splices: readonly Splice[],
  options: BrowserContextOptions = {},
): Promise<Stage> {
  const world = await aWorld()
  for (const splice of splices) await world.store.create(splice)
  const app = createApi({ ...world.deps, explorer: EXPLORER })
  let server: LocalServer = await startServer(0, app.fetch)
  const port = Number(new URL(server.url).port)
  const context = await browser.newContext({ locale: 'en', ...options })
  onTestFinished(async () => {
    await context.close()
    await server.close()
  })
  const page = await context.newPage()
  await page.clock.install({ time: world.told.now })
  await page.clock.pauseAt(world.told.now + 1_000)
  const complaints: string[] = []
  const posts: Request[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A refused request is no fault of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (request.method() === 'POST') posts.push(request)
  })
  return {
    world,
    context,
    page,
    url: server.url,
    complaints,
    posts: () => posts,
    signIn: async (key) => {
      await page.getByLabel('API key').fill(key)
      await page.getByRole('button', { name: 'Use this key' }).click()
    },
    pass: (ms) => page.clock.runFor(ms),
    becomes: async (id, changes) => {
      const splice = await world.store.load(id)
      if (splice === null) throw new Error(`no ${id}`)
      const saved = await world.store.save({ ...splice, ...changes })
      if (saved === null) throw new Error('somebody was faster')
      const event = { id: `evt_${saved.version}`, type: 'splice.pending' as const, spliceId: id, epoch: 0 }
      await world.store.appendEvent(splice.tenant, { ...event, at: world.told.now })
    },
    stop: () => server.close(),
    restart: async () => {
      server = await startServer(port, app.fetch)
    },
  }
}

/** The same with a key in use, at a page. */
export async function aSignedIn(
  browser: Browser,
  splices: readonly Splice[],
  { hash = '#/', key, ...options }: BrowserContextOptions & { hash?: string; key?: keyof World['keys'] } = {},
): Promise<Stage> {
  const stage = await aStage(browser, splices, options)
  await stage.page.goto(`${stage.url}/${hash}`)
  await stage.signIn(stage.world.keys[key ?? 'operator'])
  await stage.page.getByText('Updates automatically.').waitFor()
  return stage
}
