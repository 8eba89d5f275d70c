import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Child } from '../../local/child.ts'
import { until } from '../../local/until.ts'
import { aProduct, lever, order, statusOf, temporaryFolder } from '../../harness/local-product.ts'

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'

const becomes = (product: Child, id: string, status: string): Promise<boolean> =>
  until(`the splice to be ${status}`, 45_000, async () => ((await statusOf(product, id)) === status ? true : null))

const payouts = async (product: Child): Promise<number> =>
  (await lever(product, `payouts ${ADDRESS} 50000`, z.object({ payouts: z.int() }))).payouts

const submissions = async (product: Child): Promise<number> =>
  (await lever(product, 'submissions 1', z.object({ submissions: z.int() }))).submissions

/** Processes that start over and over share the machine with other tests. */
const MOST_MS = 90_000

describe('kill -9 and a new start', { timeout: MOST_MS }, () => {
  test('lose nothing of a pending splice: it settles after the new start, and pays once', async () => {
    const folder = temporaryFolder()
    const killed = await aProduct(folder)
    const id = await order(killed, ADDRESS)
    await becomes(killed, id, 'pending')
    await killed.end('SIGKILL')

    const product = await aProduct(folder)
    expect(await statusOf(product, id)).toBe('pending')
    await lever(product, 'mine 6', z.unknown())
    await becomes(product, id, 'settled')
    expect(await payouts(product)).toBe(1)
    expect(await submissions(product)).toBe(1)
  })

  test('lose nothing of a splice that was just accepted', async () => {
    const folder = temporaryFolder()
    const killed = await aProduct(folder)
    const id = await order(killed, ADDRESS)
    await killed.end('SIGKILL')

    const product = await aProduct(folder)
    await becomes(product, id, 'pending')
    await lever(product, 'mine 6', z.unknown())
    await becomes(product, id, 'settled')
    expect(await payouts(product)).toBe(1)
  })

  test("lose nothing of the world: what the node held in memory, and the relay's reports", async () => {
    const folder = temporaryFolder()
    const killed = await aProduct(folder)
    await lever(killed, 'disconnect-peer', z.unknown())
    const id = await order(killed, ADDRESS)
    await until('the node to take it', 10_000, async () => ((await submissions(killed)) === 1 ? true : null))
    await killed.end('SIGKILL')

    const between = await aProduct(folder)
    expect(await submissions(between)).toBe(1)
    await lever(between, 'restart-node', z.unknown())
    await between.end('SIGKILL')

    const product = await aProduct(folder)
    await lever(product, 'connect-peer', z.unknown())
    await until('a second request', 45_000, async () => ((await submissions(product)) === 2 ? true : null))
    await becomes(product, id, 'pending')
    expect(await payouts(product)).toBe(1)
  })

  test('again and again at any moment pay once', async () => {
    const folder = temporaryFolder()
    let product = await aProduct(folder, { BLOCK_SECONDS: '0.3' })
    const id = await order(product, ADDRESS)
    for (const moment of [30, 250, 700]) {
      const start = Date.now()
      await until('the moment', 5_000, () => (Date.now() - start >= moment ? true : null))
      await product.end('SIGKILL')
      product = await aProduct(folder, { BLOCK_SECONDS: '0.3' })
    }
    await becomes(product, id, 'settled')
    expect(await payouts(product)).toBe(1)
  })
})
