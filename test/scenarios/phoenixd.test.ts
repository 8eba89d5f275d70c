import { aSharedView } from '../../harness/ports/bench.ts'
import { describe, expect, test } from 'vitest'
import type { PhoenixdFault } from '../../simulator/phoenixd/server.ts'
import type { SpliceRequest } from '../../core/accept/accept-splice.ts'
import { drive } from '../../core/drive/drive.ts'
import { err } from '../../core/values/result.ts'
import { aPhoenixd, keeperOf } from '../../harness/nodes/http-nodes.ts'
import type { Keeper } from '../../harness/keeper/keeper.ts'
import { ADDRESS } from '../../harness/values.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'

type Stage = Awaited<ReturnType<typeof aPhoenixd>>

const none = { maxAttempts: null, deadline: null, maxFeeRateSatPerKw: null, maxFeeSats: null }
const sends = ({ server }: Stage) => server.received.filter(({ path }) => path === '/sendtoaddress')

/** Orders a payout; the node picks the channel. */
const post = (keeper: Keeper, request: Partial<SpliceRequest> = {}) => keeper.post({ channelId: null, ...request })

describe('a splice-out of a phoenixd', () => {
  test('is sent once, with the estimate in whole sat/vB, settles, and pays once', async () => {
    const stage = await aPhoenixd()
    stage.world.chain.setFeeRate(1_010)
    const keeper = await keeperOf(stage)
    const { id } = await post(keeper)
    expect(await keeper.until(id, ['settled', 'failed'])).toMatchObject({
      state: 'settled',
      leaseScope: 'node',
      attempts: [{ number: 1, fenceAt: null, result: { type: 'taken' } }],
    })
    expect(sends(stage).map(({ fields }) => Object.fromEntries(fields))).toEqual([
      { amountSat: '50000', address: ADDRESS, feerateSatByte: '5' },
    ])
    expect(keeper.payouts).toBe(1)
  })

  test('takes the lease of the node, and the next one waits for it', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.server.fault({ type: 'reset', executes: false })
    const first = await post(keeper)
    await keeper.work()
    const second = await post(keeper, { amountSats: 60_000 })
    await keeper.run(MINUTE)
    const lease = await keeper.store.item('lease', stage.node.nodeId)
    expect(lease?.value).toMatchObject({ holder: first.id, waiting: [second.id] })
    expect(await keeper.store.item('lease', keeper.channelId)).toBeNull()
    expect(sends(stage)).toHaveLength(1)
    // The first is dead, spent, and failed with a proof; the second has its turn.
    expect(await keeper.until(first.id, ['failed'])).toMatchObject({ state: 'failed' })
    expect(await keeper.until(second.id, ['settled'])).toMatchObject({ state: 'settled' })
    expect(sends(stage)).toHaveLength(2)
  })

  test.each<[string, PhoenixdFault]>([
    ['the request was lost', { type: 'reset', executes: false }],
    ['the node failed before it looked at it', { type: 'status', status: 500, body: '', executes: false }],
    ['the answer is a text that proves nothing', { type: 'body', body: 'Parameter?', executes: false }],
    ['the node was restarted before signing', { type: 'trouble', trouble: 'restart' }],
    ['the peer aborted after the answer', { type: 'trouble', trouble: 'abort_after_reply' }],
  ])('of which nothing came because %s is never sent again, and fails with a proof', async (_says, fault) => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.server.fault(fault)
    const { id } = await post(keeper)
    await keeper.work()
    const at = keeper.world.now()
    const failed = await keeper.until(id, ['failed', 'settled', 'needs_attention'])
    expect(failed).toMatchObject({
      state: 'failed',
      failure: { code: 'budget_spent', proof: 'none_executed' },
      attempts: [{ notExecuted: { proof: 'node_idle' } }],
    })
    expect((failed.attempts[0]?.notExecuted?.at ?? 0) - at).toBeGreaterThanOrEqual(2 * MINUTE - 30_000)
    await keeper.run(HOUR)
    expect([keeper.payouts, sends(stage).length]).toEqual([0, 1])
  })

  test.each<[string, PhoenixdFault]>([
    ['no answer came', { type: 'reset', executes: true }],
    ['half of it came', { type: 'half_body' }],
    ['it was not plain text', { type: 'content_type', value: 'text/html' }],
    ['a proxy answered for it', { type: 'status', status: 504, body: '', executes: true }],
  ])('whose answer was lost, %s, is found, and never sent again', async (_says, fault) => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.server.fault(fault)
    const { id } = await post(keeper)
    expect(await keeper.until(id, ['settled', 'failed'])).toMatchObject({
      state: 'settled',
      attempts: [{ result: { type: 'unknown' } }],
    })
    expect([keeper.payouts, sends(stage).length]).toEqual([1, 1])
  })

  test('that certainly was not executed is asked for again: it costs no submission', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.server.fault({ type: 'trouble', trouble: 'disconnect' })
    const { id } = await post(keeper)
    expect(await keeper.until(id, ['settled', 'failed'])).toMatchObject({ state: 'settled' })
    expect([keeper.payouts, sends(stage).length]).toEqual([1, 2])
  })

  test('is not found dead while the node says that it waits for signatures', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.world.setPhases({ signingMs: 4 * HOUR })
    stage.server.fault({ type: 'reset', executes: true })
    const { id } = await post(keeper)
    await keeper.run(HOUR)
    expect(await keeper.splice(id)).toMatchObject({ state: 'submitted', attempts: [{ notExecuted: null }] })
    expect(await keeper.until(id, ['settled', 'failed'], 8 * HOUR)).toMatchObject({ state: 'settled' })
    expect([keeper.payouts, sends(stage).length]).toEqual([1, 1])
  })

  test('is not found dead while the node lists a payment of its amount, whatever the channels show', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.server.fault({ type: 'reset', executes: false })
    const { id } = await post(keeper, { budget: { ...none, deadline: keeper.world.now() + HOUR } })
    await keeper.work()
    // Somebody pays the same amount from a channel that is gone by the next look, as far as anybody can see.
    const paid = JSON.stringify([
      {
        subType: 'splice_out',
        txId: 'e'.repeat(64),
        sent: 50_300,
        fees: 300_000,
        createdAt: keeper.world.now(),
      },
    ])
    for (let n = 0; n < 80; n += 1)
      stage.server.fault({ type: 'body', body: paid, executes: false }, '/payments/outgoing')
    await keeper.run(HOUR + 10 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({
      state: 'needs_attention',
      attention: { code: 'unproven' },
      attempts: [{ notExecuted: null }],
    })
  })

  test('is neither sent nor found dead with a second channel that the node could pick', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    const open = () => stage.node.openChannel({ valueSats: 1_000_000, lockDepth: 0 })
    const notBefore = keeper.world.now() + 10 * MINUTE
    const waiting = await post(keeper, { notBefore })
    open()
    await keeper.run(30 * MINUTE)
    expect(await keeper.splice(waiting.id)).toMatchObject({
      state: 'queued',
      waitingFor: { code: 'several_channels' },
    })
    expect(sends(stage)).toEqual([])
  })

  test('that may have run on a channel which was opened meanwhile is never called dead', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    stage.server.fault({ type: 'reset', executes: false })
    const { id } = await post(keeper, { budget: { ...none, deadline: keeper.world.now() + HOUR } })
    await keeper.work()
    stage.node.openChannel({ valueSats: 1_000_000, lockDepth: 0 })
    await keeper.run(HOUR + 10 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({
      state: 'needs_attention',
      attention: { code: 'unproven' },
      attempts: [{ notExecuted: null }],
    })
  })

  test('is frozen by the node, not by the channel, also when the node does not answer', async () => {
    const stage = await aPhoenixd()
    const keeper = await keeperOf(stage)
    const { id } = await post(keeper)
    await keeper.until(id, ['settled'])
    stage.world.reorg(8, { include: 'none' })
    const look = err({ class: 'unreachable', message: 'down' } as const)
    await drive(id, keeper.ports, {
      policy: keeper.policy,
      mayAct: true,
      shared: aSharedView({ look }),
      reorged: true,
    })
    expect(await keeper.splice(id)).toMatchObject({ state: 'pending', epoch: 1 })
    expect((await keeper.store.item('lease', stage.node.nodeId))?.value.frozen).not.toBeNull()
    expect(await keeper.store.item('lease', keeper.channelId)).toBeNull()
  })

  test('waits for an estimate, and for one under its ceiling', async () => {
    const stage = await aPhoenixd()
    stage.world.chain.setFeeRate(null)
    const keeper = await keeperOf(stage)
    const { id } = await post(keeper, { budget: { ...none, maxFeeRateSatPerKw: 300 } })
    await keeper.run(10 * MINUTE)
    expect(sends(stage)).toEqual([])
    // 180 sat/kw are 0.72 sat/vB: rounded up they are under the ceiling; 290 are over it, which gate `budget` sees.
    stage.world.chain.setFeeRate(290)
    await keeper.run(10 * MINUTE)
    expect(sends(stage)).toEqual([])
    stage.world.chain.setFeeRate(180)
    stage.world.chain.setRelayRule({ minRelaySatPerVb: 0.5 })
    expect(await keeper.until(id, ['settled'])).toMatchObject({ state: 'settled' })
    expect(sends(stage).map(({ fields }) => fields.get('feerateSatByte'))).toEqual(['1'])
  })
})
