import type { Own } from './own.ts'

/** The lowest feerate that nodes relay, in sat per 1000 weight. */
export const FLOOR_SAT_PER_KW = 253
/** `commit-feerate-offset`: how far a splice's default feerate is above the estimate. */
const SPLICE_OFFSET_SAT_PER_KW = 5
const MAX_FACTOR = 10
const TARGETS: readonly number[] = [2, 6, 12, 100]
const PERKB_PER_PERKW = 4
const COMMITMENT_SAT_PER_KW = 1250

/** The node's feerates in sat per 1000 weight. */
export function feeRates({ ctx }: Own) {
  const estimate = (blocks: number): number => Math.max(FLOOR_SAT_PER_KW, ctx.chain.feeRateSatPerKw(blocks) ?? 0)
  const opening = estimate(12)
  const splice = opening + SPLICE_OFFSET_SAT_PER_KW
  return {
    opening,
    splice,
    max: MAX_FACTOR * Math.max(...TARGETS.map(estimate)),
    estimates: TARGETS.map((blockcount) => ({ blockcount, rate: estimate(blockcount) })),
    named: {
      urgent: estimate(6),
      normal: opening,
      slow: estimate(100),
      opening,
      splice,
      mutual_close: estimate(100),
      minimum: FLOOR_SAT_PER_KW,
    },
  }
}

export function feeRatesView(own: Own, style: 'perkw' | 'perkb'): Record<string, unknown> {
  const rates = feeRates(own)
  const shown = (rate: number): number => (style === 'perkw' ? rate : rate * PERKB_PER_PERKW)
  const satsFor = (weight: number, rate: number): number => Math.floor((weight * rate) / 1000)
  const missing = own.ctx.chain.feeRateSatPerKw(12) === null
  return {
    [style]: {
      opening: shown(rates.opening),
      mutual_close: shown(rates.named.mutual_close),
      unilateral_close: shown(rates.opening),
      unilateral_anchor_close: shown(COMMITMENT_SAT_PER_KW),
      penalty: shown(rates.opening),
      splice: shown(rates.splice),
      min_acceptable: shown(FLOOR_SAT_PER_KW),
      max_acceptable: shown(rates.max),
      floor: shown(FLOOR_SAT_PER_KW),
      estimates: rates.estimates.map(({ blockcount, rate }) => ({
        blockcount,
        feerate: shown(rate),
        smoothed_feerate: shown(rate),
      })),
    },
    onchain_fee_estimates: {
      opening_channel_satoshis: satsFor(702, rates.opening),
      mutual_close_satoshis: satsFor(673, rates.named.mutual_close),
      unilateral_close_satoshis: satsFor(1112, COMMITMENT_SAT_PER_KW),
      unilateral_close_nonanchor_satoshis: satsFor(598, rates.opening),
      htlc_timeout_satoshis: satsFor(663, rates.opening),
      htlc_success_satoshis: satsFor(703, rates.opening),
    },
    ...(missing ? { warning_missing_feerates: 'Some fee estimates unavailable: bitcoind startup?' } : {}),
  }
}
