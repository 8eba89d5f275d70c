import { expect, test } from 'vitest'
import { MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper } from '../../harness/keeper/keeper.ts'

test('a candidate that left the mempool is broadcast again, where the node does not, and settles', async () => {
  const keeper = await startKeeper({ node: { broadcasts: 'once' } })
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  const txid = (await keeper.splice(id)).candidates[0]?.txid ?? ''
  keeper.world.evict(txid)
  expect(keeper.world.chain.confirmations(txid)).toBeNull()
  await keeper.run(12 * MINUTE)
  expect(keeper.world.chain.confirmations(txid)).toBe(0)
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect(keeper.payouts).toBe(1)
})

test('of two candidates the better paying one is broadcast again', async () => {
  const keeper = await startKeeper({ node: { broadcasts: 'once' } })
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  keeper.world.chain.setFeeRate(3_000)
  await keeper.bump(id)
  await keeper.run(2 * MINUTE)
  const [first, second] = (await keeper.splice(id)).candidates.map(({ txid }) => txid)
  keeper.world.evict(second ?? '')
  await keeper.run(12 * MINUTE)
  expect(keeper.world.chain.mempool().map(({ txid }) => txid)).toContain(second)
  expect(keeper.world.chain.mempool().map(({ txid }) => txid)).not.toContain(first)
})

test('what the mempools refuse is asked again at later looks, and nothing else changes', async () => {
  const keeper = await startKeeper({ node: { broadcasts: 'once' } })
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  const { version, candidates } = await keeper.splice(id)
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 500 })
  keeper.world.evict(candidates[0]?.txid ?? '')
  await keeper.run(20 * MINUTE)
  const unseen = await keeper.splice(id)
  expect(unseen.state).toBe('pending')
  expect(unseen.version, 'one write says that it is missed').toBe(version + 1)
  expect(keeper.counts.get('rebroadcast.refused')).toBeGreaterThan(5)
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 1 })
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
})
