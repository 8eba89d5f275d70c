import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import { drive, type DriveOptions, type Driven } from '../../../core/drive/drive.ts'
import { REORGANISED } from '../../../core/splice/outcomes.ts'
import { channelKey, type ChannelLease } from '../../../core/ports/records.ts'
import type { NodePort } from '../../../core/ports/ports.ts'
import { ok } from '../../../core/values/result.ts'
import { freeLease } from '../../../core/drive/lease.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aSpliceAtRest, aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aSpliceId, FUNDING, NOW, policy, TIP } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, aSharedView, type Bench } from '../../../harness/ports/bench.ts'
import { aCandidate, anAttempt } from '../../../harness/records/attempts.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { aChannelSeen, aNodeSeen } from '../../../harness/records/states.ts'
import { aPendingSplice, FIRST, SECOND } from '../../../harness/records/bumps.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'
import { onChain } from '../../../harness/transactions.ts'
import { queueOf } from '../../../harness/records/queue.ts'

const ID = aLiveSplice().id
const CHANNEL = aLiveSplice().channelId

type Given = {
  readonly splice?: Splice
  readonly chain?: FakeChain
  readonly port?: Partial<NodePort>
  readonly options?: Partial<DriveOptions>
  readonly lease?: Partial<ChannelLease>
  readonly hooks?: MemoryHooks
  readonly before?: (bench: Bench) => Promise<unknown>
}
type World = {
  readonly came: Driven
  readonly bench: Bench
  readonly splice: Splice
  readonly lease: ChannelLease | null
}

async function driven(given: Given = {}): Promise<World> {
  const port = { ...fakeNode(() => ok(aLook())), ...given.port }
  const node = aConfiguredNode({ port, chain: given.chain ?? new FakeChain() })
  const bench = aBench({ nodes: [node], hooks: given.hooks ?? {} })
  await bench.store.create(given.splice ?? aLiveSplice())
  await bench.store.putItem('node', 'alice', aNodeSeen(), 0)
  await bench.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
  if (given.lease) await bench.store.putItem('lease', CHANNEL, { ...freeLease, ...given.lease }, 0)
  await given.before?.(bench)
  const came = await drive(ID, bench.ports, { policy, mayAct: true, shared: null, ...given.options })
  const splice = await bench.store.load(ID)
  if (splice === null) throw new Error('the splice is lost')
  return { came, bench, splice, lease: (await bench.store.item('lease', CHANNEL))?.value ?? null }
}

const unasked: Partial<NodePort> = {
  look: async () => {
    throw new Error('the node was asked')
  },
}
const isSave = (operation: Operation): boolean => operation.type === 'put' && operation.row.pk.startsWith('SPL#')

describe('what is not to be driven', () => {
  test('does not exist', async () => {
    expect(await drive(ID, aBench().ports, { policy, mayAct: true, shared: null })).toBe('missing')
  })

  test.each([
    [NOW - 1, 'changed_since_look'],
    [NOW, 'submitted'],
  ])('has changed since the look of the sweep: a look at %i', async (observedAt, came) => {
    const look = ok(aLook({ observedAt }))
    const splice = aLiveSplice({ updatedAt: NOW })
    expect((await driven({ splice, options: { shared: aSharedView({ look }) }, port: { ...unasked } })).came).toBe(came)
  })

  test('is at rest: nobody is asked, but for a reorg of its block', async () => {
    const splice = { ...aSpliceAtRest(), fundingHistory: [FUNDING] }
    expect(await driven({ splice, port: unasked })).toMatchObject({ came: 'idle' })
    await expect(driven({ splice, port: unasked, options: { reorged: true } })).rejects.toThrow('asked')
  })

  test('has ended but is still due: it is looked at', async () => {
    const splice = aLiveSplice({ state: 'cancelled', leaseHeld: true })
    await expect(driven({ splice, port: unasked })).rejects.toThrow('asked')
  })
})

