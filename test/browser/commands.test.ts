import { expect, test } from 'vitest'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { inNeed, pending, queued, settled, submitted } from '../../harness/api/splices.ts'
import { aBrowser, aSignedIn, aStage, type Stage } from './stage.ts'
import { describeInBrowser } from './suite.ts'

const ID = aSpliceId(1)
const hash = `#/splices/${ID}`

async function stored({ world }: Stage) {
  const splice = await world.store.load(ID)
  if (splice === null) throw new Error('created')
  return splice
}

describeInBrowser('a fee bump', () => {
  const browser = aBrowser()

  test('is asked for with the second click only, after saying what it does and costs', async () => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash })
    await stage.page.getByRole('button', { name: 'Bump the fee…' }).click()
    const said = await stage.page.getByRole('dialog').innerText()
    expect(said).toContain(`Node alice is asked to replace the pending transaction ${aTxid('2')}`)
    expect(said).toContain('4 sat/vB, fee 620 sat')
    expect(said).toContain('at most 5,000 sat and 20 sat/vB')
    expect(said).toContain('cannot be undone')
    await stage.page.getByRole('button', { name: 'Leave it as it is' }).click()
    expect(stage.posts()).toEqual([])
    expect((await stored(stage)).bumps).toEqual([])
  })

  test('is one bump, however often it is clicked', async () => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash })
    const release = Promise.withResolvers<undefined>()
    await stage.page.route('**/bump', async (route) => {
      await release.promise
      await route.continue()
    })
    await stage.page.getByRole('button', { name: 'Bump the fee…' }).click()
    await stage.page.getByRole('button', { name: 'Bump the fee now' }).dblclick()
    await stage.page.evaluate("document.querySelector('dialog form').requestSubmit()")
    expect(await stage.page.getByRole('button', { name: 'Bump the fee now' }).isDisabled()).toBe(true)
    release.resolve(undefined)
    await stage.page.getByText('Bump the fee: done.').waitFor()
    expect(stage.posts()).toHaveLength(1)
    expect((await stored(stage)).bumps).toHaveLength(1)
    await stage.page.getByRole('button', { name: 'Bump the fee…' }).waitFor({ state: 'detached' })
  })

  test.each([
    ['in the same dialog', false],
    ['in a dialog that was opened anew', true],
  ])('whose answer is lost is sent again under its key, %s: it is one bump', async (_how, reopens) => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash })
    await stage.page.route(
      '**/bump',
      async (route) => {
        // The service does it, and nobody hears of it: neither here nor from the page's next look.
        await route.fetch()
        await stage.page.route('**/v1/{splices,events}**', (other) => other.abort())
        await route.abort()
      },
      { times: 1 },
    )
    await stage.page.getByRole('button', { name: 'Bump the fee…' }).click()
    await stage.page.getByRole('button', { name: 'Bump the fee now' }).click()
    await stage.page.getByText('It is not known whether “Bump the fee” was done.').waitFor()
    expect((await stored(stage)).bumps).toHaveLength(1)
    if (reopens) {
      await stage.page.keyboard.press('Escape')
      await stage.page.getByRole('button', { name: 'Bump the fee…' }).click()
    }
    await stage.page.unroute('**/v1/{splices,events}**')
    await stage.page.getByRole('button', { name: 'Send it again, as it was' }).click()
    await stage.page.getByText('Bump the fee: done.').waitFor()
    const keys = stage.posts().map((post) => post.headers()['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
    expect((await stored(stage)).bumps).toHaveLength(1)
  })

  test('whose fate is not known stays so when its repetition is put off, whatever else is done meanwhile', async () => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash })
    const { page } = stage
    const dialog = async (): Promise<void> => page.getByRole('button', { name: 'Bump the fee…' }).click()
    const again = page.getByRole('button', { name: 'Send it again, as it was' })
    await page.route('**/bump', (route) => route.fulfill({ status: 429, json: {} }), { times: 1 })
    await page.route('**/bump', (route) => route.abort(), { times: 1 })
    await dialog()
    await page.getByRole('button', { name: 'Bump the fee now' }).click()
    await page.getByText('It is not known whether').waitFor()
    await again.click()
    await page.getByText('HTTP 429. It is not known whether “Bump the fee” was done.').waitFor()
    await page.keyboard.press('Escape')
    await dialog()
    await again.click()
    await page.getByText('Bump the fee: done.').waitFor()
    const keys = stage.posts().map((post) => post.headers()['idempotency-key'])
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
  })

  test('with a feerate that the node does not take can be asked for without one', async () => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash })
    await stage.page.getByRole('button', { name: 'Bump the fee…' }).click()
    await stage.page.getByLabel('Feerate in sat/vB').fill('12')
    await stage.page.getByRole('button', { name: 'Bump the fee now' }).click()
    await stage.page.getByText('this node chooses the feerate itself: leave it out. Nothing was done.').waitFor()
    await stage.page.getByLabel('Feerate in sat/vB').fill('')
    await stage.page.getByRole('button', { name: 'Bump the fee now' }).click()
    await stage.page.getByText('Bump the fee: done.').waitFor()
    expect((await stored(stage)).bumps).toHaveLength(1)
  })
})

