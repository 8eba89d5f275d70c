import { describe, expect, test } from 'vitest'
import { drive } from '../../core/drive.ts'
import { slotKeyOf } from '../../core/observe.ts'
import { createWorld } from '../../adapters/node/simulated/world.ts'
import type { Operation } from '../../adapters/store/memory.ts'
import type { Ports } from '../../core/ports.ts'
import type { CommandResult } from '../../core/splice.ts'
import { Keeper, MINUTE, SCRIPT, START, startKeeper } from '../support/keeper.ts'

const HOUR = 60 * MINUTE
const BLOCKS = { blockMs: 10 * MINUTE }

test('T1 slot', async () => {
  let raced = ''
  let race: (() => Promise<unknown>) | null = null
  const keeper: Keeper = await startKeeper({
    hooks: {
      after: async (operation: Operation) => {
        const read = operation.type === 'getMany' && operation.keys.some(({ pk }) => pk === `SPL#${raced}`)
        if (race === null || !read) return
        const act = race
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
  raced = first.id
  race = async () => {
    keeper.node.liftFaults()
    await drive(first.id, keeper.ports, { policy: keeper.policy, mayAct: true, look: null })
  }
  await keeper.sweep()
  expect(keeper.crashes).toEqual([])
  expect((await keeper.splice(first.id)).state).toBe('submitted')
  expect((await keeper.store.item('slot', keeper.channelId))?.value.holder).toBe(first.id)
  await keeper.run(10 * MINUTE)
  expect((await keeper.splice(second.id)).attempts).toEqual([])
})

test('T2 lag', async () => {
  const keeper = await startKeeper()
  const { id } = await keeper.post()
  await keeper.until(id, ['confirmed'])
  await keeper.run(25 * MINUTE, BLOCKS)
  for (let i = 0; i < 3; i++) {
    keeper.chainView.lagBlocks = 4
    await keeper.run(2 * MINUTE)
    keeper.chainView.lagBlocks = 0
    await keeper.run(2 * MINUTE)
  }
  expect(await keeper.log(id)).not.toContain('splice.reorged')
})

test('T3 lag settled', async () => {
  const keeper = await startKeeper({ relay: false })
  keeper.node.fault({ type: 'drop' })
  const { id } = await keeper.post()
  const settled = await keeper.until(id, ['settled'])
  console.log(settled.watch, settled.attempts.length)
  keeper.chainView.lagBlocks = 3
  await keeper.run(20 * MINUTE)
  keeper.chainView.lagBlocks = 0
  await keeper.run(20 * MINUTE)
  expect((await keeper.splice(id)).epoch).toBe(0)
  expect((await keeper.store.item('slot', keeper.channelId))?.value.frozen).toBeNull()
})

test('T4 outage', async () => {
  const keeper = await startKeeper()
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  // Splicekeeper is out for a day.
  const { world, node, channelId } = keeper
  node.connectPeer()
  node.peerSplice(channelId, { amountSats: 100_000, mergeOurs: false })
  for (let i = 0; i < 30; i++) {
    world.advance(10 * MINUTE)
    world.mine(1)
  }
  expect(keeper.payouts).toBe(1)
  node.close(channelId, 'force')
  world.advance(10 * MINUTE)
  world.mine(8)
  await keeper.run(60 * MINUTE, BLOCKS)
  const s = await keeper.splice(id)
  console.log(s.state, s.failure, s.timeline.map((t) => t.why))
  expect(s.state).not.toBe('failed')
})

test('T5 candidates', async () => {
  const keeper = await startKeeper({})
  const { id } = await keeper.post()
  await keeper.until(id, ['pending'])
  for (let n = 0; n < 24; n++) {
    keeper.node.peerReplace(keeper.channelId)
    await keeper.run(2 * MINUTE)
  }
  console.log((await keeper.splice(id)).candidates.length, keeper.alarms.slice(-3), keeper.crashes.slice(0, 1).map(String).join().slice(0,300))
  await keeper.run(3 * HOUR, BLOCKS)
  expect((await keeper.splice(id)).state).toBe('settled')
})

test('T6 starvation', async () => {
  const keeper = await startKeeper()
  refuse(keeper, 60_000)
  const stuck = await keeper.post({ amountSats: 60_000 })
  await keeper.run(2 * HOUR, BLOCKS)
  const behind = await keeper.post()
  await keeper.run(20 * HOUR, BLOCKS)
  const s = await keeper.splice(stuck.id)
  const b = await keeper.splice(behind.id)
  console.log(s.state, s.attempts.map((a) => a.count), b.state, b.waitingFor, b.timeline.map((t) => t.why))
  expect(b.state).toBe('settled')
})

function refuse(keeper: Keeper, amountSats: number): void {
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  const refused: CommandResult = { type: 'refused', class: 'not_now', message: 'not now' }
  const port: typeof alice.port = {
    ...alice.port,
    submit: async (request, call) => (request.amountSats === amountSats ? refused : alice.port.submit(request, call)),
  }
  keeper.ports = { ...keeper.ports, nodes: new Map([['alice', { ...alice, port }]]) }
}

test('T7 splice-in', async () => {
  const keeper = await startKeeper()
  keeper.node.disconnectPeer()
  const first = await keeper.post({ kind: 'splice_in', amountSats: 100_000 })
  await keeper.run(5 * MINUTE)
  await keeper.cancel(first.id)
  keeper.node.restart()
  keeper.node.connectPeer()
  await keeper.until(first.id, ['cancelled'])
  expect((await keeper.splice(first.id)).state).toBe('cancelled')
  const second = await keeper.post({ kind: 'splice_in', amountSats: 100_200 })
  await keeper.work()
  keeper.world.advance(5_000)
  await drive(first.id, keeper.ports, { policy: keeper.policy, mayAct: true, look: null })
  await keeper.run(5 * HOUR, BLOCKS)
  const [a, b] = [await keeper.splice(first.id), await keeper.splice(second.id)]
  console.log(a.state, b.state, b.attention, keeper.alarms)
  expect(a.state).toBe('cancelled')
  expect(b.state).toBe('settled')
})

test('T9 watch', async () => {
  const world = createWorld({
    seed: 'watch',
    startAt: START,
    nodes: [{ name: 'alice', overlapGuard: false }],
    phases: { signingMs: 40 * MINUTE },
  })
  const keeper = await startKeeper({ world, overlapGuard: false, relay: false })
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await keeper.run(MINUTE)
  keeper.node.connectPeer()
  keeper.node.peerSplice(keeper.channelId, { amountSats: 100_000, mergeOurs: true })
  await keeper.run(15 * MINUTE)
  let s = await keeper.splice(id)
  console.log('T9', s.state, s.attempts.map((a) => [a.result?.type, a.dead?.rule]))
  s = await keeper.until(id, ['settled'])
  console.log('T9', s.state, s.watch, keeper.node.channel(keeper.channelId).queued, keeper.node.channel(keeper.channelId).negotiation?.phase)
  await keeper.run(24 * HOUR, BLOCKS)
  s = await keeper.splice(id)
  console.log('T9', s.state, s.anomaly, keeper.payouts, s.watch, keeper.alarms)
})

test('T11 restored node down', async () => {
  const before = await startKeeper()
  before.node.disconnectPeer()
  const { id } = await before.post()
  const backup = await before.splice(id)
  const backupAt = before.world.now()
  const after = new Keeper({ world: before.world, generation: 1, seed: 'restored' })
  after.backupAt = backupAt
  await after.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
  await after.store.create({ ...backup, version: 0 })
  await after.sweep()
  before.node.fault({ type: 'down' })
  await after.run(3 * MINUTE)
  before.node.liftFaults()
  await after.run(10 * MINUTE)
  let s = await after.splice(id)
  console.log('T11', s.state, s.attempts)
  before.node.restart()
  before.node.connectPeer()
  await after.change(id, { type: 'retry_requested', attempts: 1, deadline: null })
  await after.run(3 * HOUR, BLOCKS)
  s = await after.splice(id)
  console.log('T11', s.state, s.waitingFor, s.attempts.map((a) => [a.fenceAt, a.dead]))
  expect(s.state).toBe('settled')
})

test('T12 unseen no exit', async () => {
  const keeper = await startKeeper({ node: { broadcasts: 'once' } })
  const { id } = await keeper.post()
  const s0 = await keeper.until(id, ['pending'])
  keeper.world.evict(s0.candidates[0]?.txid ?? '')
  await keeper.run(26 * HOUR, BLOCKS)
  let s = await keeper.splice(id)
  expect(s.attention?.code).toBe('unseen')
  await keeper.change(id, { type: 'resolved_failed', note: 'the node was wiped' })
  await keeper.run(5 * MINUTE)
  s = await keeper.splice(id)
  expect(s.state).toBe('failed')
})

test('T14 relay clock', async () => {
  const world = createWorld({ seed: 'c', startAt: START, nodes: [{ name: 'alice' }], phases: { quiescenceMs: 30 * MINUTE } })
  const keeper = await startKeeper({ world, relay: false })
  await keeper.events.send({ node: 'alice', event: { id: 'e1', type: 'process_started', at: keeper.world.now() + 4 * MINUTE } })
  await keeper.run(MINUTE)
  const { id } = await keeper.post()
  await keeper.run(MINUTE)
  await keeper.cancel(id)
  await keeper.run(15 * MINUTE)
  let s = await keeper.splice(id)
  console.log('T14', s.state, s.attempts.map((a) => a.dead))
  await keeper.run(5 * HOUR, BLOCKS)
  s = await keeper.splice(id)
  console.log('T14', s.state, await keeper.log(id), keeper.payouts)
  expect(await keeper.log(id)).not.toContain('splice.cancelled')
})

test('T15 false freeze', async () => {
  const keeper = await startKeeper()
  const first = await keeper.post()
  await keeper.until(first.id, ['confirmed'])
  const second = await keeper.post({ amountSats: 60_000 })
  await keeper.run(2 * MINUTE)
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  let slow = true
  const port: typeof alice.port = {
    ...alice.port,
    look: async (call) => {
      const seen = await alice.port.look(call)
      if (!slow) return seen
      slow = false
      keeper.world.mine(6)
      keeper.world.advance(5_000)
      await keeper.sweep()
      return seen
    },
  }
  keeper.ports = { ...keeper.ports, nodes: new Map([['alice', { ...alice, port }]]) }
  await drive(second.id, keeper.ports, { policy: keeper.policy, mayAct: true, look: null })
  expect((await keeper.store.item('slot', keeper.channelId))?.value.frozen).toBeNull()
})

test('T17 freeze lifted', async () => {
  const keeper = await startKeeper({ relay: false, node: { channels: [{ lockDepth: 6 }] } })
  keeper.node.fault({ type: 'drop' })
  const { id } = await keeper.post()
  await keeper.until(id, ['settled'])
  keeper.world.reorg(8, { include: 'none' })
  await keeper.run(20 * MINUTE)
  let s = await keeper.splice(id)
  console.log('T17', s.state, s.epoch)
  await keeper.run(3 * HOUR, BLOCKS)
  s = await keeper.splice(id)
  console.log('T17', s.state, s.epoch, (await keeper.store.item('slot', keeper.channelId))?.value, await keeper.log(id))
  expect((await keeper.store.item('slot', keeper.channelId))?.value.frozen).toBeNull()
})

test('T16 reorg after settling with one attempt', async () => {
  const keeper = await startKeeper()
  const { id } = await keeper.post()
  const s0 = await keeper.until(id, ['settled'])
  keeper.world.reorg(8, { include: 'none', drop: [s0.candidates[0]?.txid ?? ''] })
  await keeper.run(3 * HOUR, BLOCKS)
  const s = await keeper.splice(id)
  console.log('T16', s.state, s.epoch, keeper.payouts)
  expect(s.epoch).toBe(1)
})

test('T13 failed w living', async () => {
  const keeper = await startKeeper({ relay: false, overlapGuard: false })
  keeper.node.fault({ type: 'drop' })
  const { id } = await keeper.post()
  const s0 = await keeper.until(id, ['pending'])
  console.log('T13', s0.attempts.map((a) => a.dead))
  keeper.world.chain.withhold(s0.candidates[0]?.txid ?? '')
  keeper.node.close(keeper.channelId, 'cooperative')
  await keeper.run(3 * HOUR, BLOCKS)
  const s = await keeper.splice(id)
  console.log('T13', s.state, s.failure, s.dueAt, s.watch, s.slotHeld, s.attempts.map((a) => a.dead))
  await keeper.run(20 * 24 * HOUR, { blockMs: 10 * MINUTE })
  expect((await keeper.splice(id)).dueAt).toBeNull()
}, 60000)

test('T10 long line', async () => {
  const keeper = await startKeeper({ node: { channels: [{ lockDepth: 0 }] } })
  const ahead = []
  const { id } = await keeper.post({ notBefore: keeper.world.now() + 30 * HOUR, budget: { maxAttempts: 3, deadline: keeper.world.now() + 100 * HOUR, maxFeeRateSatPerKw: null, maxFeeSats: null } })
  for (let n = 0; n < 55; n++) {
    keeper.node.peerSplice(keeper.channelId, { amountSats: 5_000 + n, mergeOurs: false })
    await keeper.run(2 * MINUTE)
    keeper.world.mine(1)
  }
  await keeper.run(60 * HOUR, BLOCKS)
  const s = await keeper.splice(id)
  console.log('T10', s.state, s.waitingFor, s.lineage.length, ahead.length)
  expect(s.state).toBe('settled')
}, 60000)
