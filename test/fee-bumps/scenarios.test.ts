import { describe, expect, test } from 'vitest'
import { openBumpOf } from '../../core/splice/replacement.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import type { KeeperOptions } from '../../harness/keeper/options.ts'

const FIRST_RATE = 1_000
const MARKET_RATE = 3_000

const bumpsTaken = (keeper: Keeper): number => keeper.world.journal.bumpsExecuted(keeper.channelId)
const bumpOf = (splice: Splice) => {
  const bump = splice.bumps.at(-1)
  if (bump === undefined) throw new Error('no bump')
  return bump
}

/** A splice-out whose transaction waits in the mempool, with the market at three times its feerate. */
async function pending(options: KeeperOptions = {}, request = {}): Promise<{ keeper: Keeper; id: string }> {
  const keeper = await startKeeper(options)
  keeper.world.chain.setFeeRate(FIRST_RATE)
  const { id } = await keeper.post(request)
  await keeper.run(2 * MINUTE)
  expect((await keeper.splice(id)).state).toBe('pending')
  keeper.world.chain.setFeeRate(MARKET_RATE)
  return { keeper, id }
}

describe('a fee bump', () => {
  test('is done when the replacement is seen, and the splice settles with it, paid once', async () => {
    const { keeper, id } = await pending()
    await keeper.bump(id)
    await keeper.run(2 * MINUTE)
    const bumped = await keeper.splice(id)
    expect(bumped.candidates).toHaveLength(2)
    const [first, second] = bumped.candidates
    expect(second?.feeRateSatPerKw).toBeGreaterThan(2 * (first?.feeRateSatPerKw ?? 0))
    expect(bumpOf(bumped).outcome).toMatchObject({ result: 'done', txid: second?.txid })
    expect(bumpsTaken(keeper)).toBe(1)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.candidates.filter(({ block }) => block !== null).map(({ txid }) => txid)).toEqual([second?.txid])
    expect(keeper.payouts).toBe(1)
    expect((await keeper.log(id)).filter((type) => type === 'splice.bumped')).toHaveLength(1)
  })

  test('a fee bump resumed after a restart', async () => {
    const { keeper, id } = await pending()
    await keeper.bump(id)
    await keeper.work()
    expect(bumpsTaken(keeper)).toBe(1)
    keeper.world.advance(100)
    keeper.node.restart()
    await keeper.run(3 * MINUTE)
    const waiting = await keeper.splice(id)
    expect(waiting.candidates, 'the node forgot it').toHaveLength(1)
    expect(openBumpOf(waiting)?.attempts).toHaveLength(1)
    await keeper.run(4 * MINUTE)
    const resumed = await keeper.splice(id)
    expect(bumpOf(resumed).attempts).toHaveLength(2)
    expect(bumpOf(resumed).outcome?.result).toBe('done')
    await keeper.until(id, ['settled'])
    expect(bumpsTaken(keeper)).toBe(2)
    expect(keeper.payouts).toBe(1)
  })

  test('whose peer is away waits, and is asked for when it is back', async () => {
    const { keeper, id } = await pending()
    keeper.node.disconnectPeer()
    await keeper.bump(id)
    await keeper.run(10 * MINUTE)
    expect(bumpsTaken(keeper)).toBe(0)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('bump_peer_away')
    keeper.node.connectPeer()
    await keeper.run(3 * MINUTE)
    expect(bumpOf(await keeper.splice(id)).outcome?.result).toBe('done')
  })

  test.each(['lose_reply', 'drop'] as const)(
    'with a reply that never comes (%s) is done within its attempts',
    async (type) => {
      const { keeper, id } = await pending()
      keeper.node.fault({ type })
      await keeper.bump(id)
      await keeper.run(12 * MINUTE)
      const bumped = await keeper.splice(id)
      expect(bumpOf(bumped).outcome?.result).toBe('done')
      expect(bumpsTaken(keeper)).toBe(1)
      await keeper.until(id, ['settled'])
      expect(keeper.payouts).toBe(1)
    },
  )

  test('that a node never hears of is given up after three attempts, and the splice settles', async () => {
    const { keeper, id } = await pending()
    keeper.node.fault({ type: 'drop' }, 'always')
    await keeper.bump(id)
    await keeper.run(40 * MINUTE)
    const splice = await keeper.splice(id)
    expect(bumpOf(splice).attempts).toHaveLength(3)
    expect(bumpOf(splice).outcome).toMatchObject({ result: 'abandoned', code: 'budget_spent' })
    keeper.node.liftFaults()
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
    expect((await keeper.log(id)).filter((type) => type === 'splice.bump_failed')).toHaveLength(1)
  })

  test('that the node refuses for now costs no attempt, and backs off', async () => {
    const { keeper, id } = await pending()
    keeper.node.fault({ type: 'refuse', status: 9 })
    keeper.node.fault({ type: 'refuse', status: 9 })
    await keeper.bump(id)
    await keeper.run(10 * MINUTE)
    const bump = bumpOf(await keeper.splice(id))
    expect(bump.attemptSerial, 'asked three times').toBe(3)
    expect(bump.attempts.map(({ result }) => result?.type)).toEqual(['taken'])
    expect(bump.outcome?.result).toBe('done')
  })
})

