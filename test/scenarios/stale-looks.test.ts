import { budget } from '../../harness/keeper/budget.ts'
import { Transaction } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { walkFundingHistory } from '../../core/chain/funding-history.ts'
import { NO_HINT } from '../../core/ports/chain.ts'
import { Keeper, startKeeper } from '../../harness/keeper/keeper.ts'
import { HOUR, MINUTE, START } from '../../harness/keeper/times.ts'
import { createWorld, simulatedChainPort } from '../../simulator/world/world.ts'
import { BLOCKS, driveOnce, foreignSplices, refuse, rewire } from './adversaries.ts'

describe('a chain source that falls behind', () => {
  test('is no reorg of a confirmed splice', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['confirmed'])
    await keeper.run(25 * MINUTE, BLOCKS)
    for (let n = 0; n < 3; n++) {
      keeper.chainView.lagBlocks = 4
      await keeper.run(2 * MINUTE)
      keeper.chainView.lagBlocks = 0
      await keeper.run(2 * MINUTE)
    }
    expect((await keeper.log(id)).filter((type) => type === 'splice.reorged')).toEqual([])
  })

  test('opens no new epoch of a settled splice under watch, and freezes nothing', async () => {
    const keeper = await startKeeper({ relay: false })
    keeper.node.fault({ type: 'drop' })
    const { id } = await keeper.post()
    const settled = await keeper.until(id, ['settled'])
    expect(settled.watch).not.toBeNull()
    keeper.chainView.lagBlocks = 3
    await keeper.run(20 * MINUTE)
    expect((await keeper.splice(id)).epoch).toBe(0)
    expect((await keeper.store.item('lease', keeper.channelId))?.value.frozen).toBeNull()
  })
})

test('a sweep that read a splice before a worker submitted it does not give its lease away', async () => {
  let race: { id: string; act: () => Promise<void> } | null = null
  const keeper = await startKeeper({
    hooks: {
      after: async (operation) => {
        if (race === null || operation.type !== 'getMany') return
        const { id, act } = race
        if (!operation.keys.some(({ pk }) => pk === `SPL#${id}`)) return
        race = null
        await act()
      },
    },
  })
  keeper.node.disconnectPeer()
  keeper.node.fault({ type: 'down' })
  const first = await keeper.post()
  const second = await keeper.post({ amountSats: 60_000 })
  await keeper.run(3 * MINUTE)
  expect((await keeper.splice(first.id)).waitingFor?.code).toBe('node_unreachable')
  // The sweep's look finds the node down; it is back, and a worker submits, before the sweep comes to the splice.
  const act = async (): Promise<void> => {
    keeper.node.liftFaults()
    await driveOnce(keeper, first.id)
  }
  race = { id: first.id, act }
  await keeper.sweep()
  expect((await keeper.splice(first.id)).state).toBe('submitted')
  expect((await keeper.store.item('lease', keeper.channelId))?.value.holder).toBe(first.id)
  await keeper.run(10 * MINUTE)
  expect((await keeper.splice(second.id)).attempts).toEqual([])
})

