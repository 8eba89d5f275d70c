import { describe, expect, test } from 'vitest'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { startKeeper } from '../../harness/keeper/keeper.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { BLOCKS, count, executed, lease } from './executed.ts'

describe('a splice that was signed and is not in sight', () => {
  test('never broadcast by its node: its signs moved, and it is not sent again', async () => {
    const keeper = await startKeeper({ node: { broadcasts: 'never' } })
    const { id } = await keeper.post()
    await keeper.run(2 * HOUR)
    const hidden = await keeper.splice(id)
    expect(hidden.state).toBe('submitted')
    expect(hidden.attempts).toHaveLength(1)
    expect(hidden.quietSince).toBeNull()
    expect(hidden.waitingFor?.code).toBe('negotiation')
    expect(executed(keeper)).toBe(1)
    keeper.node.behaviour.broadcasts = 'always'
    const settled = await keeper.until(id, ['settled'])
    expect(settled.state).toBe('settled')
    expect(settled.attempts).toHaveLength(1)
    expect(keeper.payouts).toBe(1)
  })

  test('with its reply lost, too: what stirs is said, and it is not sent again', async () => {
    const keeper = await startKeeper({ node: { broadcasts: 'never' }, relay: false })
    keeper.node.fault({ type: 'lose_reply' })
    const { id } = await keeper.post()
    await keeper.run(2 * HOUR)
    expect((await keeper.splice(id)).attempts).toHaveLength(1)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('node_busy')
    expect(executed(keeper)).toBe(1)
  })

  test('in a mempool that the chain source does not show: it is found in its block', async () => {
    const keeper = await startKeeper()
    keeper.chainView.blind = true
    const { id } = await keeper.post()
    await keeper.run(HOUR)
    expect((await keeper.splice(id)).state).toBe('submitted')
    expect((await keeper.splice(id)).attempts).toHaveLength(1)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.attempts).toHaveLength(1)
    expect(await keeper.log(id)).not.toContain('splice.pending')
    expect(keeper.payouts).toBe(1)
  })

  test('a restart of its node does not make it dead', async () => {
    const keeper = await startKeeper({ node: { broadcasts: 'never' } })
    const { id } = await keeper.post()
    await keeper.run(5 * MINUTE)
    keeper.node.restart()
    await keeper.run(2 * HOUR)
    expect((await keeper.splice(id)).attempts).toMatchObject([{ notExecuted: null }])
    expect(executed(keeper)).toBe(1)
  })
})

test('a chain source that lags behind the node closes the gate funding_unspent, and nothing is sent before it has caught up', async () => {
  const keeper = await startKeeper()
  keeper.chainView.lagBlocks = 1
  const { id } = await keeper.post()
  await keeper.run(10 * MINUTE)
  expect((await keeper.splice(id)).waitingFor?.code).toBe('chain')
  expect(executed(keeper)).toBe(0)
  keeper.chainView.lagBlocks = 0
  await keeper.run(2 * MINUTE)
  expect(executed(keeper)).toBe(1)
})

test('a candidate that was evicted is never forgotten, nothing is sent again, and it settles when it is back', async () => {
  const keeper = await startKeeper({ node: { broadcasts: 'once' } })
  const { id } = await keeper.post()
  const pending = await keeper.until(id, ['pending'])
  const txid = pending.candidates[0]?.txid ?? ''
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 500 })
  keeper.world.evict(txid)
  await keeper.run(6 * HOUR, BLOCKS)
  const unseen = await keeper.splice(id)
  expect(unseen).toMatchObject({ state: 'pending', candidates: [{ txid, block: null }] })
  expect(unseen.unseenSinceHeight).not.toBeNull()
  expect(executed(keeper)).toBe(1)
  keeper.node.restart()
  await keeper.run(HOUR)
  expect(executed(keeper), 'a restart proves nothing of what was seen').toBe(1)
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 1 })
  expect(await keeper.until(id, ['settled'])).toMatchObject({ state: 'settled', unseenSinceHeight: null })
  expect(keeper.payouts).toBe(1)
})

