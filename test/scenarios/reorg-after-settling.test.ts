import { describe, expect, test } from 'vitest'
import { Keeper, startKeeper } from '../../harness/keeper/keeper.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { BLOCKS } from './adversaries.ts'

describe('a candidate that never comes back', () => {
  test("is ended by an operator's word after 144 blocks unseen", async () => {
    const keeper = await startKeeper({ node: { broadcasts: 'once' } })
    const { id } = await keeper.post()
    const pending = await keeper.until(id, ['pending'])
    keeper.world.chain.setRelayRule({ minRelaySatPerVb: 500 })
    keeper.world.evict(pending.candidates[0]?.txid ?? '')
    await keeper.run(26 * HOUR, BLOCKS)
    expect((await keeper.splice(id)).attention?.code).toBe('unseen')
    await keeper.change(id, { type: 'resolved_failed', note: 'the node was wiped' })
    expect((await keeper.splice(id)).state).toBe('failed')
    keeper.world.chain.setRelayRule({ minRelaySatPerVb: 1 })
    await keeper.run(HOUR, BLOCKS)
    expect(keeper.payouts, 'what was given up is not broadcast again').toBe(0)
  })

  test('because a close replaced it leaves no lease held where a second attempt was alive', async () => {
    const keeper = await startKeeper({ relay: false, overlapGuard: false })
    keeper.node.fault({ type: 'drop' })
    const { id } = await keeper.post()
    const pending = await keeper.until(id, ['pending'])
    keeper.world.chain.withhold(pending.candidates[0]?.txid ?? '')
    keeper.node.close(keeper.channelId, 'cooperative')
    await keeper.run(3 * HOUR, BLOCKS)
    const failed = await keeper.splice(id)
    expect(failed.failure?.proof).toBe('channel_closed')
    expect(failed.leaseHeld).toBe(false)
    expect((await keeper.store.item('lease', keeper.channelId))?.value.holder).toBeNull()
  })
})

describe('a reorg after settling', () => {
  test('of a splice with one attempt opens a new epoch, and it settles again under the same payment', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    const settled = await keeper.until(id, ['settled'])
    expect(settled.dueAt).toBeNull()
    keeper.world.reorg(8, { include: 'none' })
    await keeper.run(2 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({ state: 'pending', epoch: 1 })
    await keeper.run(3 * HOUR, BLOCKS)
    expect((await keeper.splice(id)).state).toBe('settled')
    const outcomes = (await keeper.log(id)).filter((type) => /settled|reorged/.test(type))
    expect(outcomes).toEqual(['splice.settled', 'splice.reorged', 'splice.settled'])
    expect(keeper.payouts).toBe(1)
  })

  test('is found although no sweep had seen the block in which it got its depth', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['confirmed'])
    keeper.postponeSweep(10 * MINUTE)
    keeper.world.reorg(6, { newLength: 7 })
    for (let look = 0; look < 3; look++) {
      await keeper.ports.queue.hint(id, 0)
      await keeper.run(MINUTE)
    }
    keeper.world.reorg(7, { include: 'none', newLength: 8 })
    await keeper.run(10 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('pending')
    expect((await keeper.log(id)).filter((type) => /settled|reorged/.test(type))).toEqual(['splice.reorged'])
    await keeper.run(3 * HOUR, BLOCKS)
    expect((await keeper.splice(id)).state).toBe('settled')
  })

  test('that leaves it at final depth only moves its block in the record', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    const before = await keeper.until(id, ['settled'])
    await keeper.run(HOUR, BLOCKS)
    keeper.world.reorg(12, { newLength: 13 })
    await keeper.run(5 * MINUTE)
    const after = await keeper.splice(id)
    expect(after).toMatchObject({ state: 'settled', epoch: 0 })
    expect(after.candidates[0]?.block?.hash).not.toBe(before.candidates[0]?.block?.hash)
    keeper.world.reorg(13, { include: 'none' })
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).epoch).toBe(1)
  })

  test('is found although the index showed the block late, and costs nothing to those in other blocks', async () => {
    const lag = { on: false }
    const keeper: Keeper = await startKeeper({ hooks: { lags: () => lag.on } })
    const { id } = await keeper.post()
    await keeper.until(id, ['confirmed'])
    const behind = await keeper.post({ amountSats: 60_000, notBefore: keeper.world.now() + 9 * HOUR })
    await keeper.until(id, ['settled'])
    lag.on = true
    keeper.world.reorg(8, { include: 'none' })
    await keeper.run(10 * MINUTE)
    lag.on = false
    keeper.store.catchUp()
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).epoch).toBe(1)
    expect((await keeper.splice(behind.id)).epoch).toBe(0)
  })

  test('freezes the channel only until the splice settles again', async () => {
    const keeper = await startKeeper({ relay: false })
    keeper.node.fault({ type: 'drop' })
    const { id } = await keeper.post()
    await keeper.until(id, ['settled'])
    keeper.world.reorg(8, { include: 'none' })
    await keeper.run(3 * HOUR, BLOCKS)
    expect(await keeper.splice(id)).toMatchObject({ state: 'settled', epoch: 1 })
    expect((await keeper.store.item('lease', keeper.channelId))?.value.frozen).toBeNull()
  })
})

describe('a crash around a reorg after settling', () => {
  /** The process dies after its nth write from now on; the next one goes on. */
  async function dieAfterWrite(n: number): Promise<{ keeper: Keeper; id: string }> {
    const plan = { armed: false, left: n, notExecuted: false }
    const hooks = {
      before: () => {
        if (plan.notExecuted) throw new Error('the process is gone')
        return null
      },
      after: ({ type }: { readonly type: string }) => {
        if (!plan.armed || type !== 'put') return
        plan.left -= 1
        plan.notExecuted = plan.left === 0
        if (plan.notExecuted) throw new Error('the process is gone')
      },
    }
    const keeper = await startKeeper({ hooks, onCrash: () => void (plan.notExecuted = false) })
    const { id } = await keeper.post()
    await keeper.until(id, ['settled'])
    keeper.world.reorg(8, { include: 'none' })
    plan.armed = true
    await keeper.run(3 * MINUTE)
    plan.notExecuted = false
    return { keeper, id }
  }

  test('leaves the channel frozen while it is open, and free once it has settled again', async () => {
    for (let n = 1; n <= 8; n++) {
      const { keeper, id } = await dieAfterWrite(n)
      expect(await keeper.splice(id), `write ${n}`).toMatchObject({ state: 'pending', epoch: 1 })
      expect((await keeper.store.item('lease', keeper.channelId))?.value.frozen, `write ${n}`).not.toBeNull()
      await keeper.run(3 * HOUR, BLOCKS)
      expect((await keeper.splice(id)).state, `write ${n}`).toBe('settled')
      expect((await keeper.store.item('lease', keeper.channelId))?.value.frozen, `write ${n}`).toBeNull()
    }
  })
})