describe('a splice whose gates are open', () => {
  test('is submitted by a worker, and the rows that decided are counted once each', async () => {
    const { came, splice, bench } = await driven()
    expect(came).toBe('submitted')
    expect(splice.attempts).toHaveLength(1)
    expect(bench.counts.get('decision.submit')).toBe(1)
  })

  test('counts as long unknown while an attempt of it has been for an hour, and nothing was seen', async () => {
    const attempts = [anAttempt({ startedAt: NOW - 3_600_000 })]
    const counted = async (splice: Partial<Splice>) =>
      (await driven({ splice: aSubmittedSplice({ attempts, ...splice }) })).bench.counts.get('splice.long_unknown')
    expect(await counted({})).toBe(1)
    expect(await counted({ attempts: [anAttempt({ startedAt: NOW - 3_599_999 })] })).toBeUndefined()
    expect(await counted({ state: 'pending', candidates: [aCandidate()] })).toBeUndefined()
  })

  test('is only hinted by a sweep, which sends nothing', async () => {
    const { came, splice, bench } = await driven({ options: { mayAct: false } })
    expect(came).toBe('idle')
    expect(splice.attempts).toEqual([])
    expect(bench.hints).toEqual([ID])
  })

  test('is hinted by a sweep only if there is something to send', async () => {
    const counting = aSubmittedSplice({ quietSince: NOW - 1_000, lastLookAt: NOW - 1_000 })
    const { bench } = await driven({ splice: counting, options: { mayAct: false } })
    expect(bench.hints).toEqual([])
  })

  test('of which a quiet begins to count asks to be woken when it has lasted long enough', async () => {
    const { bench, splice } = await driven({ splice: aSubmittedSplice(), options: { mayAct: false } })
    expect(splice.quietSince).toBe(NOW)
    expect([bench.hints, bench.hintDelaysMs]).toEqual([[ID], [policy.quietMs]])
  })

  test('is left alone where another writer was faster', async () => {
    const hooks = { before: (operation: Operation) => (isSave(operation) ? ('lost_race' as const) : null) }
    const world = await driven({
      splice: aSubmittedSplice(),
      hooks: { before: (operation) => (operation.serial > 5 ? hooks.before(operation) : null) },
    })
    expect(world.came).toBe('busy')
  })
})

test('one whose events are said, but not noted as said, is left for the next look', async () => {
  const world = await driven({
    splice: aPendingSplice(),
    chain: new FakeChain([onChain(FIRST, TIP)]),
    hooks: {
      before: (operation) =>
        isSave(operation) && JSON.stringify(operation).includes('"publishedThrough":1') ? 'lost_race' : null,
    },
  })
  expect(world.came).toBe('busy')
  expect(world.splice).toMatchObject({ state: 'confirmed', eventSerial: 1, publishedThrough: 0 })
})

describe('what follows from a step is carried out', () => {
  const back = {
    before: ({ store }: Bench) =>
      store.putItem('channel', channelKey('alice', CHANNEL), aChannelSeen({ earlier: [FUNDING] }), 0),
  }

  test('a channel is frozen before the record says so: a crash in between must not leave it open', async () => {
    const cause = 'the node reports an older funding outpoint than before, or is another node'
    const frozen = { cause, note: ID }
    const { lease } = await driven({ splice: aSubmittedSplice(), ...back })
    expect(lease?.frozen).toMatchObject(frozen)
    const lost = await driven({
      splice: aSubmittedSplice(),
      ...back,
      hooks: { before: (operation) => (operation.serial > 6 && isSave(operation) ? 'lost_race' : null) },
    })
    expect(lost.lease?.frozen).toMatchObject(frozen)
  })

  test('an alarm is given when a splice needs attention', async () => {
    const stuck = aSubmittedSplice({ foreignSinceHeight: 1 })
    const moved = `${FIRST.txid}:0`
    const rival = new FakeChain([onChain(FIRST, 100)])
    const look = ok(aLook({ channels: [aChannel({ funding: moved })] }))
    const { splice, bench } = await driven({
      splice: { ...stuck, script: '00' },
      chain: rival,
      port: { look: async () => look },
    })
    expect(splice.state).toBe('needs_attention')
    expect(bench.alarms).toContain(splice.attention?.message)
    expect(bench.alarmed).toContainEqual({ spliceId: ID, node: 'alice' })
  })

  test('events are published, and the record says through which', async () => {
    const { splice, bench } = await driven({
      splice: aPendingSplice(),
      chain: new FakeChain([onChain(FIRST, TIP)]),
    })
    expect(splice.state).toBe('confirmed')
    expect((await bench.store.eventsAfter('acme', 0, 10)).map(({ type }) => type)).toEqual(['splice.confirmed'])
    expect(splice.publishedThrough).toBe(splice.eventSerial)
  })

  test('an unseen transaction is broadcast again, unless the splice was given up', async () => {
    const kept = (bench: Bench) => bench.store.putItem('rawTransaction', FIRST.txid, { hex: FIRST.hex }, 0)
    const live = new FakeChain()
    await driven({ splice: aPendingSplice(), chain: live, before: kept })
    expect(live.calls).toContain('broadcast')
    for (const [splice, chain] of [
      [aPendingSplice({ state: 'failed', leaseHeld: true }), new FakeChain()],
      [aPendingSplice(), new FakeChain([onChain(FIRST)])],
    ] as const) {
      await driven({ splice, chain, before: kept })
      expect(chain.calls).not.toContain('broadcast')
    }
  })

  test('a transaction without our effect goes into the ledger', async () => {
    const { bench } = await driven({
      splice: aSubmittedSplice(),
      chain: new FakeChain([onChain(SECOND, 190)]),
    })
    expect((await bench.store.item('tx', SECOND.txid))?.value).toEqual({
      paymentId: SECOND.txid,
      foreign: true,
    })
  })
})

