import type { Rule } from './rule.ts'

/** A reorg removed the block of a confirmed candidate. The splice waits for a confirmation again. */
export const reorg: Rule = {
  id: 'reorg',
  states: ['confirmed'],
  verdicts: ['pending', 'unseen', 'replaced', 'unattributed'],
  when: null,
  then: 'pending',
  event: ({ verdict }) => ({ type: 'reorged', tipHeight: verdict.tipHeight }),
}

/**
 * A reorg removed the block of a settled splice's candidate. A new epoch begins, and `step` freezes the channel. If the
 * candidate is final in another block, only its block is recorded anew: nothing has changed for the client.
 */
export const reorgAfterSettling: Rule = {
  id: 'reorg_after_settling',
  states: ['settled'],
  verdicts: ['pending', 'unseen', 'replaced', 'unattributed', 'confirmed'],
  when: {
    says: 'the candidate left its block, and is not final in another one',
    holds: ({ verdict }) => verdict.blockMoved && (verdict.name !== 'confirmed' || !verdict.atFinalDepth),
  },
  then: 'pending, in a new epoch, with the channel frozen',
  event: ({ verdict }) => ({ type: 'reorged', tipHeight: verdict.tipHeight }),
}
