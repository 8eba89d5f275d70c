import type { Observation } from './observation.ts'
import type { SpliceKind } from '../splice/splice.ts'

/** At worst, ldk-node pays 3/2 of the estimate (`max_funding_feerate`). */
const WORST_FEE_FACTOR = 1.5
/**
 * The weight of a splice transaction, for estimating its fee. A splice-in has a few inputs of the wallet, and change.
 */
const TYPICAL_WEIGHT = { splice_out: 1_000, splice_in: 2_000 } as const
/** The most that a submission can cost, in satoshis; null without an estimate. */
export function worstFeeSats(kind: SpliceKind, observation: Observation): number | null {
  const rate = worstFeeRateSatPerKw(observation)
  return rate === null ? null : feeSatsAt(rate, kind)
}

/** The cost of a typical splice at a feerate, in satoshis. */
export function feeSatsAt(rateSatPerKw: number, kind: SpliceKind): number {
  return Math.ceil((rateSatPerKw * TYPICAL_WEIGHT[kind]) / 1_000)
}

/** The highest feerate that the node may pay, in sat per 1000 weight; null without an estimate. */
export function worstFeeRateSatPerKw(observation: Observation): number | null {
  const reported = observation.node?.feeRateSatPerKw
  if (reported) return reported
  const estimate = observation.chain?.feeRateSatPerKw ?? null
  return estimate === null ? null : Math.ceil(estimate * WORST_FEE_FACTOR)
}
