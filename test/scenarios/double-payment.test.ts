import { describe, expect, test } from 'vitest'
import type { SubmitRequest } from '../../core/ports/node.ts'
import type { Ports } from '../../core/ports/ports.ts'
import type { CommandResult } from '../../core/splice/splice.ts'
import { drive } from '../../core/drive/drive.ts'
import { ADDRESS, SCRIPT } from '../../harness/values.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { budget } from '../../harness/keeper/budget.ts'
import { Keeper, startKeeper } from '../../harness/keeper/keeper.ts'

const QUIET_DAY = { blockMs: 10 * MINUTE }

function executed(keeper: Keeper): number {
  return keeper.world.journal.submissionsExecuted(keeper.channelId)
}

describe('a request that executes after its client gave up', () => {
  test('inside the auth window it is waited for, and found on chain', async () => {
    const keeper = await startKeeper()
    keeper.node.fault({ type: 'late', ms: 55_000 })
    const { id } = await keeper.post()
    await keeper.run(30_000)
    expect((await keeper.splice(id)).attempts[0]?.result?.type).toBe('unknown')
    const settled = await keeper.until(id, ['settled'])
    expect(settled.attempts).toHaveLength(1)
    expect(keeper.payouts).toBe(1)
  })

  test('after the auth window the node refuses it, and the resubmission is the only one', async () => {
    const keeper = await startKeeper()
    keeper.node.fault({ type: 'late', ms: 90_000 })
    const { id } = await keeper.post()
    await keeper.until(id, ['settled'])
    await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })

  test('a lost reply is never followed by a second payment', async () => {
    const keeper = await startKeeper()
    keeper.node.fault({ type: 'lose_reply' })
    const { id } = await keeper.post()
    const settled = await keeper.until(id, ['settled'])
    expect(settled.attempts).toHaveLength(1)
    expect(keeper.payouts).toBe(1)
  })
})

test('two workers at once', async () => {
  const keeper = await startKeeper()
  const { id } = await keeper.post()
  const options = { policy: keeper.policy, mayAct: true, shared: null }
  await Promise.all(Array.from({ length: 8 }, async () => drive(id, keeper.ports, options)))
  expect(executed(keeper)).toBe(1)
  const settled = await keeper.until(id, ['settled'])
  expect(settled.attempts).toHaveLength(1)
  expect(keeper.payouts).toBe(1)
  expect((await keeper.log(id)).filter((type) => type === 'splice.submitted')).toHaveLength(1)
})

test('two workers on two splices of one channel: the second waits for the lease', async () => {
  const keeper = await startKeeper()
  const first = await keeper.post()
  const second = await keeper.post({ amountSats: 60_000 })
  await keeper.run(2 * MINUTE)
  expect((await keeper.splice(second.id)).state).toBe('queued')
  expect((await keeper.splice(second.id)).waitingFor?.code).toBe('channel_queue')
  await keeper.until(first.id, ['settled'])
  await keeper.until(second.id, ['settled'])
  expect(keeper.payouts).toBe(1)
  expect(keeper.world.journal.effectivePayouts(SCRIPT, 60_000)).toBe(1)
})

describe('a node without the overlap guard', () => {
  test('a node without the overlap guard and a second contribution waiting on the lock', async () => {
    const keeper = await startKeeper({ overlapGuard: false })
    // Ours joins the peer's round as acceptor: LDK hides it as a prior contribution, so a resubmission would be queued.
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(MINUTE)
    keeper.node.connectPeer()
    keeper.node.peerSplice(keeper.channelId, { amountSats: 100_000, mergeOurs: true })
    await keeper.until(id, ['settled'])
    await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })

  test('at most two attempts that are not dead are ever sent', async () => {
    const keeper = await startKeeper({ overlapGuard: false, relay: false })
    keeper.node.fault({ type: 'drop' }, 'always')
    const { id } = await keeper.post({ budget: budget({ maxAttempts: 10 }) })
    await keeper.run(10 * 60 * MINUTE)
    const splice = await keeper.splice(id)
    expect(splice.attempts).toHaveLength(2)
    expect(splice.waitingFor?.code).toBe('overlap')
  })
})

