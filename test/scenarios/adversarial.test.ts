import { describe, expect, test } from 'vitest'
import { Keeper, startKeeper } from '../../harness/keeper/keeper.ts'
import { queueOf } from '../../harness/records/queue.ts'
import { HOUR, MINUTE, START } from '../../harness/keeper/times.ts'
import { createWorld } from '../../simulator/world/world.ts'
import { BLOCKS, driveOnce, paidIn, refuse, rewire } from './adversaries.ts'

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

test('a splice that the node refuses again and again leaves the lease to the others while it backs off', async () => {
  const keeper = await startKeeper()
  refuse(keeper, 60_000)
  await keeper.post({ amountSats: 60_000 })
  await keeper.run(2 * HOUR, BLOCKS)
  const behind = await keeper.post()
  await keeper.run(10 * HOUR, BLOCKS)
  expect((await keeper.splice(behind.id)).state).toBe('settled')
})

test('a queue full of splices that are gone is cleared by the next order', async () => {
  const keeper = await startKeeper()
  const queue = queueOf(...Array.from({ length: 100 }, (_, n) => `spl_gone${n}`)).map((entry) => {
    return { ...entry, enteredAt: keeper.world.now() - 2 * MINUTE }
  })
  await keeper.store.putItem('lease', keeper.channelId, { holder: null, queue, frozen: null }, 0)
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