describeInBrowser('a command', () => {
  const browser = aBrowser()

  test.each([
    ['queued', queued(1), ['Cancel…', 'Resolve as failed…']],
    ['submitted', submitted(1), ['Cancel…', 'Resolve as failed…', 'Resolve with a transaction…']],
    [
      'asked to be cancelled',
      submitted(1, { cancelRequestedAt: 1 }),
      ['Resolve as failed…', 'Resolve with a transaction…'],
    ],
    ['pending', pending(1), ['Bump the fee…']],
    ['in need of attention', inNeed(1), ['Retry…', 'Cancel…', 'Resolve as failed…', 'Resolve with a transaction…']],
    ['settled', settled(1), []],
  ])('is offered where it is possible: %s', async (_state, splice, buttons) => {
    const { page } = await aSignedIn(browser(), [splice], { hash })
    await page.getByRole('heading', { name: 'Timeline' }).waitFor()
    expect(await page.getByRole('main').getByRole('button').allTextContents()).toEqual(buttons)
  })

  test.each([
    [
      'reader',
      [],
      'Cancel (splices:write), Retry (splices:write), Resolve as failed (operator), Resolve with a transaction (operator)',
    ],
    ['writer', ['Retry…', 'Cancel…'], 'Resolve as failed (operator), Resolve with a transaction (operator)'],
  ] as const)('is not offered to a key without its scope, and named: %s', async (key, buttons, lacking) => {
    const { page } = await aSignedIn(browser(), [inNeed(1)], { hash, key })
    await page.getByRole('heading', { name: 'Timeline' }).waitFor()
    expect(await page.getByRole('main').getByRole('button').allTextContents()).toEqual(buttons)
    const sentence = await page.getByText('Your key has no scope for').innerText()
    for (const each of lacking.split(', ')) expect(sentence).toContain(each)
  })

  test.each([
    ['reader', 'Cancel', 'Cancel the splice now', 'splices:write'],
    ['writer', 'Resolve as failed', 'Resolve as failed now', 'operator'],
  ] as const)(
    'is refused in words where the page thought that the key has the scope: %s',
    async (key, name, confirm, scope) => {
      const stage = await aStage(browser(), [queued(1)])
      // The page is told of more than the key may do: the service decides all the same.
      const scopes = ['splices:read', 'splices:write', 'operator']
      await stage.page.route('**/v1/keys/current', (route) => route.fulfill({ json: { scopes } }))
      await stage.page.goto(`${stage.url}/${hash}`)
      await stage.signIn(stage.world.keys[key])
      await stage.page.getByRole('button', { name: `${name}…` }).click()
      if (key === 'writer') await stage.page.getByLabel('Note').fill('I know')
      await stage.page.getByRole('button', { name: confirm }).click()
      await stage.page
        .getByText(`Your key does not allow this: the scope ${scope} is required. Nothing was done.`)
        .waitFor()
      expect(await stage.page.getByRole('button', { name: confirm }).count()).toBe(0)
      expect((await stored(stage)).state).toBe('queued')
    },
  )

  test('that comes too late is refused in words, and the page shows why', async () => {
    const stage = await aSignedIn(browser(), [submitted(1)], { hash })
    await stage.page.getByRole('button', { name: 'Cancel…' }).click()
    await stage.becomes(ID, { state: 'pending', candidates: pending(1).candidates })
    await stage.page.getByRole('button', { name: 'Cancel the splice now' }).click()
    await stage.page.getByText('it is pending and its transaction has been seen. Nothing was done.').waitFor()
    await stage.page.getByRole('button', { name: 'Leave it as it is' }).press('Enter')
    await stage.page.getByRole('button', { name: 'Bump the fee…' }).waitFor()
    // The button that opened it is gone: the keyboard goes on from the heading.
    await stage.page.locator('h1:focus').waitFor()
  })

  test('cancels', async () => {
    const stage = await aSignedIn(browser(), [queued(1)], { hash, key: 'writer' })
    await stage.page.getByRole('button', { name: 'Cancel…' }).click()
    await stage.page.getByText('the splice is cancelled at once').waitFor()
    await stage.page.getByRole('button', { name: 'Cancel the splice now' }).click()
    await stage.page.getByText('Cancel: done. It is cancelled.').waitFor()
    expect((await stored(stage)).state).toBe('cancelled')
  })

  test('retries, with attempts and a deadline', async () => {
    const stage = await aSignedIn(browser(), [inNeed(1)], { hash, key: 'writer' })
    await stage.page.getByRole('button', { name: 'Retry…' }).click()
    await stage.page.getByLabel('More attempts').fill('2')
    await stage.page.getByLabel('Hours until the deadline').fill('48')
    await stage.page.getByRole('button', { name: 'Retry the splice now' }).click()
    await stage.page.getByText('Retry: done. It is submitted.').waitFor()
    expect(stage.posts()[0]?.postDataJSON()).toEqual({ attempts: 2, deadline: '2026-12-02T00:00:01.000Z' })
    expect((await stored(stage)).budget.deadline).toBe(Date.UTC(2026, 11, 2, 0, 0, 1))
  })

  test('resolves only with a note', async () => {
    const stage = await aSignedIn(browser(), [inNeed(1)], { hash })
    await stage.page.getByRole('button', { name: 'Resolve as failed…' }).click()
    await stage.page.getByText('If you are wrong, 50,000 sat may still move').waitFor()
    await stage.page.getByRole('button', { name: 'Resolve as failed now' }).click()
    expect(stage.posts()).toEqual([])
    await stage.page.getByLabel('Note').fill('the channel is gone')
    await stage.page.getByRole('button', { name: 'Resolve as failed now' }).click()
    await stage.page.getByText('Resolve as failed: done. It is failed.').waitFor()
    expect((await stored(stage)).state).toBe('failed')
  })

  test('names a transaction only if the chain knows it', async () => {
    const stage = await aSignedIn(browser(), [inNeed(1)], { hash })
    await stage.page.getByRole('button', { name: 'Resolve with a transaction…' }).click()
    await stage.page.getByLabel('Transaction id').fill(aTxid('9'))
    await stage.page.getByRole('button', { name: 'Name the transaction now' }).click()
    await stage.page.getByText('The chain source does not know this transaction').waitFor()
    expect((await stored(stage)).state).toBe('needs_attention')
  })
})
