import * as z from 'zod'

/** The supply cap of bitcoin in satoshis: the upper bound of every amount. */
export const MAX_SATS = 21_000_000 * 100_000_000

/** A whole, positive number of satoshis. */
export const AmountSats = z.int().positive().max(MAX_SATS)

/** An amount as a person reads it. */
export function satsText(sats: number): string {
  return `${sats.toLocaleString('en-US')} sats`
}

/** 1 sat/vB is 250 sat per 1000 weight units, because a virtual byte is four weight units. */
const SAT_PER_KW_IN_SAT_PER_VB = 250

/** Converts a feerate from the API's unit (sat/vB) to the internal one (sat per 1000 weight units). */
export function satPerKw(feeRateSatPerVb: number): number {
  return Math.round(feeRateSatPerVb * SAT_PER_KW_IN_SAT_PER_VB)
}

/** The inverse of {@link satPerKw}, rounded to two decimals for display. */
export function satPerVb(feeRateSatPerKw: number): number {
  return Math.round((feeRateSatPerKw * 100) / SAT_PER_KW_IN_SAT_PER_VB) / 100
}
