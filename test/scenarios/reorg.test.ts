import { describe, expect, test } from 'vitest'
import type { Splice } from '../../core/splice/splice.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'

const BLOCKS = { blockMs: 10 * MINUTE }
/** The channel that locks at three confirmations: three more pass before final depth. */
const FAST_LOCK = 2

type Bumped = {
  readonly keeper: Keeper
  readonly id: string
  readonly original: string
  readonly replacement: string
}

/** A splice-out with two candidates, the original and its replacement, both as hex; the replacement is in the mempool. */
async function bumped(): Promise<Bumped> {
  const keeper = await startKeeper()
  const { id } = await keeper.post({ channelId: keeper.channelIds[FAST_LOCK] ?? '' })
  await keeper.run(2 * MINUTE)
  const original = hexOf(keeper, await keeper.splice(id), 0)
  keeper.world.chain.setFeeRate(3_000)
  await keeper.bump(id)
  await keeper.run(2 * MINUTE)
  const replacement = hexOf(keeper, await keeper.splice(id), 1)
  return { keeper, id, original, replacement }
}

function hexOf(keeper: Keeper, splice: Splice, n: number): string {
  const transaction = keeper.world.chain.transaction(splice.candidates[n]?.txid ?? '')
  if (transaction === null) throw new Error('the chain does not have it')
  return transaction.hex
}

const stages = [
  { says: 'before the lock', depth: 2, state: 'confirmed', locked: false },
  { says: 'after the lock', depth: 4, state: 'confirmed', locked: true },
  { says: 'after settlement', depth: 8, state: 'settled', locked: true },
] as const

describe.each(stages)('a reorg $says', ({ depth, state, locked }) => {
  test.each([
    ['the same candidate confirms again', 1],
    ['the other candidate confirms instead', 0],
  ])('%s: restored under the same payment, and final again', async (_says, winner) => {
    const { keeper, id, original } = await bumped()
    for (let block = 0; block < depth; block++) {
      keeper.world.mine(1)
      await keeper.run(3 * MINUTE)
    }
    const before = await keeper.splice(id)
    expect(before.state).toBe(state)
    expect(before.lockedAt !== null).toBe(locked)

    const transactions = winner === 0 ? [original] : []
    keeper.world.reorg(depth, {
      include: winner === 0 ? 'none' : 'mempool',
      transactions,
      newLength: depth + 1,
    })
    await keeper.run(3 * MINUTE)
    const between = await keeper.splice(id)
    const inBlock = between.candidates.findIndex((candidate) => candidate.block !== null)
    expect(inBlock, 'the candidate that is in a block').toBe(winner)

    for (let hours = 0; hours < 4; hours++) await keeper.run(60 * MINUTE, BLOCKS)
    const after = await keeper.splice(id)
    expect(after.state).toBe('settled')
    expect(after.candidates.map(({ txid }) => txid)).toEqual(before.candidates.map(({ txid }) => txid))
    for (const { txid } of after.candidates) {
      const pointer = await keeper.store.item('tx', txid)
      expect(pointer?.value.paymentId).toBe((await keeper.splice(id)).paymentId)
    }
    expect(keeper.payouts).toBe(1)
    expect(after.anomaly).toBeNull()
  })

  test('that leaves no candidate in a block puts it back to pending, and it settles when one is in a block again', async () => {
    const { keeper, id } = await bumped()
    for (let block = 0; block < depth; block++) {
      keeper.world.mine(1)
      await keeper.run(3 * MINUTE)
    }
    const { epoch } = await keeper.splice(id)
    keeper.world.reorg(depth, { include: 'none', newLength: depth + 1 })
    await keeper.run(3 * MINUTE)
    const between = await keeper.splice(id)
    expect(between).toMatchObject({
      state: 'pending',
      lockedAt: null,
      epoch: state === 'settled' ? epoch + 1 : epoch,
    })
    for (let hours = 0; hours < 4; hours++) await keeper.run(60 * MINUTE, BLOCKS)
    expect((await keeper.splice(id)).state).toBe('settled')
    expect((await keeper.log(id)).filter((type) => type === 'splice.reorged')).toHaveLength(1)
    expect(keeper.payouts).toBe(1)
  })
})

test('a lock that does not stand one look later does not settle a splice', async () => {
  const { keeper, id } = await bumped()
  keeper.world.mine(6)
  keeper.world.advance(MINUTE / 2)
  await keeper.sweep()
  expect(await keeper.splice(id)).toMatchObject({ state: 'confirmed', lockedAt: keeper.world.now() })
  keeper.world.reorg(6, { include: 'none' })
  await keeper.run(3 * MINUTE)
  expect(await keeper.splice(id)).toMatchObject({ state: 'pending', lockedAt: null, epoch: 0 })
  expect(await keeper.log(id)).not.toContain('splice.settled')
})
