import { describe, expect, test } from 'vitest'
import { freeLease } from '../../core/drive/lease.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { queueOf } from '../../harness/records/queue.ts'

const BLOCKS = { blockMs: 10 * MINUTE }

async function startKeeper(): Promise<Keeper> {
  const keeper = new Keeper()
  await keeper.sweep()
  return keeper
}

const ceiling = (maxFeeRateSatPerKw: number | null) => ({
  maxAttempts: null,
  deadline: null,
  maxFeeRateSatPerKw,
  maxFeeSats: null,
})

/** Runs, with blocks, until all have ended; the numbers of the orders, as they settled. */
async function settle(keeper: Keeper, ids: readonly string[], hours: number): Promise<number[]> {
  const settled: number[] = []
  for (let at = 0; at < hours * 6 && settled.length < ids.length; at += 1) {
    await keeper.run(HOUR / 6, BLOCKS)
    for (const [n, id] of ids.entries())
      if (!settled.includes(n) && (await keeper.splice(id)).state === 'settled') settled.push(n)
  }
  return settled
}

describe('the queue of a channel', () => {
  test('50 orders at one moment settle in the order of acceptance', async () => {
    const keeper = await startKeeper()
    const budget = { ...ceiling(null), deadline: keeper.world.now() + 20 * 24 * HOUR }
    await Promise.all(Array.from({ length: 50 }, (_, n) => keeper.post({ amountSats: 10_000 + n, budget })))
    const lease = async () => (await keeper.store.item('lease', keeper.channelId))?.value
    const accepted = ((await lease())?.queue ?? []).map(({ id }) => id)
    expect(new Set(accepted).size).toBe(50)
    expect(await settle(keeper, accepted, 150)).toEqual(accepted.map((_, n) => n))
    expect(await lease()).toMatchObject({ holder: null, queue: [] })
  })

  test('one that waits for fees lets others pass, and goes when they fall', async () => {
    const keeper = await startKeeper()
    keeper.world.chain.setFeeRate(2_000)
    const first = await keeper.post({ amountSats: 50_000, budget: ceiling(1_000) })
    const ids: string[] = [first.id]
    for (let n = 1; n < 5; n += 1) ids.push((await keeper.post({ amountSats: 50_000 + n })).id)
    await keeper.run(2 * HOUR, BLOCKS)
    const standing = (await keeper.store.item('lease', keeper.channelId))?.value
    expect(standing?.queue[0]).toMatchObject({ id: first.id, passes: true })
    expect((await keeper.splice(first.id)).attempts).toEqual([])
    expect((await keeper.splice(ids[1] ?? '')).attempts).toHaveLength(1)
    keeper.world.chain.setFeeRate(300)
    expect((await settle(keeper, ids, 20)).toSorted()).toEqual([0, 1, 2, 3, 4])
    expect((await keeper.splice(first.id)).attempts).toHaveLength(1)
  })

  test('neither node nor chain is asked for one that waits for its turn', async () => {
    const keeper = await startKeeper()
    await keeper.post()
    const { id } = await keeper.post({ amountSats: 60_000 })
    await keeper.run(MINUTE)
    const waiting = await keeper.splice(id)
    expect(waiting.waitingFor?.code).toBe('channel_queue')
    expect(waiting.publishedThrough).toBe(waiting.eventSerial)
    await keeper.run(8 * MINUTE)
    expect((await keeper.splice(id)).version).toBe(waiting.version)
  })

  test('an order whose writer died does not block those behind it', async () => {
    const keeper = await startKeeper()
    const [dead] = queueOf('spl_dead')
    if (dead === undefined) throw new Error('no entry')
    const queue = [{ ...dead, enteredAt: keeper.world.now() }]
    await keeper.store.putItem('lease', keeper.channelId, { ...freeLease, queue }, 0)
    const { id } = await keeper.post()
    await keeper.run(30_000)
    expect((await keeper.splice(id)).attempts).toEqual([])
    await keeper.run(12 * MINUTE)
    expect((await keeper.splice(id)).attempts).toHaveLength(1)
  })
})