describe('the lease of one that has ended', () => {
  const next = aSpliceId(2)
  const cancelled = aLiveSplice({ state: 'cancelled', leaseHeld: true, attempts: [], watch: null })

  test('is given back, and the next one hinted', async () => {
    const { splice, lease, bench } = await driven({
      splice: cancelled,
      lease: { holder: ID, queue: queueOf(ID, next) },
    })
    expect(lease).toMatchObject({ holder: null, queue: queueOf(next) })
    expect(splice).toMatchObject({ leaseHeld: false, dueAt: null })
    expect(bench.hints).toEqual([next])
  })

  test('is kept while an attempt of it is alive', async () => {
    const failed: Splice = { ...cancelled, state: 'failed', attempts: [anAttempt()] }
    const { splice, lease } = await driven({ splice: failed, lease: { holder: ID } })
    expect(lease?.holder).toBe(ID)
    expect(splice.leaseHeld).toBe(true)
  })

  test('is not asked for where it was given back before', async () => {
    const watch = { from: FUNDING, untilHeight: TIP + 1 }
    const { splice, lease } = await driven({
      splice: { ...cancelled, leaseHeld: false, watch },
      lease: { holder: ID },
    })
    expect(splice.watch).toEqual(watch)
    expect(lease?.holder).toBe(ID)
  })

  test('so is a place in the line, when its end is published', async () => {
    const waiting = aLiveSplice({
      state: 'cancelled',
      events: [{ n: 1, type: 'splice.cancelled', at: NOW, epoch: 0 }],
      eventSerial: 1,
    })
    const { splice, lease } = await driven({ splice: waiting, lease: { queue: queueOf(ID) } })
    expect(lease?.queue).toEqual([])
    expect(splice.publishedThrough).toBe(1)
  })

  test.each<[string, number, string, boolean]>([
    ['after a reorg is thawed', 1, REORGANISED, true],
    ['after a reorg stays frozen for another cause', 1, 'a second output', false],
    ['without a reorg stays frozen', 0, REORGANISED, false],
  ])('%s', async (_says, epoch, cause, thawed) => {
    const { lease } = await driven({
      splice: { ...cancelled, epoch },
      lease: { holder: ID, frozen: { cause, at: 1, note: ID } },
    })
    expect(lease?.frozen === null).toBe(thawed)
  })

  test('of one that is live stays, whatever the epoch', async () => {
    const { lease } = await driven({
      splice: aSubmittedSplice({ epoch: 1 }),
      lease: { holder: ID, frozen: { cause: REORGANISED, at: 1, note: ID } },
    })
    expect(lease).toMatchObject({ holder: ID, frozen: { cause: REORGANISED } })
  })

  test('one that waits with its gates shut stands aside for the next', async () => {
    const later = aLiveSplice({ notBefore: NOW + 1 })
    const { came, lease } = await driven({ splice: later, lease: { queue: queueOf(ID, next) } })
    expect(came).toBe('idle')
    expect(lease?.queue.map(({ passes }) => passes)).toEqual([true, false])
  })
})
