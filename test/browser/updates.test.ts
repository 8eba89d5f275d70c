import { expect, test } from 'vitest'
import { hashOf } from '../../core/keys/api-key.ts'
import { aSpliceId } from '../../harness/values.ts'
import { pending, queued, submitted } from '../../harness/api/splices.ts'
import { aBrowser, aSignedIn, aStage, type Stage } from './stage.ts'
import { describeInBrowser } from './suite.ts'

const ID = aSpliceId(1)

/** Paths that are asked from now on. */
function askedFrom(stage: Stage): string[] {
  const asked: string[] = []
  stage.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  return asked
}

describeInBrowser('a page that is open', () => {
  const browser = aBrowser()

  test('says since when it is not updated while the service is down, and goes on when it is back', async () => {
    const stage = await aSignedIn(browser(), [submitted(1)], { hash: `#/splices/${ID}` })
    await stage.stop()
    await stage.pass(3_000)
    await stage.page.getByText('Not updated since 00:00:01 UTC. The service does not answer. Trying again.').waitFor()
    expect(await stage.page.getByRole('heading', { name: 'Timeline' }).isVisible()).toBe(true)
    const asked = askedFrom(stage)
    await stage.pass(5_000)
    expect(asked).toEqual([])
    await stage.becomes(ID, { state: 'pending', candidates: pending(1).candidates })
    await stage.restart()
    await stage.pass(1_000)
    await stage.page.getByText('Updates automatically.').waitFor()
    await stage.page.getByText('It is pending now.').waitFor()
    expect(stage.complaints).toEqual([])
  })

  test('shows in three seconds what the event log tells', async () => {
    const stage = await aSignedIn(browser(), [queued(1)])
    await stage.becomes(ID, { waitingFor: { code: 'lease', message: 'Waiting for its turn.' } })
    await stage.pass(3_000)
    await stage.page.getByText('Waiting for its turn.').waitFor()
  })

  test('goes on after a line of the log that is about no splice', async () => {
    const stage = await aSignedIn(browser(), [queued(1)])
    const gone = { id: 'evt_gone', type: 'webhook.disabled', spliceId: null, endpointId: 'whk_1' } as const
    await stage.world.store.appendEvent('acme', { ...gone, epoch: 0, at: stage.world.told.now })
    await stage.becomes(ID, { waitingFor: { code: 'lease', message: 'Waiting for its turn.' } })
    await stage.pass(3_000)
    await stage.page.getByText('Waiting for its turn.').waitFor()
    expect(stage.complaints).toEqual([])
  })

  test('shows in a while what no event tells', async () => {
    const stage = await aSignedIn(browser(), [queued(1)])
    const splice = await stage.world.store.load(ID)
    if (splice === null) throw new Error('created')
    await stage.world.store.save({
      ...splice,
      waitingFor: { code: 'lease', message: 'Waiting for its turn.' },
    })
    await stage.pass(16_000)
    await stage.page.getByText('Waiting for its turn.').waitFor()
  })

  test('asks on from the last event that it took', async () => {
    const stage = await aSignedIn(browser(), [queued(1)])
    await stage.becomes(ID, { waitingFor: { code: 'lease', message: 'Waiting for its turn.' } })
    const told = stage.page.waitForResponse(/after=0/)
    await stage.pass(3_000)
    await told
    await stage.page.getByText('Waiting for its turn.').waitFor()
    const next = stage.page.waitForRequest(/after=1&/)
    await stage.pass(3_000)
    await next
  })

  test('asks seldom while nobody looks at it, and at once when somebody does', async () => {
    const stage = await aStage(browser(), [queued(1)])
    const hidden = (is: boolean) => `Object.defineProperty(document, 'hidden', { value: ${is}, configurable: true })`
    await stage.page.addInitScript(hidden(true))
    await stage.page.goto(stage.url)
    await stage.signIn(stage.world.keys.reader)
    await stage.page.getByText('Updates automatically.').waitFor()
    const asked = askedFrom(stage)
    await stage.pass(59_000)
    expect(asked).toEqual([])
    const answered = stage.page.waitForResponse(/events/)
    await stage.page.evaluate(`${hidden(false)}; document.dispatchEvent(new Event('visibilitychange'))`)
    await answered
  })

  test('stops and shows nothing more when its key is revoked', async () => {
    const stage = await aSignedIn(browser(), [queued(1)], { hash: `#/splices/${ID}`, key: 'writer' })
    await stage.page.getByRole('button', { name: 'Cancel…' }).click()
    const hash = hashOf(stage.world.keys.writer)
    const key = await stage.world.store.item('key', hash)
    if (key === null) throw new Error('seeded')
    await stage.world.store.putItem('key', hash, { ...key.value, revokedAt: 1 }, key.version)
    await stage.pass(3_000)
    await stage.page.getByText('It is wrong, or it was revoked').waitFor()
    expect(await stage.page.locator('body').innerText()).not.toContain('50,000')
    expect(await stage.page.getByRole('dialog').count()).toBe(0)
    expect(await stage.page.evaluate('sessionStorage.length')).toBe(0)
    const asked = askedFrom(stage)
    await stage.pass(120_000)
    expect(asked).toEqual([])
  })

  test('shows the page that was gone to last, however late the one before it answers', async () => {
    const stage = await aSignedIn(browser(), [queued(1)])
    const { page } = stage
    const [nodes, splices] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    const holding = async (pattern: string, until: Promise<undefined>): Promise<void> => {
      await page.route(pattern, async (route) => {
        await until
        await route.continue()
      })
    }
    await holding('**/v1/nodes', nodes.promise)
    await holding('**/v1/splices?**', splices.promise)
    const asksNodes = page.waitForRequest(/nodes/)
    await page.getByRole('link', { name: 'Nodes' }).click()
    await asksNodes
    await page.getByRole('link', { name: 'Splices' }).click()
    const asksSplices = page.waitForRequest(/splices/)
    nodes.resolve(undefined)
    await asksSplices
    expect(await page.getByRole('main').innerText()).toBe('Splices\n\nLoading…')
    splices.resolve(undefined)
    await page.getByText('Live: 1').waitFor()
  })
})