describe("the peer's splice locking first with ours queued behind it", () => {
  for (const overlapGuard of [true, false]) {
    test(`ours runs on the new funding, once (${overlapGuard ? 'with' : 'without'} the overlap guard)`, async () => {
      const keeper = await startKeeper({ overlapGuard })
      keeper.node.disconnectPeer()
      const { id } = await keeper.post()
      await keeper.run(MINUTE)
      keeper.node.connectPeer()
      keeper.node.peerSplice(keeper.channelId, { amountSats: 100_000, mergeOurs: false, initiator: 'peer' })
      await keeper.until(id, ['settled', 'needs_attention'], 24 * 60 * MINUTE)
      await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
      expect(keeper.payouts).toBe(1)
      expect((await keeper.splice(id)).state).toBe('settled')
    })
  }

  test('where ours was lost behind it, nothing is sent before that is proven', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(2 * MINUTE)
    keeper.node.restart()
    keeper.node.connectPeer()
    keeper.node.peerSplice(keeper.channelId, { amountSats: 100_000, mergeOurs: false })
    const settled = await keeper.until(id, ['settled', 'needs_attention'], 24 * 60 * MINUTE)
    expect(settled.state).toBe('settled')
    expect(settled.timeline.map((line) => line.why)).toContain('attempt 2 on a new funding outpoint')
    await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
    expect(keeper.payouts).toBe(1)
  })
})

describe('zero-conf', () => {
  const node = { channels: [{ lockDepth: 0 }] }

  test('a taken splice is never sent again while it may be alive', async () => {
    const keeper = await startKeeper({ node, relay: false })
    keeper.node.fault({ type: 'lose_reply' })
    const { id } = await keeper.post()
    await keeper.until(id, ['settled'])
    await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })

  test('a lost one is sent again only once it is proven dead', async () => {
    const keeper = await startKeeper({ node })
    keeper.node.fault({ type: 'drop' })
    const { id } = await keeper.post()
    await keeper.run(60 * MINUTE)
    expect((await keeper.splice(id)).waitingFor?.code).toBe('zero_conf')
    expect(executed(keeper)).toBe(0)
    keeper.node.restart()
    await keeper.until(id, ['settled'])
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })
})

test('a node restored from backup', async () => {
  const keeper = await startKeeper()
  keeper.node.saveBackup('old')
  const first = await keeper.post()
  await keeper.until(first.id, ['settled'])
  await keeper.sweep()
  keeper.node.restoreBackup('old')
  await keeper.sweep()
  const second = await keeper.post({ amountSats: 70_000 })
  await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
  const lease = await keeper.store.item('lease', keeper.channelId)
  expect(lease?.value.frozen?.cause).toContain('older funding outpoint')
  expect(executed(keeper)).toBe(1)
  expect((await keeper.splice(second.id)).state).not.toBe('settled')
  expect(keeper.payouts).toBe(1)
})

describe('our table restored from backup', () => {
  test('a live splice is not sent again: it needs attention, and its outcome is found on chain', async () => {
    const before = await startKeeper()
    before.node.disconnectPeer()
    const { id } = await before.post()
    const backup = await before.splice(id)
    const backupAt = before.world.now()
    await before.run(5 * MINUTE)
    before.node.connectPeer()
    await before.run(MINUTE)
    expect(executed(before)).toBe(1)

    const after = await restored(before, backup, backupAt)
    await after.run(10 * MINUTE)
    expect(executed(after)).toBe(1)
    expect(await after.log(id)).toContain('splice.needs_attention')
    expect((await after.until(id, ['settled'])).state).toBe('settled')
    expect(after.payouts).toBe(1)
  })

  test('an order that the backup does not know is not paid again', async () => {
    const before = await startKeeper()
    const backupAt = before.world.now()
    await before.run(10 * MINUTE, QUIET_DAY)
    const { id } = await before.post({}, 'order-7')
    await before.until(id, ['settled'])

    const after = await restored(before, null, backupAt)
    await after.post({}, 'order-7')
    await after.run(24 * 60 * MINUTE, QUIET_DAY)
    const again = await after.splice(id)
    expect(again.state).toBe('needs_attention')
    expect(again.attention?.code).toBe('attribution')
    expect(executed(after)).toBe(1)
    expect(after.payouts).toBe(1)
  })

  test('nothing is submitted before the guard is raised', async () => {
    const before = await startKeeper()
    const after = await startKeeper({ world: before.world })
    const item = await after.store.item('guard', '-')
    await after.store.putItem('guard', '-', { generation: 7, backupAt: null }, item?.version ?? 0)
    const { id } = await after.post()
    await after.run(60 * MINUTE)
    expect((await after.splice(id)).waitingFor?.code).toBe('generation')
    expect(executed(after)).toBe(0)
  })

  async function restored(
    before: Keeper,
    backup: Awaited<ReturnType<Keeper['splice']>> | null,
    backupAt: number,
  ): Promise<Keeper> {
    const after = new Keeper({ world: before.world, generation: 1, seed: 'restored' })
    after.backupAt = backupAt
    await after.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
    if (backup !== null) await after.store.create({ ...backup, version: 0 })
    await after.sweep()
    return after
  }
})

