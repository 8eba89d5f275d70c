import { describe, expect, test } from 'vitest'
import type { Fault, MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import type { ChannelLease } from '../../../core/ports/records.ts'
import {
  acquireLease,
  freezeChannel,
  reenterQueue,
  releaseLease,
  yieldLease,
  unfreezeChannel,
} from '../../../core/drive/channel-lease.ts'
import { entryOf, freeLease } from '../../../core/drive/lease.ts'
import type { GateReading } from '../../../core/decision/gate.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aSpliceId, NOW } from '../../../harness/values.ts'
import { aBench, type Bench } from '../../../harness/ports/bench.ts'
import { aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aQueueEntry, queueOf } from '../../../harness/records/queue.ts'

const KEY = 'c'.repeat(64)
const [ME, OTHER, THIRD] = [aSpliceId(1), aSpliceId(2), aSpliceId(3)]

/** A lease, with the ids of the splices that stand in its queue besides the holder. */
type TestLease = Omit<ChannelLease, 'queue'> & { readonly waiting: readonly string[] }

const free: TestLease = { holder: null, waiting: [], frozen: null }

async function leaseOf(bench: Bench): Promise<TestLease | null> {
  const item = await bench.store.item('lease', KEY)
  if (item === null) return null
  const { queue, ...lease } = item.value
  return { ...lease, waiting: queue.map(({ id }) => id).filter((id) => id !== lease.holder) }
}

/** A splice with an effect that no other has. */
const named = (id: string): Splice => aLiveSplice({ id, amountSats: 10_000 + Number.parseInt(id.slice(-6), 16) })

async function acquire(bench: Bench, id: string): Promise<string> {
  return acquireLease(KEY, named(id), await bench.store.item('lease', KEY), bench.ports)
}

async function given(bench: Bench, { waiting = [], ...lease }: Partial<TestLease>): Promise<void> {
  const holder = typeof lease.holder === 'string' ? [lease.holder] : []
  const queue = queueOf(...holder, ...waiting)
  await bench.store.putItem('lease', KEY, { ...freeLease, ...lease, queue }, 0)
}

async function stored(bench: Bench, id: string, overrides: Partial<Splice> = {}): Promise<void> {
  await bench.store.create(aLiveSplice({ id, ...overrides }))
}

async function storedAs(bench: Bench, id: string, overrides: Partial<Splice> = {}): Promise<Splice> {
  return (await bench.store.create(aLiveSplice({ id, ...overrides }))).splice
}

const frozen = { cause: 'a second output', at: 1, note: '' }
const OUT_OF_MONEY = { name: 'channel', shut: { code: 'balance', message: '' } } as const
const PEER_AWAY = { name: 'channel', shut: { code: 'peer_away', message: '' } } as const

describe('to acquire a lease', () => {
  test('nobody holds it: it is enlisted for, and taken', async () => {
    const bench = aBench()
    await stored(bench, ME)
    expect(await acquire(bench, ME)).toBe('mine')
    expect(await leaseOf(bench)).toEqual({ ...free, holder: ME })
  })

  test('a holder from before writes the lease once more, so that no older look gives it away', async () => {
    const bench = aBench()
    await given(bench, { holder: ME })
    const before = await bench.store.item('lease', KEY)
    expect(await acquire(bench, ME)).toBe('mine')
    const after = await bench.store.item('lease', KEY)
    expect(after).toEqual({ ...before, version: (before?.version ?? 0) + 1 })
    await yieldLease(await storedAs(bench, ME), KEY, before, OUT_OF_MONEY, bench.ports)
    expect((await leaseOf(bench))?.holder).toBe(ME)
  })

  test('an old look in which nobody had it does not take it from whoever has it now', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await stored(bench, OTHER)
    const before = await bench.store.item('lease', KEY)
    await given(bench, { holder: OTHER })
    expect(await acquireLease(KEY, named(ME), before, bench.ports)).toBe('waiting')
    expect(await leaseOf(bench)).toMatchObject({ holder: OTHER, waiting: [ME] })
  })

  test('an old look in which it was ours does not bring it back', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await stored(bench, OTHER)
    await given(bench, { holder: ME })
    const before = await bench.store.item('lease', KEY)
    await releaseLease(KEY, ME, bench.ports)
    await acquire(bench, OTHER)
    expect(await acquireLease(KEY, named(ME), before, bench.ports)).toBe('waiting')
    expect((await leaseOf(bench))?.holder).toBe(OTHER)
  })

  test('a freeze since the look is seen', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await given(bench, {})
    const before = await bench.store.item('lease', KEY)
    await freezeChannel(KEY, 'an alarm', OTHER, bench.ports)
    expect(await acquireLease(KEY, named(ME), before, bench.ports)).toBe('frozen')
    expect((await leaseOf(bench))?.holder).toBeNull()
  })

  test('one that waits already writes nothing', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await stored(bench, OTHER)
    await given(bench, { holder: OTHER, waiting: [ME] })
    expect(await acquire(bench, ME)).toBe('waiting')
    expect((await bench.store.item('lease', KEY))?.version).toBe(1)
  })

  const ended = { dueAt: null }
  const unproven: Partial<Splice> = {
    state: 'failed',
    attempts: [aNotExecutedAttempt(), anAttempt({ number: 2 })],
  }
  const holders: (readonly [string, Partial<Splice> | null, boolean])[] = [
    ['missing', null, true],
    ['queued', {}, false],
    ['submitted', { state: 'submitted', attempts: [anAttempt()] }, false],
    ['in need of attention', { state: 'needs_attention' }, false],
    ['settled', { ...ended, state: 'settled' }, true],
    ['cancelled', { ...ended, state: 'cancelled' }, true],
    ['failed, with every attempt dead', { ...ended, state: 'failed', attempts: [aNotExecutedAttempt()] }, true],
    ['failed, with an attempt alive', { ...ended, ...unproven }, false],
  ]
  test.each(holders)('the holder is %s', async (_says, holder, free) => {
    const bench = aBench()
    if (holder !== null) await stored(bench, OTHER, holder)
    await given(bench, { holder: OTHER })
    expect(await acquire(bench, ME)).toBe(free ? 'mine' : 'waiting')
    expect(await leaseOf(bench)).toMatchObject(free ? { holder: ME, waiting: [] } : { holder: OTHER, waiting: [ME] })
  })

  const heads: (readonly [string, Partial<Splice> | null, boolean])[] = [
    ['missing', null, true],
    ['cancelled', { ...ended, state: 'cancelled' }, true],
    ['failed', { ...ended, state: 'failed' }, true],
    ['settled', { ...ended, state: 'settled' }, true],
    ['queued', {}, false],
    ['in need of attention', { state: 'needs_attention' }, false],
  ]
  test.each(heads)('the head of the line is %s', async (_says, head, gone) => {
    const bench = aBench()
    if (head !== null) await stored(bench, OTHER, head)
    await given(bench, { waiting: [OTHER, ME] })
    expect(await acquire(bench, ME)).toBe(gone ? 'mine' : 'waiting')
    expect(await leaseOf(bench)).toMatchObject(
      gone ? { holder: ME, waiting: [] } : { holder: null, waiting: [OTHER, ME] },
    )
  })

  test('several heads that are gone are removed one after the other', async () => {
    const bench = aBench()
    await given(bench, { waiting: [OTHER, THIRD, ME] })
    expect(await acquire(bench, ME)).toBe('mine')
  })

  test('a frozen channel gives its lease to nobody, not even to its holder', async () => {
    const bench = aBench()
    await given(bench, { holder: ME, frozen })
    expect(await acquire(bench, ME)).toBe('frozen')
    expect(await acquire(bench, OTHER)).toBe('frozen')
    expect((await leaseOf(bench))?.waiting).toEqual([])
  })

  test('a full queue has no room for one that is not in it', async () => {
    const bench = aBench()
    const queue = Array.from({ length: 120 }, (_, n) =>
      aQueueEntry({ id: aSpliceId(n + 10), amountSats: n + 1, enteredAt: NOW }),
    )
    await bench.store.putItem('lease', KEY, { ...freeLease, queue }, 0)
    expect(await acquire(bench, ME)).toBe('full')
    expect((await bench.store.item('lease', KEY))?.value.queue).toEqual(queue)
    expect(await acquire(bench, aSpliceId(60)), 'one that stands in it').toBe('waiting')
  })

  test('a full queue whose splices have ended makes room, or nobody ever would', async () => {
    const bench = aBench()
    await given(bench, { waiting: Array.from({ length: 120 }, (_, n) => aSpliceId(n + 10)) })
    expect(await acquire(bench, ME)).toBe('mine')
    expect(await leaseOf(bench)).toMatchObject({ holder: ME, waiting: [] })
  })

  test('an entry whose splice may still be written is not removed', async () => {
    const bench = aBench()
    await stored(bench, ME)
    const queue = [aQueueEntry({ id: OTHER, enteredAt: NOW - 60_000 }), aQueueEntry({ id: ME })]
    await bench.store.putItem('lease', KEY, { ...freeLease, queue }, 0)
    expect(await acquire(bench, ME)).toBe('waiting')
    bench.now += 1
    expect(await acquire(bench, ME)).toBe('mine')
  })

  test('those before it that let it pass stay where they are', async () => {
    const bench = aBench()
    const queue = [aQueueEntry({ id: OTHER, passes: true }), aQueueEntry({ id: ME, passes: true })]
    await bench.store.putItem('lease', KEY, { ...freeLease, queue }, 0)
    expect(await acquire(bench, ME)).toBe('mine')
    expect((await bench.store.item('lease', KEY))?.value).toMatchObject({
      holder: ME,
      queue: [
        { id: OTHER, passes: true },
        { id: ME, passes: false },
      ],
    })
  })

  test('one that let others pass is next when its gates have opened', async () => {
    const bench = aBench()
    await stored(bench, THIRD, { state: 'submitted', attempts: [anAttempt()] })
    const queue = [aQueueEntry({ id: ME, passes: true }), aQueueEntry({ id: THIRD })]
    await bench.store.putItem('lease', KEY, { ...freeLease, holder: THIRD, queue }, 0)
    expect(await acquire(bench, ME)).toBe('waiting')
    expect((await bench.store.item('lease', KEY))?.value.queue[0]).toMatchObject({ id: ME, passes: false })
  })

  test('the script that the node gave is in the queue, too', async () => {
    const bench = aBench()
    await given(bench, { waiting: [ME] })
    await acquire(bench, ME)
    const { script } = named(ME)
    expect((await bench.store.item('lease', KEY))?.value.queue).toMatchObject([{ id: ME, script }])
  })

  describe('one that is not in the queue, with an equal one there', () => {
    const equal = { ...entryOf(named(ME), NOW), id: OTHER }
    const late = async (other: Partial<Splice> | null, mine: Partial<Splice> = {}, enteredAt = NOW) => {
      const bench = aBench()
      if (other !== null) await stored(bench, OTHER, other)
      await bench.store.putItem('lease', KEY, { ...freeLease, queue: [{ ...equal, enteredAt }] }, 0)
      const seen = await bench.store.item('lease', KEY)
      const came = await acquireLease(KEY, { ...named(ME), ...mine }, seen, bench.ports)
      return [came, (await bench.store.item('lease', KEY))?.value.queue.map(({ id }) => id)]
    }

    test('that is live, is a duplicate', async () => expect(await late({})).toEqual(['duplicate', [OTHER]]))
    test('that has ended, takes its place', async () =>
      expect(await late({ state: 'cancelled', dueAt: null })).toEqual(['mine', [ME]]))
    test('that may still be written, waits', async () => expect(await late(null)).toEqual(['waiting', [OTHER]]))
    test('that was never written, takes its place', async () =>
      expect(await late(null, {}, NOW - 60_001)).toEqual(['mine', [ME]]))
    test('enters all the same where it has attempts', async () =>
      expect(await late({}, { attempts: [aNotExecutedAttempt()] })).toEqual(['waiting', [OTHER, ME]]))
  })
})

