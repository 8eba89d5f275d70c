import { describe, expect, test } from 'vitest'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { ADDRESS, SCRIPT } from '../../harness/values.ts'
import { BLOCKS, attended, count, executed, lease } from './executed.ts'
import { budget } from '../../harness/keeper/budget.ts'

test('an end by the word of an operator that was wrong is corrected, in a new epoch, and the channel is frozen', async () => {
  const keeper = await startKeeper({ relay: false })
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  await keeper.change(id, { type: 'resolved_failed', note: 'the node was wiped' })
  await keeper.run(2 * MINUTE)
  const failed = await keeper.splice(id)
  expect(failed).toMatchObject({
    state: 'failed',
    epoch: 0,
    failure: { proof: 'operator' },
    leaseHeld: false,
  })
  expect(failed.watch).not.toBeNull()
  expect((await lease(keeper))?.holder).toBeNull()

  keeper.node.connectPeer()
  await keeper.run(15 * MINUTE)
  expect(await keeper.splice(id)).toMatchObject({ state: 'pending', epoch: 1, failure: null })
  expect((await lease(keeper))?.frozen?.cause).toContain('took effect')
  const behind = await keeper.post({ amountSats: 60_000 })
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect((await keeper.log(id)).slice(-4)).toEqual([
    'splice.corrected',
    'splice.pending',
    'splice.confirmed',
    'splice.settled',
  ])
  const lines = await keeper.store.eventsAfter('acme', 0, 100)
  expect(lines.find((line) => line.type === 'splice.settled')?.epoch).toBe(1)
  await keeper.run(3 * HOUR, BLOCKS)
  expect(await keeper.splice(behind.id)).toMatchObject({ state: 'queued', waitingFor: { code: 'frozen' } })
  expect(keeper.payouts).toBe(1)
  expect(executed(keeper)).toBe(1)
})

test('a splice that somebody made by hand needs attention; an operator who says it is ours has it settle', async () => {
  const keeper = await startKeeper()
  const { id } = await keeper.post({ notBefore: keeper.world.now() + HOUR })
  const { userChannelId, peerId } = keeper.node.channel(keeper.channelId)
  const byHand = { userChannelId, counterpartyNodeId: peerId, amountSats: 50_000, address: ADDRESS }
  const signal = new AbortController().signal
  await keeper.node.rpc.spliceOut(byHand, { signal, signedAt: keeper.world.now() })
  await keeper.run(2 * HOUR, BLOCKS)
  expect(await keeper.splice(id)).toMatchObject({
    state: 'needs_attention',
    attention: { code: 'attribution' },
    candidates: [],
    attempts: [],
  })
  const [made] = keeper.world.journal.effectiveSplices()
  const spends = (await keeper.splice(id)).fundingHistory[0] ?? ''
  await keeper.change(id, { type: 'resolved_candidate', txid: made?.txid ?? '', spends, note: 'by hand' })
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect(keeper.payouts).toBe(1)
})

describe('a cancel', () => {
  test('while queued ends it, and nothing is ever sent', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post({ notBefore: keeper.world.now() + HOUR })
    await keeper.run(2 * MINUTE)
    await keeper.cancel(id)
    expect(await keeper.splice(id)).toMatchObject({ state: 'cancelled', failure: { proof: 'never_taken' } })
    await keeper.run(2 * HOUR)
    expect(executed(keeper)).toBe(0)
    expect(count(await keeper.log(id), 'splice.cancelled')).toBe(1)
    expect((await keeper.splice(id)).dueAt).toBeNull()
  })

  test('while submitted ends it only when its attempt is proven dead', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(2 * MINUTE)
    await keeper.cancel(id)
    await keeper.run(30 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({ state: 'submitted', waitingFor: { code: 'proof' } })
    keeper.node.restart()
    keeper.node.connectPeer()
    expect(await keeper.until(id, ['cancelled'])).toMatchObject({
      state: 'cancelled',
      failure: { proof: 'none_executed' },
    })
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(0)
  })

  test('while submitted comes too late for what takes effect', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(2 * MINUTE)
    await keeper.cancel(id)
    keeper.node.connectPeer()
    expect((await keeper.until(id, ['settled', 'cancelled'])).state).toBe('settled')
    expect(await keeper.log(id)).not.toContain('splice.cancelled')
    expect(keeper.payouts).toBe(1)
  })

  test('while in need of attention ends it when its attempt is proven dead', async () => {
    const keeper = await startKeeper()
    const { id } = await attended(keeper)
    await keeper.cancel(id)
    await keeper.run(10 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('needs_attention')
    keeper.node.restart()
    keeper.node.connectPeer()
    expect(await keeper.until(id, ['cancelled'])).toMatchObject({ failure: { proof: 'none_executed' } })
    expect(keeper.payouts).toBe(0)
  })
})

