/** @import { SpliceView } from '../../api/splice-view.ts' */
import { feeRate, sats } from './words.js'

/**
 * The most that a submission of a splice may cost, in sentences: its fee ceiling, and who enforces it.
 *
 * @param {SpliceView} splice
 */
export function costOf({ budget, feeCap }) {
  const { maxFeeSats, maxFeeRateSatPerVb } = budget
  const bounds = [
    ...(maxFeeSats === null ? [] : [sats(maxFeeSats)]),
    ...(maxFeeRateSatPerVb === null ? [] : [feeRate(maxFeeRateSatPerVb)]),
  ]
  if (bounds.length === 0) return 'The budget has no fee ceiling: the node chooses the fee without a limit.'
  const bound = `The budget allows a fee of at most ${bounds.join(' and ')}.`
  if (feeCap === 'enforced') return `${bound} The node itself enforces this ceiling.`
  return `${bound} The node itself does not enforce this ceiling: its worst case is checked before each request, and a fee over the ceiling is reported.`
}

/**
 * The newest transaction of a splice. null: none was seen.
 *
 * @param {SpliceView} splice
 */
export function lastCandidate({ candidates }) {
  return candidates.at(-1) ?? null
}
