import { describe, expect, test } from 'vitest'
import { ChannelLease as ChannelLeaseSchema, type ChannelLease, type QueueEntry } from '../../../core/ports/records.ts'
import {
  append,
  enter,
  entryOf,
  firstOf,
  freeLease,
  isBehind,
  isReleased,
  leaveLease,
  LEASE_QUEUE_LIMIT,
  letPass,
  mayGo,
  nextOf,
  giveUpHolding,
  replaceEntry,
  stopPassing,
  takeLease,
} from '../../../core/drive/lease.ts'
import { SpliceState, type Attempt } from '../../../core/splice/splice.ts'
import { aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { NOW } from '../../../harness/values.ts'
import { aQueueEntry, queueOf } from '../../../harness/records/queue.ts'

const lease = (overrides: Partial<ChannelLease> = {}): ChannelLease => ({ ...freeLease, ...overrides })
const many = (count: number): QueueEntry[] =>
  Array.from({ length: count }, (_, n) => aQueueEntry({ id: `spl_${n}`, amountSats: n + 1 }))
const passing = (id: string): QueueEntry => aQueueEntry({ id, passes: true })
const standing = (id: string): QueueEntry => aQueueEntry({ id })

describe('a splice lets go of its lease only at its end', () => {
  const released = (state: SpliceState, attempts: Attempt[]): boolean =>
    isReleased(aSubmittedSplice({ state, attempts }))

  test.each(SpliceState.options)('%s', (state) => {
    const ended = state === 'settled' || state === 'cancelled'
    expect(released(state, [anAttempt()]), 'an attempt alive').toBe(ended)
    expect(released(state, [aNotExecutedAttempt()]), 'all dead').toBe(ended || state === 'failed')
    expect(released(state, []), 'none made').toBe(ended || state === 'failed')
  })

  test('one of two attempts alive keeps the lease of a failed one', () => {
    expect(released('failed', [aNotExecutedAttempt(), anAttempt({ number: 2 })])).toBe(false)
    expect(released('failed', [anAttempt(), aNotExecutedAttempt({ number: 2 })])).toBe(false)
  })

  test('one that does not exist holds nothing', () => expect(isReleased(null)).toBe(true))
})

describe('what the queue says of a splice', () => {
  test('is its effect, who ordered it, and when it came', () => {
    const { id, tenant, kind, script, amountSats } = aLiveSplice()
    const entry = { id, tenant, kind, script, amountSats, enteredAt: NOW, passes: false }
    expect(entryOf(aLiveSplice(), NOW)).toEqual(entry)
  })

  test.each([
    ['its time has not come', { notBefore: NOW + 1 }, true],
    ['its time has come', { notBefore: NOW }, false],
    ['it backs off', { nextAttemptAt: NOW + 1 }, true],
    ['its back-off is over', { nextAttemptAt: NOW }, false],
  ])('lets others pass while it waits for its own time: %s', (_says, overrides, passes) =>
    expect(entryOf(aLiveSplice(overrides), NOW).passes).toBe(passes),
  )
})

describe('to enter', () => {
  const me = aQueueEntry({ id: 'me', amountSats: 5_000, script: '0014aa' })
  const other = { ...me, id: 'other' }

  test.each<[string, ChannelLease, number]>([
    ['an empty queue', lease(), 0],
    ['behind others', lease({ holder: 'a', queue: queueOf('a', 'b') }), 2],
    ['the last place', lease({ queue: many(99) }), 99],
  ])('%s', (_says, given, at) => {
    const entered = enter(given, me)
    expect(entered).toEqual({ ...given, queue: [...given.queue, me] })
    expect(ChannelLeaseSchema.parse(entered).queue[at]).toEqual(me)
  })

  test('a full queue is left as it is: a hundred', () => {
    expect(LEASE_QUEUE_LIMIT).toBe(100)
    expect(enter(lease({ queue: many(100) }), me)).toBe('full')
  })

  test('is for no more of a tenant than its share, however much room there is', () => {
    const given = lease({ queue: [{ ...other, amountSats: 1 }, aQueueEntry({ tenant: 'others' })] })
    expect(enter(given, me, 100, 1)).toBe('tenant_full')
    expect(enter(given, me, 100, 2)).toEqual({ ...given, queue: [...given.queue, me] })
    expect(enter(given, { ...me, tenant: 'third' }, 100, 1)).toMatchObject({ queue: { length: 3 } })
    expect(enter(given, me, 2, 1)).toBe('full')
  })

  test('twice changes nothing', () => {
    const given = lease({ queue: [me, standing('a')] })
    expect(enter(given, { ...me, enteredAt: NOW, passes: true })).toBe(given)
  })

  test.each<[string, Partial<QueueEntry>]>([
    ['amount', { amountSats: 5_001 }],
    ['script', { script: '0014bb' }],
    ['kind', { kind: 'splice_in', script: null }],
  ])('with another %s under the same id is busy', (_says, change) =>
    expect(enter(lease({ queue: [me] }), { ...me, ...change })).toBe('busy'),
  )

  test.each<[string, Partial<QueueEntry>, Partial<QueueEntry>, boolean]>([
    ['equal splice-outs', {}, {}, true],
    ['of two tenants', {}, { tenant: 'other' }, true],
    ['another amount', {}, { amountSats: 5_001 }, false],
    ['another script', {}, { script: '0014bb' }, false],
    ['a script that is not known yet', {}, { script: null }, false],
    ['no script is known', { script: null }, { script: null }, false],
    ['a splice-in and a splice-out', {}, { kind: 'splice_in' }, false],
    ['splice-ins of one amount', { kind: 'splice_in', script: null }, { kind: 'splice_in', script: null }, true],
  ])('finds a duplicate: %s', (_says, mine, theirs, duplicate) => {
    const standing = { ...other, ...theirs }
    const given = lease({ queue: [standing] })
    const entered = enter(given, { ...me, ...mine })
    expect(entered).toEqual(duplicate ? { duplicate: standing } : { ...given, queue: [standing, { ...me, ...mine }] })
  })

  test('a full queue still tells a duplicate', () =>
    expect(enter(lease({ queue: [...many(99), other] }), me)).toEqual({ duplicate: other }))

  test('whatever else stands there, while there is room', () => {
    expect(append(lease({ queue: [other] }), me)?.queue).toEqual([other, me])
    expect(append(lease({ queue: many(119) }), me)?.queue).toHaveLength(120)
    expect(append(lease({ queue: many(120) }), me)).toBeNull()
  })

  test('an entry is replaced in its place', () => {
    const changed = { ...me, amountSats: 1 }
    expect(replaceEntry(lease({ queue: [me, other] }), changed).queue).toEqual([changed, other])
  })
})

describe('who may go', () => {
  test.each<[string, ChannelLease, boolean, boolean]>([
    ['the holder', lease({ holder: 'me', queue: queueOf('a', 'me') }), true, false],
    ['the first, nobody holds it', lease({ queue: queueOf('me', 'a') }), true, false],
    ['the first, another holds it', lease({ holder: 'a', queue: queueOf('me', 'a') }), false, true],
    ['behind one that passes', lease({ queue: [passing('a'), standing('me')] }), true, false],
    ['behind one that does not', lease({ queue: [passing('a'), standing('b'), passing('me')] }), false, true],
    ['not in the queue', lease({ queue: queueOf('a') }), false, false],
  ])('%s', (_says, given, goes, behind) => {
    expect(mayGo(given, 'me')).toBe(goes)
    expect(isBehind(given, 'me')).toBe(behind)
  })
})

describe('to take', () => {
  const first = lease({ queue: queueOf('me', 'b') })
  const taken = { ...first, holder: 'me' }
  test.each<[string, ChannelLease, boolean, ChannelLease | null]>([
    ['first, nobody holds it', first, false, taken],
    ['first, a holder from outside is released', { ...first, holder: 'x' }, true, taken],
    ['first, the holder is not released', { ...first, holder: 'x' }, false, null],
    ['second, nobody holds it', lease({ queue: queueOf('b', 'me') }), true, null],
    [
      'second, the released holder is first: it leaves',
      lease({ holder: 'b', queue: queueOf('b', 'me') }),
      true,
      lease({ holder: 'me', queue: queueOf('me') }),
    ],
    [
      'second, the first one passes',
      lease({ queue: [passing('b'), standing('me')] }),
      false,
      lease({ holder: 'me', queue: [passing('b'), standing('me')] }),
    ],
    [
      'it let others pass itself, and does so no more',
      lease({ queue: [passing('me'), standing('b')] }),
      false,
      lease({ holder: 'me', queue: queueOf('me', 'b') }),
    ],
    ['not in the queue', lease(), true, null],
  ])('%s', (_says, given, released, expected) => expect(takeLease(given, 'me', released)).toEqual(expected))
})

describe('to let others pass', () => {
  test.each<[string, ChannelLease, ChannelLease | null]>([
    ['one in the queue', lease({ queue: queueOf('me', 'b') }), lease({ queue: [passing('me'), standing('b')] })],
    ['the holder gives up the lease', lease({ holder: 'me', queue: queueOf('me') }), lease({ queue: [passing('me')] })],
    ['one that does already', lease({ queue: [passing('me')] }), null],
    ['one that is not in the queue', lease({ queue: queueOf('b') }), null],
  ])('%s', (_says, given, expected) => expect(letPass(given, 'me')).toEqual(expected))

  test('to give up the lease keeps the place', () => {
    const held = lease({ holder: 'me', queue: queueOf('me', 'b') })
    expect(giveUpHolding(held, 'me')).toEqual({ ...held, holder: null })
    expect(giveUpHolding(held, 'b')).toBeNull()
  })

  test('it ends', () => {
    const given = lease({ queue: [passing('a'), passing('me')] })
    expect(stopPassing(given, 'me')).toEqual(lease({ queue: [passing('a'), standing('me')] }))
    expect(stopPassing(lease({ queue: queueOf('me') }), 'me')).toBeNull()
    expect(stopPassing(lease({ queue: [passing('a')] }), 'me')).toBeNull()
  })
})

describe('to leave', () => {
  test.each<[string, ChannelLease, ChannelLease | null]>([
    ['the holder', lease({ holder: 'me', queue: queueOf('me', 'b') }), lease({ queue: queueOf('b') })],
    [
      'one in the queue',
      lease({ holder: 'x', queue: queueOf('a', 'me', 'b') }),
      lease({ holder: 'x', queue: queueOf('a', 'b') }),
    ],
    ['one that stands in neither', lease({ holder: 'x', queue: queueOf('a') }), null],
  ])('%s', (_says, given, expected) => expect(leaveLease(given, 'me')).toEqual(expected))
})

describe('who is woken', () => {
  test.each<[string, ChannelLease, string | undefined, string[]]>([
    ['nobody, of an empty queue', lease(), undefined, []],
    ['the holder', lease({ holder: 'b', queue: queueOf('a', 'b') }), 'a', ['b']],
    ['the first', lease({ queue: queueOf('a', 'b') }), 'a', ['a']],
    [
      'those that pass, and the first that does not',
      lease({ queue: [passing('a'), passing('b'), standing('c'), standing('d')] }),
      'c',
      ['a', 'b', 'c'],
    ],
    ['all, where all pass', lease({ queue: [passing('a'), passing('b')] }), undefined, ['a', 'b']],
  ])('%s', (_says, given, first, next) => {
    expect(firstOf(given)?.id).toBe(first)
    expect(nextOf(given)).toEqual(next)
  })

  test('of many that pass, twenty, and the first that does not among them', () => {
    const queue = [...many(40).map((entry) => ({ ...entry, passes: true })), standing('first')]
    expect(nextOf(lease({ queue }))).toHaveLength(20)
    expect(nextOf(lease({ queue })).at(-1)).toBe('first')
  })
})