describe('a retry after it needed attention', () => {
  test('is sent once its first attempt is proven dead, within the budget that was allowed', async () => {
    const keeper = await startKeeper()
    const { id } = await attended(keeper)
    await keeper.run(HOUR)
    expect(executed(keeper), 'never by itself').toBe(1)
    await keeper.change(id, { type: 'retry_requested', attempts: 1, deadline: null })
    await keeper.run(10 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({ state: 'submitted', attention: null })
    keeper.node.restart()
    keeper.node.connectPeer()
    const settled = await keeper.until(id, ['settled'])
    expect(settled.attempts).toHaveLength(2)
    expect(settled.budget.maxAttempts).toBe(2)
    expect(keeper.payouts).toBe(1)
  })

  test('is not sent where the first attempt took effect meanwhile', async () => {
    const keeper = await startKeeper()
    const { id } = await attended(keeper)
    await keeper.change(id, { type: 'retry_requested', attempts: 1, deadline: null })
    keeper.node.connectPeer()
    expect((await keeper.until(id, ['settled'])).attempts).toHaveLength(1)
    expect(keeper.payouts).toBe(1)
  })
})

describe('what holds a first attempt back, and lets it go', () => {
  test('its time has not come', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post({ notBefore: keeper.world.now() + HOUR })
    await keeper.run(HOUR - MINUTE)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('not_before')
    expect(executed(keeper)).toBe(0)
    await keeper.run(3 * MINUTE)
    expect(executed(keeper)).toBe(1)
  })

  test('the feerate is over the ceiling', async () => {
    const keeper = await startKeeper()
    keeper.world.chain.setFeeRate(1_001)
    const { id } = await keeper.post({ budget: budget({ maxFeeRateSatPerKw: 1_500 }) })
    await keeper.run(HOUR)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('fee_ceiling')
    expect(executed(keeper)).toBe(0)
    keeper.world.chain.setFeeRate(null)
    await keeper.run(5 * MINUTE)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('fee_unknown')
    keeper.world.chain.setFeeRate(1_000)
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
    expect(executed(keeper)).toBe(1)
  })

  test('the peer is away: the first attempt is queued at the node, a second one is not', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(2 * MINUTE)
    expect(executed(keeper)).toBe(1)
    keeper.node.restart()
    await keeper.run(HOUR)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('peer_away')
    expect(executed(keeper)).toBe(1)
    keeper.node.connectPeer()
    expect((await keeper.until(id, ['settled'])).attempts).toHaveLength(2)
    expect(keeper.payouts).toBe(1)
  })

  test('the node is down', async () => {
    const keeper = await startKeeper()
    keeper.node.fault({ type: 'down' })
    const { id } = await keeper.post()
    await keeper.run(HOUR)
    expect(await keeper.splice(id)).toMatchObject({
      state: 'queued',
      attempts: [],
      waitingFor: { code: 'node_unreachable' },
    })
    keeper.node.liftFaults()
    expect((await keeper.until(id, ['settled'])).attempts).toHaveLength(1)
    expect(keeper.payouts).toBe(1)
  })

  test('the chain source is down', async () => {
    const keeper = await startKeeper()
    keeper.chainView.down = true
    const { id } = await keeper.post()
    await keeper.run(HOUR)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('chain')
    expect(executed(keeper)).toBe(0)
    keeper.chainView.down = false
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  })
})

describe('a node that refuses our credential', () => {
  const paused = async (keeper: Keeper): Promise<boolean> =>
    (await keeper.store.item('node', 'alice'))?.value.paused !== null

  test('in a look: it is paused, nothing is sent, and its answer lifts the pause', async () => {
    const keeper = await startKeeper()
    keeper.node.fault({ type: 'unauthenticated' })
    const { id } = await keeper.post()
    await keeper.run(HOUR)
    expect(await paused(keeper)).toBe(true)
    expect(keeper.alarms).toEqual(['node paused'])
    expect((await keeper.splice(id)).attempts).toEqual([])
    keeper.node.liftFaults()
    expect((await keeper.until(id, ['settled'])).attempts).toHaveLength(1)
    expect(await paused(keeper)).toBe(false)
  })

  test('in a command: it costs no attempt, and the splice goes on when the pause is lifted', async () => {
    const keeper = await startKeeper()
    keeper.node.fault({ type: 'refuse', status: 16 })
    const { id } = await keeper.post({ budget: budget({ maxAttempts: 1 }) })
    await keeper.work()
    expect(await paused(keeper)).toBe(true)
    expect(keeper.alarms).toEqual(['node paused'])
    expect(await keeper.splice(id)).toMatchObject({
      state: 'queued',
      attempts: [{ result: { class: 'config' }, notExecuted: { proof: 'refused' } }],
    })
    await keeper.run(2 * MINUTE)
    expect(await paused(keeper)).toBe(false)
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
    expect(executed(keeper)).toBe(1)
    expect(keeper.world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
  })
})
