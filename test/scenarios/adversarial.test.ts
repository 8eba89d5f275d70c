import { NO_HINT } from '../../core/ports/chain.ts'
import { Transaction } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { createWorld, simulatedChainPort } from '../../simulator/world/world.ts'
import { drive } from '../../core/drive/drive.ts'
import { walkFundingHistory } from '../../core/chain/funding-history.ts'
import type { NodePort } from '../../core/ports/ports.ts'
import { HOUR, MINUTE, START } from '../../harness/keeper/times.ts'
import { Keeper, startKeeper } from '../../harness/keeper/keeper.ts'

const BLOCKS = { blockMs: 10 * MINUTE }

/** Replaces calls of the node's port, from now on. */
function rewire(keeper: Keeper, change: (port: NodePort) => Partial<NodePort>): void {
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  const port = { ...alice.port, ...change(alice.port) }
  keeper.ports = { ...keeper.ports, nodes: new Map([['alice', { ...alice, port }]]) }
}

/** The node answers "not now" to every splice of that amount. */
function refuse(keeper: Keeper, amountSats: number): void {
  rewire(keeper, (port) => ({
    submit: async (request, call) =>
      request.amountSats === amountSats
        ? { type: 'refused', class: 'not_now', message: 'not now' }
        : port.submit(request, call),
  }))
}

async function driveOnce(keeper: Keeper, id: string): Promise<void> {
  await drive(id, keeper.ports, { policy: keeper.policy, mayAct: true, shared: null })
}

function budget(maxAttempts: number, deadline: number | null = null) {
  return { maxAttempts, deadline, maxFeeRateSatPerKw: null, maxFeeSats: null }
}

/** The peer's splices lock one after the other, on a zero-conf channel. */
async function foreignSplices(keeper: Keeper, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    keeper.node.peerSplice(keeper.channelId, { amountSats: 5_000 + n, mergeOurs: false })
    await keeper.run(2 * MINUTE)
    keeper.world.mine(1)
  }
}

function paidIn(keeper: Keeper, amountSats: number): number {
  return keeper.world.journal
    .effectiveSplices()
    .filter(({ oursNetSats }) => oursNetSats >= amountSats && oursNetSats <= amountSats + 330).length
}

describe('a splice-in', () => {
  test('whose candidate the peer replaces, carrying ours on, does not fail', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post({ kind: 'splice_in', amountSats: 70_000 })
    await keeper.until(id, ['pending'])
    keeper.node.peerReplace(keeper.channelId)
    await keeper.run(5 * HOUR, BLOCKS)
    expect(paidIn(keeper, 70_000)).toBe(1)
    expect((await keeper.splice(id)).state).not.toBe('failed')
  })

  test("merged with the peer's splice-out while the node's payments cannot be read is not sent again", async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    await keeper.post({ kind: 'splice_in', amountSats: 70_000 })
    await keeper.run(MINUTE)
    rewire(keeper, () => ({
      contribution: async () => ({ ok: false, error: { class: 'config', message: 'permission denied' } }),
    }))
    keeper.node.connectPeer()
    keeper.node.peerSplice(keeper.channelId, { amountSats: -50_000, mergeOurs: true })
    await keeper.run(20 * MINUTE, BLOCKS)
    keeper.node.restart()
    await keeper.run(5 * HOUR, BLOCKS)
    expect(paidIn(keeper, 70_000)).toBe(1)
  })

  test('under watch after a cancel does not take the transaction of the next one, 200 sat larger', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const first = await keeper.post({ kind: 'splice_in', amountSats: 100_000 })
    await keeper.run(5 * MINUTE)
    await keeper.cancel(first.id)
    keeper.node.restart()
    keeper.node.connectPeer()
    await keeper.until(first.id, ['cancelled'])
    const second = await keeper.post({ kind: 'splice_in', amountSats: 100_200 })
    await keeper.work()
    keeper.world.advance(5_000)
    await driveOnce(keeper, first.id)
    await keeper.run(5 * HOUR, BLOCKS)
    expect((await keeper.splice(first.id)).state).toBe('cancelled')
    expect((await keeper.splice(second.id)).state).toBe('settled')
  })
})

test("a payment queued behind the peer's splice, made and followed by a close in an outage, did not fail", async () => {
  const keeper = await startKeeper()
  const { world, node, channelId } = keeper
  node.disconnectPeer()
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  node.connectPeer()
  node.peerSplice(channelId, { amountSats: 100_000, mergeOurs: false })
  for (let n = 0; n < 30; n++) {
    world.advance(10 * MINUTE)
    world.mine(1)
  }
  node.close(channelId, 'force')
  world.advance(10 * MINUTE)
  world.mine(8)
  await keeper.run(HOUR, BLOCKS)
  expect(keeper.payouts).toBe(1)
  expect((await keeper.splice(id)).state).not.toBe('failed')
})

test('a second payment that is unconfirmed when the watched outpoints are both spent is still reported', async () => {
  // Ours joins the peer's round as acceptor, which a node without the guard hides; the round is slow, so that we ask again.
  const world = createWorld({
    seed: 'watch',
    startAt: START,
    nodes: [{ name: 'alice', overlapGuard: false }],
    phases: { signingMs: 40 * MINUTE, quiescenceMs: MINUTE },
  })
  const keeper = await startKeeper({ world, overlapGuard: false, relay: false })
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await keeper.run(MINUTE)
  keeper.node.connectPeer()
  keeper.node.peerSplice(keeper.channelId, { amountSats: 100_000, mergeOurs: true })
  await keeper.until(id, ['pending'])
  // When the first has locked, the peer's next splice wins the tie against our second contribution.
  for (let n = 0, tied = false; n < 600 && !tied; n++) {
    await keeper.run(20_000, n % 30 === 0 ? { blockMs: 10_000 } : {})
    const { negotiation, candidates } = keeper.node.channel(keeper.channelId)
    tied = negotiation?.phase === 'quiescence' && candidates.length === 0
    const splice = { amountSats: 50_000, mergeOurs: false, feeRateSatPerKw: 1_400 }
    if (tied) keeper.node.peerSplice(keeper.channelId, splice)
  }
  await keeper.run(24 * HOUR, BLOCKS)
  expect(keeper.payouts, 'the known limit of a node without the guard').toBe(2)
  expect((await keeper.splice(id)).anomaly).not.toBeNull()
})

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

