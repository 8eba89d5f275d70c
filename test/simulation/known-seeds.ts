/**
 * Seeds that failed once, each with what was wrong then: they always run. These two failed against a product that was broken
 * on purpose, to see whether the laws notice; the first that finds a defect by itself goes below them.
 */
export const knownSeeds: readonly { readonly seed: string; readonly why: string }[] = [
  { seed: '4', why: 'a slot that was taken from a living holder let two splices of a channel submit' },
  {
    seed: '52',
    why: 'an attempt without an answer was taken for dead, and a failed splice had to be corrected',
  },
]
