/**
 * The weight common to all splices: version, counts, locktime and segwit marker (42), the funding input with
 * its witness (164 + 222, BOLT 3, "Expected Weight of HTLC Timeout and Success", funding witness), the new
 * P2WSH funding output (172).
 */
export const SHARED_WEIGHT = 42 + 164 + 222 + 172
/**
 * Signatures can be a byte or two shorter than assumed, so a transaction weighs at least this share of its estimate.
 */
const LEAST_OF_ESTIMATE = 0.98
/** Bitcoin Core's relay floor (1 sat/vB), rounded up to whole sat/kw. */
export const FLOOR_SAT_PER_KW = 253

/** The weight of an output; `script` is hex. */
export function outputWeight(script: string): number {
  const bytes = script.length / 2
  return 4 * (8 + 1 + bytes)
}

/** The fee in satoshis for an estimated weight. */
export function feeSats(weight: number, rateSatPerKw: number): number {
  return Math.ceil((weight * rateSatPerKw) / 1_000)
}

/** The fee ceilings of a splice; null: no ceiling. */
export type Ceilings = { readonly maxFeeRateSatPerKw: number | null; readonly maxFeeSats: number | null }

/**
 * The feerate to request so that the final transaction, as it will be measured, stays under the ceiling; null
 * when the wanted feerate is above the ceiling.
 */
export function fittedRate(wantedSatPerKw: number, { maxFeeRateSatPerKw }: Ceilings): number | null {
  if (maxFeeRateSatPerKw === null) return wantedSatPerKw
  if (wantedSatPerKw > maxFeeRateSatPerKw) return null
  const rate = Math.min(wantedSatPerKw, Math.floor(maxFeeRateSatPerKw * LEAST_OF_ESTIMATE) - 1)
  return rate >= Math.min(FLOOR_SAT_PER_KW, wantedSatPerKw) ? rate : null
}

/** Whether a fee for an estimated weight is under both ceilings. */
export function isUnder(fee: number, weight: number, { maxFeeRateSatPerKw, maxFeeSats }: Ceilings): boolean {
  const measured = (fee * 1_000) / (weight * LEAST_OF_ESTIMATE)
  return fee <= (maxFeeSats ?? Infinity) && measured <= (maxFeeRateSatPerKw ?? Infinity)
}
