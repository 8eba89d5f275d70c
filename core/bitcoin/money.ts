import * as z from 'zod'

/** All the bitcoin there will ever be, in satoshis: the upper bound of every amount. */
export const MAX_SATS = 21_000_000 * 100_000_000

/** A whole, positive number of satoshis. */
export const AmountSats = z.int().positive().max(MAX_SATS)

/** 1 sat/vB is 250 sat per 1000 weight units (four weight units a virtual byte). */
const SAT_PER_KW_IN_SAT_PER_VB = 250

/** Feerates are sat/vB at the API and sat per 1000 weight inside (design section 4). */
export function satPerKw(feeRateSatPerVb: number): number {
  return Math.round(feeRateSatPerVb * SAT_PER_KW_IN_SAT_PER_VB)
}

/** The inverse of {@link satPerKw}, rounded to two decimals for people. */
export function satPerVb(feeRateSatPerKw: number): number {
  return Math.round((feeRateSatPerKw * 100) / SAT_PER_KW_IN_SAT_PER_VB) / 100
}
