import { expect, test } from 'vitest'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { inNeed, pending, queued, settled, submitted } from '../../harness/api/splices.ts'
import { queueOf } from '../../harness/records/queue.ts'
import { aHeldLease } from '../../harness/records/states.ts'
import { aBrowser, aSignedIn, aStage } from './stage.ts'
import { describeInBrowser } from './suite.ts'

const ID = aSpliceId(1)
const HOSTILE = '<img src=x onerror="document.title=1">'

describeInBrowser('a page without a key', () => {
  const browser = aBrowser()

  test('shows and asks nothing, but for the key', async () => {
    const stage = await aStage(browser(), [queued(1)])
    const asked: string[] = []
    stage.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await stage.page.goto(`${stage.url}/#/splices/${ID}`)
    await stage.page.getByRole('heading', { name: 'Your key' }).waitFor()
    await stage.pass(60_000)
    expect(asked.sort()).toEqual(['/', '/dashboard.css', '/dashboard.js'])
    expect(await stage.page.getByRole('button').allTextContents()).toEqual(['Use this key'])
    expect(stage.complaints).toEqual([])
  })

  test('says that a text is no key, and that a key is not known', async () => {
    const stage = await aStage(browser(), [])
    await stage.page.goto(stage.url)
    await stage.signIn('not a key')
    await stage.page.getByText('This is not an API key').waitFor()
    await stage.signIn('sk_unknown')
    await stage.page.getByText('The service does not accept this key').waitFor()
    expect(await stage.page.evaluate('sessionStorage.length')).toBe(0)
  })

  test('keeps a key in the tab alone: not in an address, a cookie or what outlives the tab', async () => {
    const stage = await aStage(browser(), [queued(1)])
    const addresses: string[] = []
    stage.page.on('request', (request) => addresses.push(request.url()))
    await stage.page.goto(stage.url)
    await stage.signIn(stage.world.keys.reader)
    await stage.page.getByText('Live: 1').waitFor()
    await stage.page.reload()
    await stage.page.getByText('Live: 1').waitFor()
    expect([...addresses, stage.page.url()].join()).not.toContain('sk_')
    expect(await stage.context.cookies()).toEqual([])
    expect(await stage.page.evaluate('localStorage.length')).toBe(0)
    const other = await stage.context.newPage()
    await other.goto(stage.url)
    await other.getByRole('heading', { name: 'Your key' }).waitFor()
  })

  test('forgets it with everything that it showed, also on the way back', async () => {
    const stage = await aSignedIn(browser(), [queued(1)])
    await stage.page.getByRole('link', { name: 'Splice-out of 50,000 sat' }).click()
    await stage.page.getByRole('heading', { name: 'Timeline' }).waitFor()
    await stage.page.getByRole('button', { name: 'Forget key' }).click()
    await stage.page.getByText('The key is forgotten.').waitFor()
    await stage.page.goBack()
    expect(await stage.page.locator('body').innerText()).not.toContain('50,000')
    expect(await stage.page.evaluate('sessionStorage.length')).toBe(0)
    expect(await stage.page.evaluate('document.activeElement.id')).toBe('key')
  })
})