/** Another writer, once, before the nth write to the lease; or a fault of that write. */
function atWrite(n: number, act: (bench: Bench) => Promise<unknown>): Bench {
  let writes = 0
  const hooks: MemoryHooks = {
    before: async (operation) => {
      if (isSlotWrite(operation) && (writes += 1) === n) await act(bench)
      return null
    },
  }
  const bench = aBench({ hooks })
  return bench
}

function faulty(fault: Fault, times: number): MemoryHooks {
  let left = times
  return { before: (operation) => (isSlotWrite(operation) && left-- > 0 ? fault : null) }
}

function isSlotWrite(operation: Operation): boolean {
  return operation.type === 'put' && operation.row.pk.startsWith('LEASE#')
}

describe('a race for the lease has one winner', () => {
  test('another takes it just before our write', async () => {
    const bench = atWrite(2, async () => acquire(bench, OTHER))
    await stored(bench, ME)
    await stored(bench, OTHER)
    await given(bench, { waiting: [THIRD] })
    const answer = await acquire(bench, ME)
    const lease = await leaseOf(bench)
    expect(answer === 'mine').toBe(lease?.holder === ME)
    expect([lease?.holder, ...(lease?.waiting ?? [])].sort()).toEqual([ME, OTHER].sort())
  })

  test('another freezes it just before our write', async () => {
    const bench = atWrite(2, async () => freezeChannel(KEY, 'an alarm', ME, bench.ports))
    await stored(bench, ME)
    await given(bench, { waiting: [THIRD] })
    expect(await acquire(bench, ME)).toBe('frozen')
    expect((await leaseOf(bench))?.holder).toBeNull()
  })

  test('another leaves just before we wait: the lease is ours', async () => {
    const bench = atWrite(2, async () => releaseLease(KEY, OTHER, bench.ports))
    await stored(bench, ME)
    await stored(bench, OTHER)
    await given(bench, { holder: OTHER })
    expect(await acquire(bench, ME)).toBe('mine')
  })

  test('writes that lose every race say so, and never end in a lease', async () => {
    const bench = aBench({ hooks: faulty('lost_race', 1_000) })
    await stored(bench, ME)
    await expect(acquire(bench, ME)).rejects.toThrow('contended')
    expect(await leaseOf(bench)).toBeNull()
  })

  test('a write whose answer was lost is ours, once', async () => {
    const bench = aBench({ hooks: faulty('lost_response', 2) })
    await stored(bench, ME)
    expect(await acquire(bench, ME)).toBe('mine')
    expect(await leaseOf(bench)).toEqual({ ...free, holder: ME })
  })

  test('a crash before the lease was taken leaves it to whoever comes back', async () => {
    const bench = aBench({ hooks: faulty('throttle', 1) })
    await stored(bench, ME)
    await expect(acquire(bench, ME)).rejects.toThrow('throttle')
    expect(await acquire(bench, ME)).toBe('mine')
  })
})

