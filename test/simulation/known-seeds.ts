/**
 * Seeds beyond those that a verification plays anyway which failed once, each with what was wrong then: they always run.
 */
export const knownSeeds: readonly { readonly seed: string; readonly why: string }[] = [
  { seed: '303', why: 'a splice that was paid by hand as well has two confirmed candidates' },
  {
    seed: '812',
    why: 'a node out of a backup left a splice in need of attention, and its payment was not accounted for',
  },
]