describe('a reorg before the lock', () => {
  test('puts it back to pending, and it settles again', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    const confirmed = await keeper.until(id, ['confirmed'])
    keeper.world.reorg(1, { include: 'none' })
    await keeper.run(2 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({
      state: 'pending',
      candidates: [{ block: null }],
      epoch: 0,
    })
    const settled = await keeper.until(id, ['settled'])
    expect(settled.candidates.map(({ txid }) => txid)).toEqual(confirmed.candidates.map(({ txid }) => txid))
    const log = await keeper.log(id)
    expect(count(log, 'splice.confirmed')).toBe(1)
    expect(count(log, 'splice.reorged')).toBe(1)
    expect(count(log, 'splice.settled')).toBe(1)
    expect((await lease(keeper))?.frozen).toBeNull()
  })

  test('with a fee bump at the node, it settles with the other candidate, once', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['confirmed'])
    keeper.world.reorg(1, { include: 'none' })
    await keeper.run(2 * MINUTE)
    expect(keeper.node.bump(keeper.channelId).ok).toBe(true)
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).candidates).toHaveLength(2)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.candidates.map(({ block }) => block !== null)).toEqual([false, true])
    expect(settled.anomaly).toBeNull()
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })
})

describe('a splice-in', () => {
  const request = { kind: 'splice_in', amountSats: 100_000 } as const

  test('settles by the record of its node and the capacity of its channel', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post(request)
    const settled = await keeper.until(id, ['settled'])
    expect(settled).toMatchObject({ state: 'settled', attempts: [{ number: 1 }], anomaly: null })
    const splices = keeper.world.journal.effectiveSplices()
    expect(splices).toMatchObject([{ channelId: keeper.channelId, txid: settled.candidates[0]?.txid }])
  })

  test('is not attributed while its node is away, and settles when it is back', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post(request)
    await keeper.work()
    keeper.node.fault({ type: 'down' })
    await keeper.run(25 * MINUTE, BLOCKS)
    const away = await keeper.splice(id)
    expect(away).toMatchObject({ state: 'submitted', candidates: [] })
    expect(keeper.counts.get('decision.attribution')).toBeUndefined()
    keeper.node.liftFaults()
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('confirmed')
    expect((await keeper.until(id, ['settled'])).attempts).toHaveLength(1)
  })

  test('needs attention once it is final without its node, and moves on by itself', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post(request)
    await keeper.work()
    keeper.node.fault({ type: 'down' })
    await keeper.run(HOUR + 10 * MINUTE, BLOCKS)
    expect(await keeper.splice(id)).toMatchObject({
      state: 'needs_attention',
      attention: { code: 'attribution' },
    })
    keeper.node.liftFaults()
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
    expect(executed(keeper)).toBe(1)
  })
})

test('an equal splice that got around the queue ends before it is ever submitted', async () => {
  const keeper = await startKeeper()
  const first = await keeper.post()
  const id = spliceIdOf('globex', 'order-1')
  await keeper.store.create({ ...first, id, tenant: 'globex', version: 0, writeId: '' })
  await keeper.until(first.id, ['settled'])
  const [one, two] = [await keeper.splice(first.id), await keeper.until(id, ['settled', 'failed'])]
  await keeper.run(3 * HOUR, BLOCKS)
  expect([one.state, two.state]).toEqual(['settled', 'failed'])
  expect(two.failure).toMatchObject({ code: 'duplicate_output', proof: 'never_taken' })
  expect([one.candidates.length, two.attempts.length]).toEqual([1, 0])
  for (const splice of [await keeper.splice(first.id), await keeper.splice(id)])
    expect(splice).toMatchObject({ anomaly: null, epoch: 0 })
  expect(executed(keeper)).toBe(1)
  expect(keeper.payouts).toBe(1)
  expect((await lease(keeper))?.frozen).toBeNull()
})