describe('to leave a lease', () => {
  test('the holder leaves, and the next in line is hinted', async () => {
    const bench = aBench()
    await given(bench, { holder: ME, waiting: [OTHER, THIRD] })
    await releaseLease(KEY, ME, bench.ports)
    expect(await leaseOf(bench)).toMatchObject({ holder: null, waiting: [OTHER, THIRD] })
    expect(bench.hints).toEqual([OTHER])
  })

  test('one in the line leaves, and nobody is hinted while the holder stays', async () => {
    const bench = aBench()
    await given(bench, { holder: THIRD, waiting: [ME, OTHER] })
    await releaseLease(KEY, ME, bench.ports)
    expect(await leaseOf(bench)).toMatchObject({ holder: THIRD, waiting: [OTHER] })
    expect(bench.hints).toEqual([])
  })

  test('the head leaves a free lease, and the new head is hinted', async () => {
    const bench = aBench()
    await given(bench, { waiting: [ME, OTHER] })
    await releaseLease(KEY, ME, bench.ports)
    expect(bench.hints).toEqual([OTHER])
  })

  test('who stands in neither writes nothing and hints nobody', async () => {
    const bench = aBench()
    await releaseLease(KEY, ME, bench.ports)
    expect(await leaseOf(bench)).toBeNull()
    await given(bench, { waiting: [OTHER] })
    const version = (await bench.store.item('lease', KEY))?.version
    await releaseLease(KEY, ME, bench.ports)
    expect((await bench.store.item('lease', KEY))?.version).toBe(version)
    expect(bench.hints).toEqual([])
  })

  test('who enlists at the same time is kept, and hinted', async () => {
    const bench = atWrite(2, async () => acquire(bench, OTHER))
    await stored(bench, OTHER)
    await bench.store.create(aSubmittedSplice({ id: ME }))
    await given(bench, { holder: ME })
    await releaseLease(KEY, ME, bench.ports)
    expect(await leaseOf(bench)).toMatchObject({ holder: null, waiting: [OTHER] })
    expect(bench.hints).toEqual([OTHER])
  })

  test('what cannot be left now is not said to be left', async () => {
    let contended = false
    const bench = aBench({
      hooks: { before: (operation) => (contended && isSlotWrite(operation) ? 'lost_race' : null) },
    })
    await given(bench, { holder: ME })
    contended = true
    await expect(releaseLease(KEY, ME, bench.ports)).rejects.toThrow('contended')
    expect((await leaseOf(bench))?.holder).toBe(ME)
  })
})

