import { expect, test } from 'vitest'
import { AmountSats, MAX_SATS, satPerKw, satPerVb } from '../../../core/bitcoin/money.ts'

test('an amount is a whole number of satoshis, at least one, and no more than there will ever be', () => {
  const valid = [1, MAX_SATS]
  const invalid = [0, -1, 0.5, MAX_SATS + 1, Number.NaN, Infinity, '1', null]
  expect(valid.filter((amount) => !AmountSats.safeParse(amount).success)).toEqual([])
  expect(invalid.filter((amount) => AmountSats.safeParse(amount).success)).toEqual([])
  expect(MAX_SATS).toBe(2_100_000_000_000_000)
})

test('a feerate of 1 sat/vB is 250 sat per 1000 weight, and people read two decimals of it', () => {
  expect([1, 2.5, 12].map(satPerKw)).toEqual([250, 625, 3_000])
  expect(satPerKw(1.001), 'rounded to whole satoshis').toBe(250)
  expect([250, 253, 625, 1].map(satPerVb)).toEqual([1, 1.01, 2.5, 0])
})