describeInBrowser('the pages', () => {
  const browser = aBrowser()

  test('show live splices first, what each waits for, and one status if asked', async () => {
    const stage = await aSignedIn(browser(), [queued(1), settled(2), inNeed(3), submitted(4)])
    const tables = await stage.page.getByRole('table').allInnerTexts()
    expect(tables).toHaveLength(2)
    expect(tables[0]).toContain('Live: 3')
    expect(tables[0]).toContain('Waiting for the peer to connect.')
    expect(tables[0]).toContain('The deadline passed')
    expect(tables[1]).toContain('settled')
    await stage.page.getByLabel('Status').selectOption('queued')
    await stage.page.getByText('Live: 1').waitFor()
    expect(stage.page.url()).toMatch(/#\/\?status=queued$/)
    await stage.page.getByLabel('Status').selectOption('live')
    await stage.page.getByText('Live: 3').waitFor()
    expect(await stage.page.getByRole('table').count()).toBe(1)
  })

  test('reach splices beyond the newest hundred', async () => {
    const many = Array.from({ length: 101 }, (_, n) => queued(n + 1))
    const stage = await aSignedIn(browser(), many)
    await stage.page.getByText('Live: 100').waitFor()
    await stage.page.getByRole('button', { name: 'Show older splices' }).click()
    await stage.page.getByText('Live: 101').waitFor()
  })

  test('show all of a splice, with its transactions linked to the explorer', async () => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash: `#/splices/${ID}` })
    const headings = await stage.page.getByRole('heading', { level: 2 }).allTextContents()
    expect(headings).toEqual(['Order', 'Budget', 'Attempts', 'Candidates', 'Fee bumps', 'Payment', 'Timeline'])
    const link = stage.page.getByRole('table', { name: /Transactions/ }).getByRole('link')
    expect(await link.getAttribute('href')).toBe(`https://explorer.example/tx/${aTxid('2')}`)
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer')
    expect(await stage.page.title()).toBe('Splice-out of 50,000 sat – Splicekeeper')
    expect(stage.complaints).toEqual([])
  })

  test('say of the only living attempt of a settled splice that it took effect', async () => {
    const stage = await aSignedIn(browser(), [settled(1)], { hash: `#/splices/${ID}` })
    const table = stage.page.getByRole('table', { name: 'Attempts' })
    expect(await table.getByRole('row').last().innerText()).toContain('it did')
  })

  test('say its place in line where what it waits for does not', async () => {
    const behind = queued(2, { waitingFor: { code: 'fees', message: 'Fees are too high.' } })
    const stage = await aSignedIn(browser(), [queued(1), behind], { hash: `#/splices/${aSpliceId(2)}` })
    const lease = { ...aHeldLease().value, queue: queueOf(aSpliceId(1), aSpliceId(2)) }
    await stage.world.store.putItem('lease', behind.channelId, lease, 0)
    await stage.pass(11_000)
    await stage.page.getByText('2nd in line.').waitFor()
  })

  test('show everything where an address names no page and no status', async () => {
    for (const hash of ['#/nowhere', '#/?status=lost', '#']) {
      const stage = await aSignedIn(browser(), [queued(1)], { hash })
      await stage.page.getByText('Live: 1').waitFor()
    }
  })

  test('say that a splice of another tenant does not exist', async () => {
    const stage = await aSignedIn(browser(), [pending(1)], { hash: `#/splices/${ID}`, key: 'stranger' })
    await stage.page.getByRole('heading', { name: 'There is no such splice' }).waitFor()
  })

  test('show nodes that answer, and one that does not', async () => {
    const stage = await aSignedIn(browser(), [], { hash: '#/nodes' })
    await stage.page.getByText('answers').first().waitFor()
    stage.world.told.look = { ok: false, error: { class: 'unreachable', message: 'no answer' } }
    await stage.pass(31_000)
    await stage.page.getByText('does not answer').first().waitFor()
    expect(await stage.page.getByRole('region', { name: 'Node bob' }).innerText()).toContain('never seen')
  })

  test('keep hostile words as words', async () => {
    const hostile = queued(1, {
      node: HOSTILE,
      address: HOSTILE,
      metadata: { [HOSTILE]: '<script>document.title=1</script>', note: 'safe\u202Eexe.tsop\u2066' },
      waitingFor: { code: 'x', message: `</p><script>document.title=1</script>${HOSTILE}` },
    })
    const stage = await aSignedIn(browser(), [hostile])
    await stage.page.getByRole('table').getByText('onerror').first().waitFor()
    await stage.page.goto(`${stage.url}/#/splices/${ID}`)
    await stage.page.getByRole('heading', { name: 'Timeline' }).waitFor()
    const text = await stage.page.getByRole('main').innerText()
    expect(text).toContain(HOSTILE)
    expect(text).toContain('safe‹U+202E›exe.tsop‹U+2066›')
    await stage.page.getByRole('button', { name: 'Cancel…' }).click()
    expect(await stage.page.locator('img, main script, main b').count()).toBe(0)
    expect(await stage.page.title()).toContain('Splice-out')
    expect(stage.complaints).toEqual([])
  })

  test('let nothing turn text into markup, whatever a later change tries', async () => {
    const stage = await aSignedIn(browser(), [])
    const attempt = stage.page.evaluate(`document.body.innerHTML = ${JSON.stringify(HOSTILE)}`)
    await expect(attempt).rejects.toThrow('TrustedHTML')
  })
})
