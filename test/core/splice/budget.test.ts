import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attemptsUsed, backoffMs, everTaken, isLongUnknown, unresolvedAttempts } from '../../../core/splice/budget.ts'
import { fenceOf, lastFence, silentSince } from '../../../core/splice/fence.ts'
import type { Attempt } from '../../../core/splice/splice.ts'
import { aNotExecutedAttempt, anAttempt, aRefusedAttempt, taken } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { policy } from '../../../harness/values.ts'

const splice = (...attempts: Attempt[]) => aSubmittedSplice({ attempts })

describe('an attempt costs budget unless it was certainly not executed', () => {
  const cases: (readonly [string, Attempt[], number])[] = [
    ['none', [], 0],
    ['not answered yet', [anAttempt({ result: null })], 1],
    ['unknown', [anAttempt()], 1],
    ['taken', [anAttempt({ result: taken() })], 1],
    ['dead, but it may have been taken', [aNotExecutedAttempt()], 1],
    ['refused', [aRefusedAttempt()], 0],
    ['a mixture', [aRefusedAttempt(), anAttempt({ number: 2 }), aNotExecutedAttempt({ number: 3 })], 2],
  ]
  test.each(cases)('%s', (_says, attempts, used) => {
    expect(attemptsUsed(splice(...attempts))).toBe(used)
    expect(everTaken(splice(...attempts))).toBe(used > 0)
  })

  test('only what is not dead is alive', () => {
    const alive = anAttempt({ number: 2 })
    expect(unresolvedAttempts(splice(aNotExecutedAttempt(), alive, aRefusedAttempt({ number: 3 })))).toEqual([alive])
  })
})

describe('what became of an attempt has been unknown for long', () => {
  const HOUR = 3_600_000
  const startedAt = 1_000
  test.each<[string, Attempt, number, boolean]>([
    ['after an hour', anAttempt({ startedAt }), HOUR, true],
    ['not before', anAttempt({ startedAt }), HOUR - 1, false],
    ['also where no answer was ever attached', anAttempt({ startedAt, result: null }), HOUR, true],
    ['not of one that was taken', anAttempt({ startedAt, result: taken() }), HOUR, false],
    ['not of one that is dead', aNotExecutedAttempt({ startedAt }), HOUR, false],
  ])('%s', (_says, attempt, laterMs, isLong) =>
    expect(isLongUnknown(splice(attempt), startedAt + laterMs)).toBe(isLong),
  )
})

describe('a fence is the answer, or the instant after which no request is received', () => {
  const refused: Attempt['result'] = { type: 'refused', class: 'not_now', message: '', at: 7 }
  const cases: (readonly [string, Partial<Attempt>, number | null])[] = [
    ['not answered', { result: null, fenceAt: 9 }, 9],
    ['an unknown answer is none', { result: { type: 'unknown', message: '', at: 7 }, fenceAt: 9 }, 9],
    ['taken', { result: taken(7), fenceAt: 9 }, 7],
    ['refused', { result: refused, fenceAt: 9 }, 7],
    ['neither', { result: null, fenceAt: null }, null],
    ['taken by a node that offers none', { result: taken(7), fenceAt: null }, 7],
  ]
  test.each(cases)('%s', (_says, attempt, fence) => expect(fenceOf(anAttempt(attempt))).toBe(fence))

  test('an unknown answer on a node without a fence is silence since the hang-up, and opens no gate', () => {
    const hungUp = anAttempt({ result: { type: 'unknown', message: '', at: 7 }, fenceAt: null })
    expect(fenceOf(hungUp)).toBeNull()
    expect(silentSince(hungUp)).toBe(7)
    expect(silentSince(anAttempt({ result: null, fenceAt: null })), 'who died may not have').toBeNull()
    expect(silentSince(anAttempt({ result: { type: 'unknown', message: '', at: 7 }, fenceAt: 9 }))).toBe(9)
  })

  const open = { result: null, fenceAt: null }
  const last: (readonly [string, Attempt[], number | null])[] = [
    ['none', [], 0],
    ['the latest of two', [anAttempt({ fenceAt: 9 }), anAttempt({ fenceAt: 5 })], 9],
    ['the latest of two, the other way', [anAttempt({ fenceAt: 5 }), anAttempt({ fenceAt: 9 })], 9],
    ['one has none', [anAttempt({ fenceAt: 5 }), anAttempt(open)], null],
    ['a dead one has none', [anAttempt({ fenceAt: 5 }), aNotExecutedAttempt(open)], 5],
    ['a dead one has a later one', [anAttempt({ fenceAt: 5 }), aNotExecutedAttempt({ fenceAt: 9 })], 9],
  ]
  test.each(last)('of all: %s', (_says, attempts, fence) => expect(lastFence(splice(...attempts))).toBe(fence))
})

describe('the backoff', () => {
  const counts = fc.integer({ min: 1, max: 5_000 })
  const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('stays between a second and the ceiling, which doubles up to the cap', () => {
    fc.assert(
      fc.property(counts, fractions, (count, fraction) => {
        const ceiling = Math.min(1_800_000, 30_000 * 2 ** (count - 1))
        const wait = backoffMs(count, fraction, policy)
        expect(Number.isInteger(wait)).toBe(true)
        expect(wait).toBe(Math.max(1_000, Math.floor(ceiling * fraction)))
      }),
    )
  })

  test('never shrinks with chance or with the number of refusals', () => {
    fc.assert(
      fc.property(counts, fractions, fractions, (count, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        expect(backoffMs(count, low, policy)).toBeLessThanOrEqual(backoffMs(count, high, policy))
        expect(backoffMs(count, a, policy)).toBeLessThanOrEqual(backoffMs(count + 1, a, policy))
      }),
    )
  })

  test('a policy that allows less than a second is obeyed', () => {
    expect(backoffMs(1, 0, { ...policy, backoffBaseMs: 50 })).toBe(50)
    expect(backoffMs(9, 0.999, { ...policy, backoffCapMs: 0 })).toBe(0)
  })
})