describe('a bump with nothing left to replace', () => {
  test('the original confirms before the bump is negotiated', async () => {
    const { keeper, id } = await pending()
    await keeper.bump(id)
    await keeper.work()
    keeper.world.advance(100)
    keeper.node.restart()
    keeper.world.mine(1)
    await keeper.run(2 * MINUTE)
    const splice = await keeper.splice(id)
    expect(splice.state).toBe('confirmed')
    expect(bumpOf(splice).outcome).toMatchObject({ result: 'abandoned', code: 'nothing_to_replace' })
    const settled = await keeper.until(id, ['settled'])
    expect(settled.candidates).toHaveLength(1)
    expect(bumpsTaken(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })

  test('the bump is still queued at the node when the original locks: it never runs as a second splice', async () => {
    const { keeper, id } = await pending()
    await keeper.bump(id)
    await keeper.work()
    keeper.node.disconnectPeer()
    for (let block = 0; block < 7; block++) await keeper.run(10 * MINUTE, { blockMs: 10 * MINUTE })
    keeper.node.connectPeer()
    const settled = await keeper.until(id, ['settled'])
    await keeper.run(60 * MINUTE, { blockMs: 10 * MINUTE })
    expect(settled.candidates).toHaveLength(1)
    expect(settled.watch, 'an attempt that may have been taken is watched for').not.toBeNull()
    expect(keeper.payouts).toBe(1)
    expect((await keeper.splice(id)).anomaly).toBeNull()
  })

  test('a force-close takes the place of the candidate', async () => {
    const { keeper, id } = await pending()
    keeper.node.disconnectPeer()
    await keeper.bump(id)
    keeper.node.close(keeper.channelId, 'force')
    const hex = keeper.world.chain.mempool().map((tx) => tx.hex)
    expect(hex).toHaveLength(1)
    const closing = keeper.node.channel(keeper.channelId).closing?.hex
    if (closing !== undefined) keeper.world.chain.mine(1, { transactions: [closing] })
    await keeper.run(5 * MINUTE)
    expect(bumpOf(await keeper.splice(id)).outcome).toMatchObject({ code: 'nothing_to_replace' })
  })
})

describe('a replacement that is signed but not relayed', () => {
  test('is recognised, not asked for again, and the original settles', async () => {
    const { keeper, id } = await pending()
    keeper.world.chain.setFeeRate(FIRST_RATE)
    keeper.world.chain.setRelayRule({ incrementalRelaySatPerVb: 1 })
    await keeper.bump(id)
    await keeper.run(30 * MINUTE)
    const splice = await keeper.splice(id)
    expect(splice.candidates).toHaveLength(1)
    expect(bumpOf(splice).outcome).toMatchObject({ result: 'abandoned', code: 'not_relayed' })
    expect(bumpsTaken(keeper)).toBe(1)
    await keeper.until(id, ['settled'])
    expect(keeper.payouts).toBe(1)
  })

  test('is adopted all the same if a miner takes it', async () => {
    const { keeper, id } = await pending()
    keeper.world.chain.setFeeRate(FIRST_RATE)
    keeper.world.chain.setRelayRule({ incrementalRelaySatPerVb: 1 })
    await keeper.bump(id)
    await keeper.run(30 * MINUTE)
    const signed = keeper.node.channel(keeper.channelId).candidates
    expect(signed).toHaveLength(2)
    keeper.world.chain.mine(1, { transactions: [signed[1]?.funding.hex ?? ''] })
    const settled = await keeper.until(id, ['settled'])
    expect(settled.candidates.map(({ txid, block }) => [txid, block !== null])).toEqual([
      [signed[0]?.funding.txid, false],
      [signed[1]?.funding.txid, true],
    ])
    expect(keeper.payouts).toBe(1)
  })
})

describe('a splice that bumps by itself', () => {
  const budget = { maxAttempts: null, deadline: null, maxFeeRateSatPerKw: 5_000, maxFeeSats: null }

  test('does so when unconfirmed after so many blocks, and not before', async () => {
    const { keeper, id } = await pending({}, { autoBumpAfterBlocks: 3, budget })
    const [stuck] = (await keeper.splice(id)).candidates
    keeper.world.chain.withhold(stuck?.txid ?? '')
    await keeper.run(2 * 10 * MINUTE, { blockMs: 10 * MINUTE })
    expect((await keeper.splice(id)).bumps).toEqual([])
    await keeper.run(15 * MINUTE, { blockMs: 10 * MINUTE })
    expect(bumpOf(await keeper.splice(id))).toMatchObject({ by: 'policy', outcome: { result: 'done' } })
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
    expect(keeper.payouts).toBe(1)
  })

  test('does not while a replacement would be over the ceiling', async () => {
    const { keeper, id } = await pending({}, { autoBumpAfterBlocks: 1, budget })
    keeper.world.chain.setFeeRate(4_000)
    const [stuck] = (await keeper.splice(id)).candidates
    keeper.world.chain.withhold(stuck?.txid ?? '')
    await keeper.run(60 * MINUTE, { blockMs: 10 * MINUTE })
    expect((await keeper.splice(id)).bumps).toEqual([])
    expect(bumpsTaken(keeper)).toBe(0)
    keeper.world.chain.setFeeRate(2_000)
    await keeper.run(5 * MINUTE)
    expect(bumpOf(await keeper.splice(id)).outcome?.result).toBe('done')
  })
})
