import { describe, expect, test } from 'vitest'
import { spliceIdOf } from '../../core/splice/ids.ts'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { ADDRESS, SCRIPT } from '../../harness/values.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'

const BLOCKS = { blockMs: 10 * MINUTE }

function executed(keeper: Keeper): number {
  return keeper.world.journal.submissionsExecuted(keeper.channelId)
}

function budget(overrides: Partial<Splice['budget']> = {}) {
  return { maxAttempts: null, deadline: null, maxFeeRateSatPerKw: null, maxFeeSats: null, ...overrides }
}

async function lease(keeper: Keeper): Promise<ChannelLease | null> {
  return (await keeper.store.item('lease', keeper.channelId))?.value ?? null
}

function count(types: readonly string[], type: string): number {
  return types.filter((candidate) => candidate === type).length
}

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

/** A splice whose only attempt lies in its node, the peer away, past its deadline. */
async function attended(keeper: Keeper): Promise<Splice> {
  keeper.node.disconnectPeer()
  const { id } = await keeper.post({
    budget: budget({ maxAttempts: 1, deadline: keeper.world.now() + HOUR }),
  })
  const splice = await keeper.until(id, ['needs_attention'])
  expect(splice.attention?.code).toBe('unproven')
  return splice
}

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