describe('to freeze a channel', () => {
  test('its holder and line stay, an alarm is given, and the first cause stands', async () => {
    const bench = aBench()
    await given(bench, { holder: ME, waiting: [OTHER] })
    await freezeChannel(KEY, 'first', ME, bench.ports)
    bench.now += 1_000
    await freezeChannel(KEY, 'second', ME, bench.ports)
    expect(await leaseOf(bench)).toEqual({
      holder: ME,
      waiting: [OTHER],
      frozen: { cause: 'first', at: bench.now - 1_000, note: ME },
    })
    expect(bench.alarms).toEqual(['channel frozen'])
    expect(bench.alarmed).toEqual([{ lease: KEY, cause: 'first' }])
  })

  test('a channel that nobody ever asked for is frozen too', async () => {
    const bench = aBench()
    await freezeChannel(KEY, 'first', ME, bench.ports)
    expect((await leaseOf(bench))?.frozen?.cause).toBe('first')
  })

  test('who takes the lease at the same time keeps it, frozen', async () => {
    const bench = atWrite(1, async () => acquire(bench, OTHER))
    await stored(bench, OTHER)
    await freezeChannel(KEY, 'first', ME, bench.ports)
    expect(await leaseOf(bench)).toMatchObject({ holder: OTHER, frozen: { cause: 'first' } })
  })

  test('what cannot be frozen now is not said to be frozen', async () => {
    const bench = aBench({ hooks: faulty('lost_race', 1_000) })
    await expect(freezeChannel(KEY, 'first', ME, bench.ports)).rejects.toThrow('contended')
    expect(bench.alarms).toEqual([])
  })
})

