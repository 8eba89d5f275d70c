import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RemoteTime, differenceOf } from '../../relay/remote-time.ts'
import { textLike } from './matchers.ts'

const BOOT = Date.UTC(2026, 10, 30)
const dateOf = (at: number): string => new Date(at).toUTCString()

/** An answer that took so long, of a service whose clock is BOOT plus the time since boot, plus `ahead`. */
const sample = (sentAt: number, tookMs = 0, aheadMs = 0) => ({
  sentAt,
  receivedAt: sentAt + tookMs,
  date: dateOf(BOOT + sentAt + tookMs / 2 + aheadMs),
})

describe("the service's time", () => {
  test('is not known before it has answered, nor from an answer without a readable Date', () => {
    const time = new RemoteTime()
    for (const date of [null, '', 'tomorrow']) time.note({ sentAt: 0, receivedAt: 1, date })
    expect(time.sampledAt).toBeNull()
    expect(time.earliest(0)).toBeNull()
    expect(time.aheadMs(BOOT, 0)).toBeNull()
    expect(time.dated(0, BOOT, 0)).toEqual({ unsure: 'the service has not reported its time' })
  })

  test('is never told later than it was, however slow the answers and whenever in a second they came', () => {
    const answers = fc.array(fc.record({ sentAt: fc.nat(100_000), tookMs: fc.nat(10_000) }), { minLength: 1 })
    fc.assert(
      fc.property(answers, fc.nat(200_000), (samples, happenedAt) => {
        const time = new RemoteTime()
        for (const { sentAt, tookMs } of samples) time.note(sample(sentAt, tookMs))
        const earliest = time.earliest(happenedAt) ?? Infinity
        expect(earliest).toBeLessThanOrEqual(BOOT + happenedAt)
        expect(earliest).toBeGreaterThan(BOOT + happenedAt - 12_000)
        // Whatever the clock of this machine says within reason, a date is never later than that.
        const dated = time.dated(happenedAt, BOOT + 300_000 + 4_000, 300_000)
        expect(dated).toBeLessThanOrEqual(BOOT + happenedAt)
      }),
    )
  })

  test('gets more exact with every answer', () => {
    const time = new RemoteTime()
    time.note(sample(0, 8_000))
    const first = time.earliest(0) ?? 0
    time.note(sample(20_900, 10))
    expect(time.earliest(0)).toBeGreaterThan(first)
    expect(time.earliest(0)).toBeGreaterThanOrEqual(BOOT - 1_000)
  })
})

describe('what happened is dated only if it is certain', () => {
  const at = 50_000
  test.each([
    ['two clocks agree', 0, true],
    ['this clock is 8 s ahead', 8_000, true],
    ['this clock is 8 s behind', -8_000, true],
    ['this clock is 12 s ahead', 12_000, false],
    ['this clock is 12 s behind', -12_000, false],
    ['this clock was never set', -BOOT, false],
  ])('%s', (_, aheadMs, certain) => {
    const time = new RemoteTime()
    time.note(sample(at))
    const dated = time.dated(at - 10_000, BOOT + at + aheadMs, at)
    // Of two clocks that agree, the earlier one is believed.
    if (certain) expect(dated).toBeLessThanOrEqual(BOOT + at - 10_000 + Math.min(0, aheadMs))
    else
      expect(dated).toMatchObject({
        unsure: textLike(/^this machine's clock is \d+ s (ahead|behind)/),
      })
  })

  test('a machine that stood still without counting it dates nothing that happened before', () => {
    const time = new RemoteTime()
    time.note(sample(at))
    // An hour passed that the time since boot does not know; the clock has been set since.
    const HOUR = 3_600_000
    time.note(sample(at + 1_000, 0, HOUR))
    const now = BOOT + at + 1_000 + HOUR
    expect(time.dated(at, now, at + 1_000)).toEqual({ unsure: 'a clock has jumped since then' })
    expect(time.dated(at + 1_500, now + 1_000, at + 2_000)).toBeLessThanOrEqual(now + 500)
  })

  test('a jump is no jump if it is within what the answers leave open', () => {
    const time = new RemoteTime()
    time.note(sample(at, 0))
    time.note(sample(at + 1_000, 0, 900))
    expect(time.dated(at - 1, BOOT + at + 1_000, at + 1_000)).toBeTypeOf('number')
  })
})

test('a difference is said in seconds', () => {
  expect(differenceOf(61_400)).toBe("61 s ahead of the service's")
  expect(differenceOf(-2_000)).toBe("2 s behind the service's")
})