test('a splice that the node refuses again and again leaves the lease to the others while it backs off', async () => {
  const keeper = await startKeeper()
  refuse(keeper, 60_000)
  await keeper.post({ amountSats: 60_000 })
  await keeper.run(2 * HOUR, BLOCKS)
  const behind = await keeper.post()
  await keeper.run(10 * HOUR, BLOCKS)
  expect((await keeper.splice(behind.id)).state).toBe('settled')
})

test('a line full of splices that are gone is cleared by the next one', async () => {
  const keeper = await startKeeper()
  const waiting = Array.from({ length: 100 }, (_, n) => `spl_gone${n}`)
  await keeper.store.putItem('lease', keeper.channelId, { holder: null, turn: 0, waiting, frozen: null }, 0)
  const { id } = await keeper.post()
  await keeper.run(HOUR)
  expect((await keeper.splice(id)).attempts).toHaveLength(1)
})

test('a peer that replaces the candidate 24 times does not make the record unsavable', async () => {
  const keeper = await startKeeper()
  const { id } = await keeper.post()
  await keeper.until(id, ['pending'])
  for (let n = 0; n < 24; n++) {
    keeper.node.peerReplace(keeper.channelId)
    await keeper.run(2 * MINUTE)
  }
  await keeper.run(3 * HOUR, BLOCKS)
  expect((await keeper.splice(id)).state).toBe('settled')
})

test('a process start that a relay dates into the future proves no attempt dead that came after it', async () => {
  // Lightning traffic keeps the channel from becoming quiet for half an hour: the contribution waits at the node.
  const world = createWorld({
    seed: 'clock',
    startAt: START,
    nodes: [{ name: 'alice' }],
    phases: { quiescenceMs: 30 * MINUTE },
  })
  const keeper = await startKeeper({ world, relay: false })
  const event = { id: 'start', type: 'process_started' as const, at: keeper.world.now() + 4 * MINUTE }
  await keeper.events.send({ node: 'alice', event })
  await keeper.run(MINUTE)
  const { id } = await keeper.post()
  await keeper.run(MINUTE)
  await keeper.cancel(id)
  await keeper.run(5 * HOUR, BLOCKS)
  expect(keeper.payouts).toBe(1)
  expect(await keeper.log(id)).not.toContain('splice.cancelled')
})

describe('a funding history that grew while nobody looked', () => {
  test('by nine foreign splices before its time came does not keep a splice from being submitted', async () => {
    const keeper = await startKeeper({ node: { channels: [{ lockDepth: 0 }] } })
    const deadline = keeper.world.now() + 100 * HOUR
    const notBefore = keeper.world.now() + 5 * HOUR
    const { id } = await keeper.post({ notBefore, budget: budget(3, deadline) })
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
    const { id } = await keeper.post({ amountSats: 60_000, budget: budget(3, deadline) })
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

test('two splices of one effect never claim one transaction: the first pointer wins', async () => {
  const claims: { txid: string | null } = { txid: null }
  const keeper: Keeper = await startKeeper({
    hooks: {
      before: async (operation) => {
        if (operation.type !== 'put' || !operation.row.pk.startsWith('TX#') || claims.txid !== null) return null
        claims.txid = operation.row.pk.slice(3)
        await keeper.store.putItem('tx', claims.txid, { paymentId: 'f'.repeat(64) }, 0)
        return null
      },
    },
  })
  const { id } = await keeper.post()
  await keeper.run(HOUR, BLOCKS)
  expect(claims.txid).not.toBeNull()
  expect((await keeper.splice(id)).candidates).toEqual([])
  expect((await keeper.splice(id)).state).toBe('submitted')
})

test('a splice out of a backup is not cancelled as never taken while its node cannot be asked', async () => {
  const before = await startKeeper()
  const { id } = await before.post()
  const backup = await before.splice(id)
  const backupAt = before.world.now()
  await before.run(MINUTE)
  expect(before.payouts).toBe(1)

  const after = new Keeper({ world: before.world, generation: 1, seed: 'restored' })
  after.backupAt = backupAt
  await after.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
  await after.store.create({ ...backup, version: 0 })
  after.node.fault({ type: 'down' })
  await after.sweep()
  await after.cancel(id)
  await after.run(HOUR)
  expect((await after.splice(id)).state).not.toBe('cancelled')
  after.node.liftFaults()
  expect((await after.until(id, ['settled'])).state).toBe('settled')
})

test('a node whose adapter throws does not stop the sweep of the others', async () => {
  const keeper = await startKeeper()
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  const broken = {
    ...alice.port,
    look: async () => {
      throw new Error('a bug')
    },
  }
  const { id } = await keeper.post()
  const mallory = { ...alice, name: 'mallory', port: broken }
  keeper.ports = { ...keeper.ports, nodes: new Map([...keeper.ports.nodes, ['mallory', mallory]]) }
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect(keeper.alarms).toContain('a look could not be saved')
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
