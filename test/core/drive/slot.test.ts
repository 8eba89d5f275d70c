import { describe, expect, test } from 'vitest'
import type { Slot } from '../../../core/ports/records.ts'
import { emptySlot, enlist, isReleased, leave, SLOT_WAITING_LIMIT, take } from '../../../core/drive/slot.ts'
import type { Attempt } from '../../../core/splice/splice.ts'
import { SpliceState } from '../../../core/splice/splice.ts'
import { aDeadAttempt, anAttempt, aSubmittedSplice } from '../builders.ts'

const slot = (overrides: Partial<Slot> = {}): Slot => ({ ...emptySlot, ...overrides })
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `spl_${n}`)

describe('a splice lets go of its slot only at its end', () => {
  const released = (state: SpliceState, attempts: Attempt[]): boolean =>
    isReleased(aSubmittedSplice({ state, attempts }))

  test.each(SpliceState.options)('%s', (state) => {
    const ended = state === 'settled' || state === 'cancelled'
    expect(released(state, [anAttempt()]), 'an attempt alive').toBe(ended)
    expect(released(state, [aDeadAttempt()]), 'all dead').toBe(ended || state === 'failed')
    expect(released(state, []), 'none made').toBe(ended || state === 'failed')
  })

  test('one of two attempts alive keeps the slot of a failed one', () => {
    expect(released('failed', [aDeadAttempt(), anAttempt({ number: 2 })])).toBe(false)
    expect(released('failed', [anAttempt(), aDeadAttempt({ number: 2 })])).toBe(false)
  })

  test('one that does not exist holds nothing', () => expect(isReleased(null)).toBe(true))
})

describe('to enlist', () => {
  test.each<[string, Slot, readonly string[] | null]>([
    ['in an empty line', slot(), ['me']],
    ['behind others', slot({ holder: 'x', waiting: ['a', 'b'] }), ['a', 'b', 'me']],
    ['standing in it', slot({ waiting: ['a', 'me'] }), null],
    ['holding the slot', slot({ holder: 'me' }), null],
    ['the last place', slot({ waiting: many(99) }), [...many(99), 'me']],
    ['a full line', slot({ waiting: many(100) }), null],
  ])('%s', (_says, given, waiting) => {
    const enlisted = enlist(given, 'me')
    expect(enlisted).toEqual(waiting === null ? null : { ...given, waiting })
  })

  test('a hundred may wait', () => expect(SLOT_WAITING_LIMIT).toBe(100))
})

describe('to take', () => {
  const first = slot({ waiting: ['me', 'b'], turn: 4 })
  const taken = slot({ holder: 'me', waiting: ['b'], turn: 5 })
  test.each<[string, Slot, boolean, Slot | null]>([
    ['first, nobody holds it', first, false, taken],
    ['first, the holder is released', { ...first, holder: 'x' }, true, taken],
    ['first, the holder is not released', { ...first, holder: 'x' }, false, null],
    ['second, nobody holds it', slot({ waiting: ['b', 'me'] }), true, null],
    ['not in line', slot(), true, null],
  ])('%s', (_says, given, released, expected) => expect(take(given, 'me', released)).toEqual(expected))
})

describe('to leave', () => {
  test.each<[string, Slot, Slot | null]>([
    ['the holder', slot({ holder: 'me', waiting: ['b'], turn: 4 }), slot({ waiting: ['b'], turn: 4 })],
    [
      'one in the line',
      slot({ holder: 'x', waiting: ['a', 'me', 'b'] }),
      slot({ holder: 'x', waiting: ['a', 'b'] }),
    ],
    ['one that stands in neither', slot({ holder: 'x', waiting: ['a'] }), null],
  ])('%s', (_says, given, expected) => expect(leave(given, 'me')).toEqual(expected))
})
