import type { Observation } from './observation.ts'
import type { SpliceKind } from '../splice/splice.ts'

/** What ldk-node pays at worst is 3/2 of the estimate (`max_funding_feerate`). */
const WORST_FEE_FACTOR = 1.5
/** Weight of a splice transaction: what a fee is estimated with. A splice-in has a few inputs of the wallet, and change. */
const TYPICAL_WEIGHT = { splice_out: 1_000, splice_in: 2_000 } as const
/** The fee that a submission may cost at worst, in satoshis; null without an estimate. */
export function worstFeeSats(kind: SpliceKind, observation: Observation): number | null {
  const rate = worstFeeRateSatPerKw(observation)
  return rate === null ? null : feeSatsAt(rate, kind)
}

/** What a splice costs at a feerate, in satoshis, by the weight of a typical one. */
export function feeSatsAt(rateSatPerKw: number, kind: SpliceKind): number {
  return Math.ceil((rateSatPerKw * TYPICAL_WEIGHT[kind]) / 1_000)
}

/** The feerate that the node may pay at worst, in sat per 1000 weight; null without an estimate. */
export function worstFeeRateSatPerKw(observation: Observation): number | null {
  const told = observation.node?.feeRateSatPerKw
  if (told) return told
  const estimate = observation.chain?.feeRateSatPerKw ?? null
  return estimate === null ? null : Math.ceil(estimate * WORST_FEE_FACTOR)
}