describe('a crash after settling', () => {
  test('before the lease is emptied and before the outcome is published: both are done later, once', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['confirmed'])
    const process = { notExecuted: false }
    const ports: Ports = { ...keeper.ports }
    const crashing: Ports = {
      ...ports,
      store: new Proxy(ports.store, {
        get(target, name, receiver) {
          if (process.notExecuted) throw new Error('the process is gone')
          const value: unknown = Reflect.get(target, name, receiver)
          if (name !== 'save' || typeof value !== 'function') return value
          return async (splice: Awaited<ReturnType<Keeper['splice']>>) => {
            const saved = await target.save(splice)
            if (saved?.state === 'settled') process.notExecuted = true
            return saved
          }
        },
      }),
    }
    keeper.ports = crashing
    for (let i = 0; i < 200 && !process.notExecuted; i++) await keeper.run(MINUTE, { blockMs: MINUTE })
    expect(process.notExecuted).toBe(true)
    const settled = await keeper.splice(id)
    expect(settled.state).toBe('settled')
    expect(settled.leaseHeld).toBe(true)
    expect(await keeper.log(id)).not.toContain('splice.settled')
    expect((await keeper.store.item('lease', keeper.channelId))?.value.holder).toBe(id)

    keeper.ports = ports
    await keeper.run(5 * MINUTE)
    expect((await keeper.store.item('lease', keeper.channelId))?.value.holder).toBeNull()
    expect((await keeper.log(id)).filter((type) => type === 'splice.settled')).toHaveLength(1)
    expect((await keeper.splice(id)).dueAt).toBeNull()
  })
})

test('the same order sent again under the same key after the end', async () => {
  const keeper = await startKeeper()
  const first = await keeper.post({}, 'order-9')
  await keeper.until(first.id, ['settled'])
  const again = await keeper.post({}, 'order-9')
  await keeper.run(24 * 60 * MINUTE, QUIET_DAY)
  expect(again.id).toBe(first.id)
  expect(again.state).toBe('settled')
  expect(executed(keeper)).toBe(1)
  expect(keeper.payouts).toBe(1)
})

test('an attempt that was journalled too long ago is not sent', async () => {
  const sent: SubmitRequest[] = []
  const keeper = await startKeeper()
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  const port = {
    ...alice.port,
    async submit(request: SubmitRequest): Promise<CommandResult> {
      sent.push(request)
      return { type: 'unknown', message: '' }
    },
  }
  let slow = 0
  keeper.ports = {
    ...keeper.ports,
    nodes: new Map([['alice', { ...alice, port }]]),
    clock: { now: () => keeper.world.now() + slow },
    store: {
      ...keeper.ports.store,
      save: async (splice) => {
        if (splice.state === 'submitted') slow = 20_000
        return keeper.store.save(splice)
      },
    },
  }
  const { id } = await keeper.post({ address: ADDRESS })
  await keeper.work()
  expect(sent).toEqual([])
  expect((await keeper.splice(id)).attempts[0]?.result).toMatchObject({ type: 'refused', class: 'not_now' })
})
