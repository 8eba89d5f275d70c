import { describe, expect, test } from 'vitest'
import type { Fault, MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import type { ChannelLease } from '../../../core/ports/records.ts'
import {
  acquireLease,
  freezeChannel,
  releaseUnchanged,
  releaseLease,
  yieldLease,
  unfreezeChannel,
} from '../../../core/drive/channel-lease.ts'
import { freeLease } from '../../../core/drive/lease.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aSpliceId } from '../../../harness/values.ts'
import { aBench, type Bench } from '../../../harness/ports/bench.ts'
import { aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'

const KEY = 'c'.repeat(64)
const [ME, OTHER, THIRD] = [aSpliceId(1), aSpliceId(2), aSpliceId(3)]

async function slotOf(bench: Bench): Promise<ChannelLease | null> {
  return (await bench.store.item('lease', KEY))?.value ?? null
}

async function acquire(bench: Bench, id: string): Promise<string> {
  return acquireLease(KEY, id, await bench.store.item('lease', KEY), bench.store)
}

async function given(bench: Bench, lease: Partial<ChannelLease>): Promise<void> {
  await bench.store.putItem('lease', KEY, { ...freeLease, ...lease }, 0)
}

async function stored(bench: Bench, id: string, overrides: Partial<Splice> = {}): Promise<void> {
  await bench.store.create(aLiveSplice({ id, ...overrides }))
}

const frozen = { cause: 'a second output', at: 1, note: '' }

describe('to acquire a lease', () => {
  test('nobody holds it: it is enlisted for, and taken', async () => {
    const bench = aBench()
    await stored(bench, ME)
    expect(await acquire(bench, ME)).toBe('mine')
    expect(await slotOf(bench)).toEqual({ ...freeLease, holder: ME, turn: 1 })
  })

  test('a holder from before writes the lease once more, so that no older look gives it away', async () => {
    const bench = aBench()
    await given(bench, { holder: ME, turn: 7 })
    const before = await bench.store.item('lease', KEY)
    expect(await acquire(bench, ME)).toBe('mine')
    expect(await slotOf(bench)).toMatchObject({ holder: ME, turn: 8 })
    await releaseUnchanged(KEY, ME, before?.version ?? 0, bench.ports)
    expect((await slotOf(bench))?.holder).toBe(ME)
  })

  test('an old look in which nobody had it does not take it from whoever has it now', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await stored(bench, OTHER)
    const before = await bench.store.item('lease', KEY)
    await given(bench, { holder: OTHER })
    expect(await acquireLease(KEY, ME, before, bench.store)).toBe('waiting')
    expect(await slotOf(bench)).toMatchObject({ holder: OTHER, waiting: [ME] })
  })

  test('an old look in which it was ours does not bring it back', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await stored(bench, OTHER)
    await given(bench, { holder: ME })
    const before = await bench.store.item('lease', KEY)
    await releaseLease(KEY, ME, bench.ports)
    await acquire(bench, OTHER)
    expect(await acquireLease(KEY, ME, before, bench.store)).toBe('waiting')
    expect((await slotOf(bench))?.holder).toBe(OTHER)
  })

  test('a freeze since the look is seen', async () => {
    const bench = aBench()
    await stored(bench, ME)
    await given(bench, {})
    const before = await bench.store.item('lease', KEY)
    await freezeChannel(KEY, 'an alarm', OTHER, bench.ports)
    expect(await acquireLease(KEY, ME, before, bench.store)).toBe('frozen')
    expect((await slotOf(bench))?.holder).toBeNull()
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
    expect(await slotOf(bench)).toMatchObject(free ? { holder: ME, waiting: [] } : { holder: OTHER, waiting: [ME] })
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
    expect(await slotOf(bench)).toMatchObject(
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
    expect((await slotOf(bench))?.waiting).toEqual([])
  })

  test('a full line is left as it is', async () => {
    const bench = aBench()
    const waiting = Array.from({ length: 100 }, (_, n) => aSpliceId(n + 10))
    await stored(bench, aSpliceId(10))
    await given(bench, { waiting })
    expect(await acquire(bench, ME)).toBe('full')
    expect((await slotOf(bench))?.waiting).toEqual(waiting)
    expect(await acquire(bench, aSpliceId(60)), 'one that stands in it').toBe('waiting')
  })

  test('a full line whose head has ended makes room, or nobody ever would', async () => {
    const bench = aBench()
    await given(bench, { waiting: Array.from({ length: 100 }, (_, n) => aSpliceId(n + 10)) })
    expect(await acquire(bench, ME)).toBe('waiting')
    expect((await slotOf(bench))?.waiting.length).toBeLessThan(100)
    for (let n = 0; n < 20; n++) await acquire(bench, ME)
    expect((await slotOf(bench))?.holder).toBe(ME)
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
    const lease = await slotOf(bench)
    expect(answer === 'mine').toBe(lease?.holder === ME)
    expect([lease?.holder, ...(lease?.waiting ?? [])].sort()).toEqual([ME, OTHER].sort())
    expect(lease?.turn).toBe(1)
  })

  test('another freezes it just before our write', async () => {
    const bench = atWrite(2, async () => freezeChannel(KEY, 'an alarm', ME, bench.ports))
    await stored(bench, ME)
    await given(bench, { waiting: [THIRD] })
    expect(await acquire(bench, ME)).toBe('frozen')
    expect((await slotOf(bench))?.holder).toBeNull()
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
    expect(await slotOf(bench)).toBeNull()
  })

  test('a write whose answer was lost is ours, once', async () => {
    const bench = aBench({ hooks: faulty('lost_response', 2) })
    await stored(bench, ME)
    expect(await acquire(bench, ME)).toBe('mine')
    expect(await slotOf(bench)).toEqual({ ...freeLease, holder: ME, turn: 1 })
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
    expect(await slotOf(bench)).toMatchObject({ holder: null, waiting: [OTHER, THIRD] })
    expect(bench.hints).toEqual([OTHER])
  })

  test('one in the line leaves, and nobody is hinted while the holder stays', async () => {
    const bench = aBench()
    await given(bench, { holder: THIRD, waiting: [ME, OTHER] })
    await releaseLease(KEY, ME, bench.ports)
    expect(await slotOf(bench)).toMatchObject({ holder: THIRD, waiting: [OTHER] })
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
    expect(await slotOf(bench)).toBeNull()
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
    expect(await slotOf(bench)).toMatchObject({ holder: null, waiting: [OTHER] })
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
    expect((await slotOf(bench))?.holder).toBe(ME)
  })
})

describe('to freeze a channel', () => {
  test('its holder and line stay, an alarm is given, and the first cause stands', async () => {
    const bench = aBench()
    await given(bench, { holder: ME, waiting: [OTHER], turn: 3 })
    await freezeChannel(KEY, 'first', ME, bench.ports)
    bench.now += 1_000
    await freezeChannel(KEY, 'second', ME, bench.ports)
    expect(await slotOf(bench)).toEqual({
      holder: ME,
      waiting: [OTHER],
      turn: 3,
      frozen: { cause: 'first', at: bench.now - 1_000, note: ME },
    })
    expect(bench.alarms).toEqual(['channel frozen'])
    expect(bench.alarmed).toEqual([{ lease: KEY, cause: 'first' }])
  })

  test('a channel that nobody ever asked for is frozen too', async () => {
    const bench = aBench()
    await freezeChannel(KEY, 'first', ME, bench.ports)
    expect((await slotOf(bench))?.frozen?.cause).toBe('first')
  })

  test('who takes the lease at the same time keeps it, frozen', async () => {
    const bench = atWrite(1, async () => acquire(bench, OTHER))
    await stored(bench, OTHER)
    await freezeChannel(KEY, 'first', ME, bench.ports)
    expect(await slotOf(bench)).toMatchObject({ holder: OTHER, frozen: { cause: 'first' } })
  })

  test('what cannot be frozen now is not said to be frozen', async () => {
    const bench = aBench({ hooks: faulty('lost_race', 1_000) })
    await expect(freezeChannel(KEY, 'first', ME, bench.ports)).rejects.toThrow('contended')
    expect(bench.alarms).toEqual([])
  })
})

describe('to give way', () => {
  test('at the version that was looked at: the holder goes, and the next is hinted', async () => {
    const bench = aBench()
    await given(bench, { holder: ME, waiting: [OTHER] })
    await releaseUnchanged(KEY, ME, 1, bench.ports)
    expect(await slotOf(bench)).toMatchObject({ holder: null, waiting: [OTHER] })
    expect(bench.hints).toEqual([OTHER])
  })

  test('from the line, nobody is hinted while another holds the lease', async () => {
    const bench = aBench()
    await given(bench, { holder: THIRD, waiting: [ME, OTHER] })
    await releaseUnchanged(KEY, ME, 1, bench.ports)
    expect(await slotOf(bench)).toMatchObject({ holder: THIRD, waiting: [OTHER] })
    expect(bench.hints).toEqual([])
  })

  test.each([0, 2])('at another version (%i) nothing is done', async (version) => {
    const bench = aBench()
    await given(bench, { holder: ME, waiting: [OTHER] })
    await releaseUnchanged(KEY, ME, version, bench.ports)
    expect(await slotOf(bench)).toMatchObject({ holder: ME, waiting: [OTHER] })
    expect(bench.hints).toEqual([])
  })

  test('where nobody has a lease nothing is done', async () => {
    const bench = aBench()
    await releaseUnchanged(KEY, ME, 1, bench.ports)
    expect(await slotOf(bench)).toBeNull()
  })

  test('a race is lost in silence: the look was too old', async () => {
    const bench = atWrite(2, async () => acquire(bench, OTHER))
    await stored(bench, ME)
    await stored(bench, OTHER)
    await given(bench, { holder: ME })
    await releaseUnchanged(KEY, ME, 1, bench.ports)
    expect(await slotOf(bench)).toMatchObject({ holder: ME, waiting: [OTHER] })
    expect(bench.hints).toEqual([])
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
    expect((await slotOf(bench))?.frozen !== null).toBe(still)
  })

  test('what is not frozen, or not there, is left alone', async () => {
    const bench = aBench()
    await unfreezeChannel(KEY, 'first', ME, bench.ports)
    expect(await slotOf(bench)).toBeNull()
    await given(bench, { holder: ME })
    await unfreezeChannel(KEY, 'first', ME, bench.ports)
    expect((await bench.store.item('lease', KEY))?.version).toBe(1)
  })
})

describe('one whose gates are shut stands aside', () => {
  const queued = aLiveSplice({ id: ME })
  async function aside(lease: Partial<ChannelLease> | null, splice: Splice = queued, hooks: MemoryHooks = {}) {
    const bench = aBench({ hooks })
    const { splice: created } = await bench.store.create(splice)
    if (lease !== null) await given(bench, lease)
    await yieldLease(created, KEY, await bench.store.item('lease', KEY), bench.ports)
    return { bench, lease: await slotOf(bench), version: (await bench.store.load(ME))?.version }
  }

  test.each<[string, Partial<ChannelLease>, Partial<ChannelLease>]>([
    ['the holder', { holder: ME, waiting: [OTHER] }, { holder: null, waiting: [OTHER] }],
    ['the first in the line', { waiting: [ME, OTHER] }, { waiting: [OTHER] }],
  ])('for the next one, its record written first: %s', async (_says, lease, expected) => {
    const world = await aside(lease)
    expect(world.lease).toMatchObject(expected)
    expect(world.bench.hints).toEqual([OTHER])
    expect(world.version).toBe(2)
  })

  const behind = { holder: THIRD, waiting: [OTHER, ME] }
  test.each<[string, Partial<ChannelLease> | null, Splice]>([
    ['it is not the first in the line', behind, queued],
    ['it is nowhere in it', { holder: THIRD, waiting: [OTHER] }, queued],
    ['nobody has a lease', null, queued],
    ['it has been submitted', { holder: ME }, aSubmittedSplice({ id: ME })],
    ['an attempt of it is alive', { holder: ME }, aLiveSplice({ id: ME, attempts: [anAttempt()] })],
  ])('but not where %s', async (_says, lease, splice) => {
    const world = await aside(lease, splice)
    expect(world.lease).toEqual(lease === null ? null : { ...freeLease, ...lease })
    expect(world.version).toBe(1)
  })

  test('one whose attempts are all dead does', async () => {
    const { lease } = await aside({ holder: ME }, aLiveSplice({ id: ME, attempts: [aNotExecutedAttempt()] }))
    expect(lease?.holder).toBeNull()
  })

  test('but not where another process was faster to write its record: it may have journalled an attempt', async () => {
    const { lease } = await aside({ holder: ME }, queued, {
      before: (operation) =>
        operation.type === 'put' && operation.row.pk.startsWith('SPL#') && operation.condition !== 'absent'
          ? 'lost_race'
          : null,
    })
    expect(lease?.holder).toBe(ME)
  })
})
