import { describe, expect, test } from 'vitest'
import { isOverCeiling } from '../../core/splice/budget.ts'
import { ADDRESS } from '../../harness/values.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'

const budgetOf = (ceiling: { maxFeeRateSatPerKw?: number; maxFeeSats?: number }, deadline: number | null = null) => ({
  maxAttempts: null,
  deadline,
  maxFeeRateSatPerKw: ceiling.maxFeeRateSatPerKw ?? null,
  maxFeeSats: ceiling.maxFeeSats ?? null,
})
const executed = (keeper: Keeper): number => keeper.world.journal.submissionsExecuted(keeper.channelId)

describe('a fee ceiling', () => {
  test.each([
    ['by feerate', { maxFeeRateSatPerKw: 2_000 }],
    ['by fee', { maxFeeSats: 2_000 }],
  ])('%s: it waits until the worst that the node may pay is under it, then it is submitted', async (_says, ceiling) => {
    const keeper = await startKeeper()
    keeper.world.chain.setFeeRate(1_400)
    const { id } = await keeper.post({ budget: budgetOf(ceiling) })
    await keeper.run(2 * HOUR)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('fee_ceiling')
    expect(executed(keeper)).toBe(0)
    keeper.world.chain.setFeeRate(1_300)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.state).toBe('settled')
    expect(settled.candidates.map((candidate) => isOverCeiling(settled, candidate))).toEqual([false])
  })

  test('with no estimate to hold against it is waited for', async () => {
    const keeper = await startKeeper()
    keeper.world.chain.setFeeRate(null)
    const { id } = await keeper.post({ budget: budgetOf({ maxFeeSats: 10_000 }) })
    await keeper.run(HOUR)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('fee_unknown')
    expect(executed(keeper)).toBe(0)
  })

  test('that is never met ends with the deadline: failed, never taken', async () => {
    const keeper = await startKeeper()
    keeper.world.chain.setFeeRate(50_000)
    const deadline = keeper.world.now() + HOUR
    const { id } = await keeper.post({ budget: budgetOf({ maxFeeRateSatPerKw: 2_000 }, deadline) })
    const failed = await keeper.until(id, ['failed'])
    expect(failed.failure).toMatchObject({ code: 'deadline', proof: 'never_taken' })
    expect(executed(keeper)).toBe(0)
  })

  test('that the node passes after all is reported: with an alarm, in the timeline and beside the transaction', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post({ budget: budgetOf({ maxFeeRateSatPerKw: 2_000 }) })
    keeper.node.fault({ type: 'late', ms: 30_000 })
    await keeper.work()
    // The request was sent under the ceiling; the node executes it when the market has risen.
    keeper.world.chain.setFeeRate(6_000)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.candidates.map((candidate) => isOverCeiling(settled, candidate))).toEqual([true])
    const message = 'the fee of a transaction is over the ceiling'
    expect(keeper.alarms.filter((alarm) => alarm === message)).toHaveLength(1)
    expect(settled.timeline.filter(({ why }) => why.startsWith(message))).toHaveLength(1)
  })
})

test('a splice with a time of its own is not submitted before it, and is then', async () => {
  const keeper = await startKeeper()
  const notBefore = keeper.world.now() + 3 * HOUR
  const { id } = await keeper.post({ address: ADDRESS, notBefore })
  await keeper.run(3 * HOUR - 2 * MINUTE)
  expect(await keeper.splice(id)).toMatchObject({ state: 'queued', attempts: [] })
  const settled = await keeper.until(id, ['settled'])
  expect(settled.attempts[0]?.startedAt).toBeGreaterThanOrEqual(notBefore)
  expect(executed(keeper)).toBe(1)
})