describe('to thaw a channel', () => {
  test.each([
    ['its own cause and its own splice', 'first', ME, false],
    ['another cause', 'second', ME, true],
    ['another splice', 'first', OTHER, true],
  ])('%s', async (_says, cause, id, still) => {
    const bench = aBench()
    await freezeChannel(KEY, 'first', ME, bench.ports)
    await unfreezeChannel(KEY, cause, id, bench.ports)
    expect((await leaseOf(bench))?.frozen !== null).toBe(still)
  })

  test('what is not frozen, or not there, is left alone', async () => {
    const bench = aBench()
    await unfreezeChannel(KEY, 'first', ME, bench.ports)
    expect(await leaseOf(bench)).toBeNull()
    await given(bench, { holder: ME })
    await unfreezeChannel(KEY, 'first', ME, bench.ports)
    expect((await bench.store.item('lease', KEY))?.version).toBe(1)
  })
})

describe('one whose gate is shut makes room', () => {
  const queued = aLiveSplice({ id: ME })
  async function aside(lease: Partial<ChannelLease> | null, { splice = queued, first, hooks = {} }: Aside = {}) {
    const bench = aBench({ hooks })
    const { splice: created } = await bench.store.create(splice)
    if (lease !== null) await bench.store.putItem('lease', KEY, { ...freeLease, ...lease }, 0)
    await yieldLease(created, KEY, await bench.store.item('lease', KEY), first ?? OUT_OF_MONEY, bench.ports)
    const item = await bench.store.item('lease', KEY)
    return { bench, lease: item?.value ?? null, version: (await bench.store.load(ME))?.version }
  }
  type Aside = {
    readonly splice?: Splice
    readonly first?: GateReading
    readonly hooks?: MemoryHooks
  }
  const held = { holder: ME, queue: queueOf(ME, OTHER) }
  const passing = {
    holder: null,
    queue: [
      { id: ME, passes: true },
      { id: OTHER, passes: false },
    ],
  }

  test('the holder lets others pass, its record written first', async () => {
    const world = await aside(held)
    expect(world.lease).toMatchObject(passing)
    expect(world.bench.hints).toEqual([OTHER])
    expect(world.version).toBe(2)
  })

  test('the first in the queue lets others pass: nobody can have journalled for it', async () => {
    const world = await aside({ queue: queueOf(ME, OTHER) })
    expect(world.lease).toMatchObject(passing)
    expect(world.bench.hints).toEqual([OTHER])
    expect(world.version).toBe(1)
  })

  const own: GateReading[] = [
    OUT_OF_MONEY,
    { name: 'budget', shut: { code: 'fee_ceiling', message: '' } },
    { name: 'no_earlier_effect', shut: { code: 'attribution', message: '' } },
  ]
  test.each(own)('lets others pass where the gate is its own: $name', async (first) =>
    expect((await aside(held, { first })).lease).toMatchObject(passing),
  )

  const shared: GateReading[] = [
    PEER_AWAY,
    { name: 'node', shut: { code: 'node_unreachable', message: '' } },
    { name: 'funding_unspent', shut: { code: 'chain', message: '' } },
    { name: 'no_candidate', shut: { code: 'node_busy', message: '' } },
  ]
  test.each(shared)('only gives up the lease where all would wait: $name, $shut.code', async (first) => {
    const world = await aside(held, { first })
    expect(world.lease).toEqual({ ...freeLease, ...held, holder: null })
    expect(world.bench.hints).toEqual([])
    expect((await aside({ queue: queueOf(ME, OTHER) }, { first })).lease?.queue).toEqual(queueOf(ME, OTHER))
  })

  test.each<Partial<Splice>>([{ notBefore: NOW + 1 }, { nextAttemptAt: NOW + 1 }])(
    'lets others pass while it waits for its own time, whatever else is shut: %o',
    async (overrides) => {
      const splice = aLiveSplice({ id: ME, ...overrides })
      expect((await aside(held, { splice, first: PEER_AWAY })).lease).toMatchObject(passing)
    },
  )

  test('one that needs attention lets others pass, unless it has the lease', async () => {
    const splice = aLiveSplice({ id: ME, state: 'needs_attention' })
    expect((await aside({ queue: queueOf(ME, OTHER) }, { splice })).lease).toMatchObject(passing)
    expect((await aside(held, { splice })).lease).toEqual({ ...freeLease, ...held })
  })

  test.each<[string, Partial<ChannelLease> | null, Splice]>([
    ['it is nowhere in it', { holder: THIRD, queue: queueOf(THIRD, OTHER) }, queued],
    ['it lets others pass already', { queue: [aQueueEntry({ id: ME, passes: true })] }, queued],
    ['nobody has a lease', null, queued],
    ['it has been submitted', held, aSubmittedSplice({ id: ME })],
    ['an attempt of it is alive', held, aLiveSplice({ id: ME, attempts: [anAttempt()] })],
  ])('but not where %s', async (_says, lease, splice) => {
    const world = await aside(lease, { splice })
    expect(world.lease).toEqual(lease === null ? null : { ...freeLease, ...lease })
    expect(world.version).toBe(1)
  })

  test('one whose attempts are all dead does', async () => {
    const splice = aLiveSplice({ id: ME, attempts: [aNotExecutedAttempt()] })
    expect((await aside(held, { splice })).lease?.holder).toBeNull()
  })

  test('but not where another process was faster to write its record: it may have journalled an attempt', async () => {
    const { lease } = await aside(held, {
      hooks: {
        before: (operation) =>
          operation.type === 'put' && operation.row.pk.startsWith('SPL#') && operation.condition !== 'absent'
            ? 'lost_race'
            : null,
      },
    })
    expect(lease?.holder).toBe(ME)
  })

  test('a lease that was written since the look is left alone', async () => {
    const bench = aBench()
    const splice = await storedAs(bench, ME)
    await bench.store.putItem('lease', KEY, { ...freeLease, ...held }, 0)
    const seen = await bench.store.item('lease', KEY)
    await acquire(bench, ME)
    await yieldLease(splice, KEY, seen, OUT_OF_MONEY, bench.ports)
    expect(await leaseOf(bench)).toMatchObject({ holder: ME, waiting: [OTHER] })
    expect(bench.hints).toEqual([])
  })
})

describe('one that comes back to life', () => {
  test('enters the queue once, and lets others pass', async () => {
    const bench = aBench()
    await given(bench, { waiting: [OTHER] })
    await reenterQueue(KEY, named(ME), bench.ports)
    await reenterQueue(KEY, named(ME), bench.ports)
    const { queue } = (await bench.store.item('lease', KEY))?.value ?? freeLease
    expect(queue).toMatchObject([
      { id: OTHER, passes: false },
      { id: ME, passes: true },
    ])
  })
})
