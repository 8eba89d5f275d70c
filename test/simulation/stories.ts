import { MINUTE } from '../support/keeper.ts'

/** What happens in a step of a story, and how it goes on: how long it rests, and whether blocks are mined meanwhile. */
export type Beat = { readonly action: string; readonly restMs: number; readonly blockMs: number | null }

const beat = (action: string, restMs = 5_000, blockMs: number | null = null): Beat => ({
  action,
  restMs,
  blockMs,
})
const SETTLING = 15 * MINUTE

/** Orders of things that chance alone hardly ever brings about; a run tells one of them, with other things in between. */
export const stories: Readonly<Record<string, readonly Beat[]>> = {
  'a reorg takes a settled splice while the next one waits': [
    beat('post', SETTLING, MINUTE),
    beat('post', 200),
    beat('reorgDeep', 2 * MINUTE),
    beat('race', 5 * MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'an operator gives up on a request that arrives after all': [
    beat('late', 200),
    beat('post'),
    beat('resolve'),
    beat('post', SETTLING, MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'the table comes out of a backup that knows no submission': [
    beat('peerLeaves', 200),
    beat('post', 200),
    beat('tableBackedUp', 200),
    beat('peerReturns', MINUTE),
    beat('blocks', MINUTE),
    beat('tableRestored', SETTLING, MINUTE),
    beat('retry', SETTLING, MINUTE),
  ],
  'the table comes out of a backup, and what it knew as sent is not': [
    beat('late', 200),
    beat('post', 200),
    beat('tableBackedUp', 2 * MINUTE),
    beat('tableRestored', 2 * MINUTE),
    beat('retry', SETTLING, MINUTE),
    beat('cancel', 5 * MINUTE),
  ],
  'a transaction is no longer relayed for a day': [
    beat('post', MINUTE),
    beat('feesRise', 200),
    beat('evict', MINUTE),
    beat('manyBlocks', 5 * MINUTE),
    beat('manyBlocks', 5 * MINUTE),
    beat('race', 5 * MINUTE),
  ],
  'a node out of a backup forgets a splice, and another takes its place': [
    beat('nodeBackedUp', 200),
    beat('post', MINUTE),
    beat('withhold', 200),
    beat('nodeRestored', MINUTE),
    beat('peerSplices', MINUTE),
    beat('candidateMined', 2 * MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'a bump is on its way when another takes the place of the splice': [
    beat('nodeBackedUp', 200),
    beat('post', MINUTE),
    beat('withhold', 200),
    beat('late', 200),
    beat('bump', 5_000),
    beat('nodeRestored', MINUTE),
    beat('peerSplices', MINUTE),
    beat('candidateMined', 2 * MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'the guard is gone while a bump is open': [
    beat('post', MINUTE),
    beat('withhold', 200),
    beat('drop', 200),
    beat('bump', 200),
    beat('guardLost', SETTLING),
  ],
  'three bumps in a row are lost': [
    beat('post', MINUTE),
    beat('withhold', 200),
    beat('drop', 200),
    beat('drop', 200),
    beat('drop', 200),
    beat('bump', SETTLING),
    beat('race', SETTLING),
    beat('race', SETTLING),
  ],
  'the channel is closed under a splice that waits': [
    beat('post', MINUTE),
    beat('withhold', 200),
    beat('close', MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'the channel is closed before the request arrives': [
    beat('late', 200),
    beat('post', 5_000),
    beat('close', MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'somebody pays the same by hand': [
    beat('post', SETTLING, MINUTE),
    beat('sameByHand', SETTLING, MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
  'somebody has paid the same before': [
    beat('peerLeaves', 200),
    beat('post', 200),
    beat('sameByHand', 200),
    beat('peerReturns', SETTLING, MINUTE),
  ],
  'two requests die unanswered, and a third is due': [
    beat('drop', 200),
    beat('post', 2 * MINUTE),
    beat('drop', 6 * MINUTE),
    beat('race', 6 * MINUTE),
    beat('race', SETTLING, MINUTE),
  ],
  'a cancel comes between two requests': [
    beat('drop', 200),
    beat('post', MINUTE),
    beat('cancel', 6 * MINUTE),
    beat('race', 6 * MINUTE, MINUTE),
  ],
  'the deadline passes while others hold the slot': [
    beat('post', 200),
    beat('withhold', 200),
    beat('postShort', 20 * MINUTE),
    beat('release', 5 * MINUTE, MINUTE),
    beat('blocks', SETTLING, MINUTE),
  ],
}