describe('a funding history that grew while nobody looked', () => {
  test('by nine foreign splices before its time came does not keep a splice from being submitted', async () => {
    const keeper = await startKeeper({ node: { channels: [{ lockDepth: 0 }] } })
    const deadline = keeper.world.now() + 100 * HOUR
    const notBefore = keeper.world.now() + 5 * HOUR
    const { id } = await keeper.post({ notBefore, budget: budget({ maxAttempts: 3, deadline }) })
    await foreignSplices(keeper, 9)
    await keeper.run(10 * HOUR, BLOCKS)
    expect((await keeper.splice(id)).state).toBe('settled')
  })

  test('by 52 foreign splices since a backup does not blind the chain source', async () => {
    const node = { name: 'alice', channels: [{ lockDepth: 0 }] }
    const world = createWorld({ seed: 'restored', startAt: START, nodes: [node] })
    const keeper = new Keeper({ world, generation: 1 })
    keeper.backupAt = world.now()
    await keeper.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
    await keeper.run(HOUR, BLOCKS)
    await foreignSplices(keeper, 52)
    await keeper.run(2 * HOUR, BLOCKS)
    const { id } = await keeper.post()
    await keeper.run(5 * HOUR, BLOCKS)
    expect((await keeper.splice(id)).state).toBe('settled')
  })

  test('by 52 foreign splices while it waits does not keep a splice from being submitted', async () => {
    const keeper = await startKeeper({ node: { channels: [{ lockDepth: 0 }] } })
    refuse(keeper, 60_000)
    const deadline = keeper.world.now() + 300 * HOUR
    const { id } = await keeper.post({ amountSats: 60_000, budget: budget({ maxAttempts: 3, deadline }) })
    for (let n = 0; n < 52; n++) {
      await foreignSplices(keeper, 1)
      await driveOnce(keeper, id)
    }
    await keeper.run(2 * HOUR, BLOCKS)
    expect((await keeper.splice(id)).waitingFor?.code).not.toBe('funding_is_spent')
  })

  test("through a peer's transactions with many funding outputs is looked at in a bounded number of calls", async () => {
    const outputs = [0, 1, 2, 3]
    const spenders = new Map<string, Transaction>()
    let inputs = [`${'a'.repeat(64)}:0`]
    for (let depth = 0; depth < 9; depth++) {
      const tx = new Transaction()
      for (const input of inputs) {
        spenders.set(input, tx)
        tx.addInput(Buffer.from(input.slice(0, 64), 'hex').reverse(), Number(input.slice(65)))
      }
      for (const vout of outputs) tx.addOutput(Buffer.from(`0020${'ab'.repeat(32)}`, 'hex'), BigInt(1_000 + vout))
      inputs = outputs.map((vout) => `${tx.getId()}:${vout}`)
    }
    let calls = 0
    const chain = simulatedChainPort(createWorld({ seed: 'tree', startAt: START }).chain)
    chain.spend = async (outpoint) => {
      calls += 1
      const tx = spenders.get(outpoint)
      const spender = tx ? { txid: tx.getId(), hex: tx.toHex(), block: null, feeSats: null } : null
      return { ok: true, value: { own: 'confirmed', valueSats: null, spender } }
    }
    const current = `${'b'.repeat(64)}:0`
    const walk = {
      from: `${'a'.repeat(64)}:0`,
      current,
      known: [],
      hintOf: () => NO_HINT,
      effectOf: async () => 'none' as const,
    }
    await walkFundingHistory(walk, chain, { signal: new AbortController().signal })
    expect(calls).toBeLessThan(500)
  })
})

test('a slow look from before a lock that a sweep has noted since does not freeze the channel', async () => {
  const keeper = await startKeeper()
  const first = await keeper.post()
  await keeper.until(first.id, ['confirmed'])
  const second = await keeper.post({ amountSats: 60_000, notBefore: keeper.world.now() + 9 * HOUR })
  await keeper.run(2 * MINUTE)
  let slow = true
  rewire(keeper, (port) => ({
    look: async (call) => {
      const seen = await port.look(call)
      if (!slow) return seen
      slow = false
      keeper.world.mine(6)
      keeper.world.advance(5_000)
      await keeper.sweep()
      return seen
    },
  }))
  await driveOnce(keeper, second.id)
  expect((await keeper.store.item('lease', keeper.channelId))?.value.frozen).toBeNull()
})

test('a peer that was seen away while the chain source was down ends the quiet', async () => {
  const keeper = await startKeeper({ relay: false })
  keeper.node.fault({ type: 'drop' })
  const { id } = await keeper.post()
  await keeper.run(3 * MINUTE)
  const before = (await keeper.splice(id)).quietSince
  expect(before).not.toBeNull()
  keeper.world.advance(30_000)
  keeper.chainView.down = true
  keeper.node.disconnectPeer()
  await driveOnce(keeper, id)
  keeper.chainView.down = false
  keeper.node.connectPeer()
  keeper.world.advance(10_000)
  await driveOnce(keeper, id)
  expect((await keeper.splice(id)).quietSince).not.toBe(before)
})
