/**
 * Seeds beyond those that a verification plays anyway which failed once, each with what was wrong then: they always run.
 */
export const knownSeeds: readonly { readonly seed: string; readonly why: string }[] = [
  { seed: '303', why: 'a splice that was paid by hand as well has two confirmed candidates' },
  {
    seed: '50775',
    why: 'confirmed was still said when another transaction, maybe ours as well, had taken the block',
  },
  { seed: '51044', why: 'what settled in a block that no sweep had seen was not found when that block went' },
  {
    seed: '812',
    why: 'a node out of a backup left a splice in need of attention, and its payment was not accounted for',
  },
  {
    seed: '10746',
    why: 'a confirmation that a reorg took left the rest of an hour behind, and what left the mempool was not sent again',
  },
  {
    seed: '305234',
    why: 'what came after an operator had said that nothing would, and hid in a round of the peer, was to be known as ours',
  },
  { seed: '8904', why: 'two clocks that differ saw a gap between looks as shorter than it was' },
]
