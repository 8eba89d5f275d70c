import { describe, expect, test } from 'vitest'
import type { ChannelLease } from '../../../core/ports/records.ts'
import {
  freeLease,
  joinQueue,
  isReleased,
  leaveLease,
  LEASE_QUEUE_LIMIT,
  takeLease,
} from '../../../core/drive/lease.ts'
import { SpliceState, type Attempt } from '../../../core/splice/splice.ts'
import { aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'

const lease = (overrides: Partial<ChannelLease> = {}): ChannelLease => ({ ...freeLease, ...overrides })
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `spl_${n}`)

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

describe('to enlist', () => {
  test.each<[string, ChannelLease, readonly string[] | null]>([
    ['in an empty line', lease(), ['me']],
    ['behind others', lease({ holder: 'x', waiting: ['a', 'b'] }), ['a', 'b', 'me']],
    ['standing in it', lease({ waiting: ['a', 'me'] }), null],
    ['holding the lease', lease({ holder: 'me' }), null],
    ['the last place', lease({ waiting: many(99) }), [...many(99), 'me']],
    ['a full line', lease({ waiting: many(100) }), null],
  ])('%s', (_says, given, waiting) => {
    const enlisted = joinQueue(given, 'me')
    expect(enlisted).toEqual(waiting === null ? null : { ...given, waiting })
  })

  test('a hundred may wait', () => expect(LEASE_QUEUE_LIMIT).toBe(100))
})

describe('to take', () => {
  const first = lease({ waiting: ['me', 'b'], turn: 4 })
  const taken = lease({ holder: 'me', waiting: ['b'], turn: 5 })
  test.each<[string, ChannelLease, boolean, ChannelLease | null]>([
    ['first, nobody holds it', first, false, taken],
    ['first, the holder is released', { ...first, holder: 'x' }, true, taken],
    ['first, the holder is not released', { ...first, holder: 'x' }, false, null],
    ['second, nobody holds it', lease({ waiting: ['b', 'me'] }), true, null],
    ['not in line', lease(), true, null],
  ])('%s', (_says, given, released, expected) => expect(takeLease(given, 'me', released)).toEqual(expected))
})

describe('to leave', () => {
  test.each<[string, ChannelLease, ChannelLease | null]>([
    ['the holder', lease({ holder: 'me', waiting: ['b'], turn: 4 }), lease({ waiting: ['b'], turn: 4 })],
    ['one in the line', lease({ holder: 'x', waiting: ['a', 'me', 'b'] }), lease({ holder: 'x', waiting: ['a', 'b'] })],
    ['one that stands in neither', lease({ holder: 'x', waiting: ['a'] }), null],
  ])('%s', (_says, given, expected) => expect(leaveLease(given, 'me')).toEqual(expected))
})
