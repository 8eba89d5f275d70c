/**
 * Weight of what every splice has: version, counts, locktime and segwit marker (42), the funding input with its witness
 * (164 + 222, BOLT 3, "Expected Weight of HTLC Timeout and Success", funding witness), the new P2WSH funding output (172).
 */
export const SHARED_WEIGHT = 42 + 164 + 222 + 172
/** Signatures come out a byte or two shorter: a transaction weighs at least so much of what its fee was computed with. */
const LEAST_OF_ESTIMATE = 0.98
/** Bitcoin Core's floor, rounded up to what a weight can tell (1 sat/vB). */
export const FLOOR_SAT_PER_KW = 253

/** The weight of an output with a script, in hex. */
export function outputWeight(script: string): number {
  const bytes = script.length / 2
  return 4 * (8 + 1 + bytes)
}

/** What a transaction of an estimated weight pays at a feerate, in satoshis. */
export function feeSats(weight: number, rateSatPerKw: number): number {
  return Math.ceil((weight * rateSatPerKw) / 1_000)
}

/** The ceilings of a splice; null: none. */
export type Ceilings = { readonly maxFeeRateSatPerKw: number | null; readonly maxFeeSats: number | null }

/**
 * The feerate to ask for, so that the transaction as it will be measured stays under the ceiling; null: the wanted one is
 * above it.
 */
export function fittedRate(wantedSatPerKw: number, { maxFeeRateSatPerKw }: Ceilings): number | null {
  if (maxFeeRateSatPerKw === null) return wantedSatPerKw
  if (wantedSatPerKw > maxFeeRateSatPerKw) return null
  const rate = Math.min(wantedSatPerKw, Math.floor(maxFeeRateSatPerKw * LEAST_OF_ESTIMATE) - 1)
  return rate >= Math.min(FLOOR_SAT_PER_KW, wantedSatPerKw) ? rate : null
}

/** Whether a fee is under both ceilings, for a transaction of an estimated weight. */
export function isUnder(fee: number, weight: number, { maxFeeRateSatPerKw, maxFeeSats }: Ceilings): boolean {
  const measured = (fee * 1_000) / (weight * LEAST_OF_ESTIMATE)
  return fee <= (maxFeeSats ?? Infinity) && measured <= (maxFeeRateSatPerKw ?? Infinity)
}
