import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../harness/keeper/times.ts'
import {
  DeliveredKeeper,
  doubled,
  doubledLater,
  late,
  lost,
  lostAtFirst,
  lostOnce,
  onlyFromSweeps,
  overtaking,
  permuted,
  reversed,
  tripled,
  veryLate,
} from './delivery.ts'
import { describeDeliveries, describeLives, expectSame, lived } from './equality.ts'
import { lives } from '../../harness/lives/lives.ts'

describeDeliveries([
  ['every hint doubled', { hints: doubled }],
  ['every hint tripled', { hints: tripled }],
  ['every hint repeated four minutes later', { hints: doubledLater }],
  ['every hint late', { hints: late }],
  ['every hint very late', { hints: veryLate }],
  ['hints that overtake one another', { hints: overtaking }],
  ['no hint but from sweeps', { hints: onlyFromSweeps }],
  ['no hint in the first ten minutes', { hints: lostAtFirst }],
  ['hints in reverse', { hints: doubled, order: reversed }],
  ['hints in any order', { hints: doubled, order: permuted('a') }],
  ['hints in any other order', { hints: tripled, order: permuted('b') }],
  ['one message at a time', { batch: 1 }],
  ['a hundred messages at a time', { batch: 100 }],
])

describeLives((life, calm) => {
  test('with any one hint lost', async () => {
    const known = await calm()
    for (let n = 0; n < known.sent.hints; n++)
      await expectSame(life, { hints: lostOnce(n) }, known, `without hint ${n}`)
  })
})

describe('a hint that is lost', () => {
  const firstAskedAt = (keeper: DeliveredKeeper): number =>
    keeper.world.journal.entries.find(({ type }) => type === 'request_received')?.at ?? Infinity

  test.each(lives.ordinary)('costs at most the time between two sweeps: $name', async (life) => {
    const calm = await lived(life, {})
    expect(calm.sent.hints).toBeGreaterThan(0)
    for (let n = 0; n < calm.sent.hints; n++) {
      const keeper = await lived(life, { hints: lostOnce(n) })
      expect(firstAskedAt(keeper) - firstAskedAt(calm), `hint ${n}`).toBeLessThanOrEqual(MINUTE)
    }
  })
})

test('without any hint nothing is sent, and the record says so', async () => {
  const keeper = new DeliveredKeeper({}, { hints: lost })
  await keeper.sweep()
  const { id } = await keeper.post()
  await keeper.run(60 * MINUTE, { blockMs: 10 * MINUTE })
  expect(keeper.sent.hints).toBeGreaterThan(30)
  expect(keeper.world.journal.entries.some(({ type }) => type === 'request_received')).toBe(false)
  const { state, attempts } = await keeper.splice(id)
  expect([state, attempts]).toEqual(['queued', []])
  const failed = await keeper.until(id, ['failed'], 25 * 60 * MINUTE)
  expect(failed.failure).toMatchObject({ code: 'deadline', proof: 'never_taken' })
})
