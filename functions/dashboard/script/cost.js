/** @import { SpliceView } from '../../api/splice-view.ts' */
import { feeRate, sats } from './words.js'

/**
 * What a submission of a splice may cost at most, in a sentence: its ceiling, and who keeps it.
 *
 * @param {SpliceView} splice
 */
export function costOf({ budget, feeCap }) {
  const { maxFeeSats, maxFeeRateSatPerVb } = budget
  const bounds = [
    ...(maxFeeSats === null ? [] : [sats(maxFeeSats)]),
    ...(maxFeeRateSatPerVb === null ? [] : [feeRate(maxFeeRateSatPerVb)]),
  ]
  if (bounds.length === 0)
    return 'Its budget has no fee ceiling: it costs what the node chooses to pay, and nothing here bounds that.'
  const bound = `The fee is at most ${bounds.join(' and ')}, by its budget.`
  if (feeCap === 'enforced') return `${bound} The node itself keeps this ceiling.`
  return `${bound} The node itself does not keep it: its worst case is checked before it is asked, and a fee over the ceiling is reported.`
}

/**
 * The transaction that is the newest of a splice; null: none was seen.
 *
 * @param {SpliceView} splice
 */
export function lastCandidate({ candidates }) {
  return candidates.at(-1) ?? null
}
