import { fenceOf } from '../../splice/fence.ts'
import { isAlone } from '../../splice/non-execution.ts'
import { unresolvedBumpAttempts } from '../../splice/replacement.ts'
import type { Rule } from './rule.ts'
import { attention, closedWithoutEffect, wait } from './rule.ts'
import type { SpliceState } from '../../splice/splice.ts'
import type { VerdictName } from '../../splice/verdict.ts'

const WITHOUT_EFFECT: readonly SpliceState[] = ['failed', 'cancelled']
const SEEN: readonly VerdictName[] = ['pending', 'confirmed', 'final']

/** What follows once a candidate was seen, and after an end (design sections 5 and 6). */
export const rulesAfterBroadcast: readonly Rule[] = [
  {
    id: 'confirm',
    states: ['pending'],
    verdicts: ['confirmed', 'final'],
    when: null,
    then: 'confirmed',
    event: () => ({ type: 'candidate_confirmed' }),
  },
  {
    id: 'replaced',
    states: ['pending', 'confirmed', 'needs_attention'],
    verdicts: ['replaced'],
    when: {
      says: 'the other transaction is final, and nothing of ours can follow: the channel is gone, or no other attempt, nor one of a bump, is alive',
      holds: ({ splice, verdict }) => verdict.atFinalDepth && (verdict.channelGone || isAlone(splice)),
    },
    then: 'failed: channel_closed, or funding_spent',
    event: ({ verdict }) =>
      verdict.channelGone
        ? closedWithoutEffect
        : {
            type: 'given_up',
            code: 'funding_spent',
            message: 'another transaction took the place of this splice',
            proof: 'funding_spent',
          },
  },
  {
    id: 'replaced_alive',
    states: ['pending', 'confirmed'],
    verdicts: ['replaced'],
    when: {
      says: 'the other transaction is final, and another attempt, or one of a bump, is alive',
      holds: ({ verdict }) => verdict.atFinalDepth,
    },
    then: 'needs_attention: unproven',
    event: attention(
      'unproven',
      'another transaction took its place, and a second attempt, or a fee bump, may still take effect',
    ),
  },
  {
    id: 'unseen_long',
    states: ['pending'],
    verdicts: ['unseen'],
    when: {
      says: 'no candidate was seen for 144 blocks',
      holds: ({ splice, verdict, policy }) =>
        splice.unseenSinceHeight !== null &&
        (verdict.tipHeight ?? 0) - splice.unseenSinceHeight >= policy.unseenBlocks,
    },
    then: 'needs_attention: unseen',
    event: attention('unseen', 'the transaction has left the mempool, and nothing replaced it'),
  },
  {
    id: 'unattributed',
    states: ['pending', 'confirmed'],
    verdicts: ['unattributed'],
    when: { says: 'the transaction in its place is final', holds: ({ verdict }) => verdict.atFinalDepth },
    then: 'needs_attention: attribution',
    event: attention('attribution', 'a transaction took its place, and may be this splice as well'),
  },
  wait('wait_pending', ['pending'], 'wait for a confirmation'),
  {
    id: 'settle',
    states: ['confirmed'],
    verdicts: ['final'],
    when: {
      says: 'no request of a bump can still reach the node, where it would replace the next splice of the channel',
      holds: ({ splice, now }) =>
        unresolvedBumpAttempts(splice).every((attempt) => (fenceOf(attempt) ?? 0) < now),
    },
    then: 'settled',
    event: () => ({ type: 'settled' }),
  },
  {
    id: 'reorg',
    states: ['confirmed'],
    verdicts: ['pending', 'unseen', 'replaced', 'unattributed'],
    when: null,
    then: 'pending',
    event: ({ verdict }) => ({ type: 'reorged', tipHeight: verdict.tipHeight }),
  },
  {
    id: 'not_locked',
    states: ['confirmed'],
    verdicts: ['confirmed'],
    when: {
      says: 'final for another 6 blocks with the peer connected, and not locked',
      holds: ({ verdict, policy }) =>
        !verdict.locked &&
        verdict.peerConnected === true &&
        verdict.depth >= policy.finalDepth + policy.notLockedBlocks,
    },
    then: 'needs_attention: not_locked',
    event: attention('not_locked', 'the transaction is final, but the channel has not moved to it'),
  },
  wait('wait_confirmed', ['confirmed'], 'wait for final depth and the lock'),
  {
    id: 'reorg_after_settling',
    states: ['settled'],
    verdicts: ['pending', 'unseen', 'replaced', 'unattributed', 'confirmed'],
    when: {
      says: 'the candidate left its block, and is no longer at final depth',
      holds: ({ verdict }) => verdict.blockMoved && (verdict.name !== 'confirmed' || !verdict.atFinalDepth),
    },
    then: 'pending: a new epoch',
    event: ({ verdict }) => ({ type: 'reorged', tipHeight: verdict.tipHeight }),
  },
  {
    id: 'correct',
    states: WITHOUT_EFFECT,
    verdicts: SEEN,
    when: null,
    then: 'pending: a new epoch, an alarm, the channel frozen',
    event: () => ({ type: 'corrected' }),
  },
  {
    id: 'watch_over',
    states: ['settled', ...WITHOUT_EFFECT],
    verdicts: 'any',
    when: {
      says: 'both watched outpoints are spent, or 2016 blocks have passed',
      holds: ({ splice, verdict }) =>
        splice.watch !== null &&
        (verdict.watchedSpent || (verdict.tipHeight ?? 0) >= (splice.watch.untilHeight ?? Infinity)),
    },
    then: 'nothing is watched any more',
    event: () => ({ type: 'watch_ended' }),
  },
  wait('ended', ['settled', ...WITHOUT_EFFECT], 'nothing: it has ended'),
  wait('attended', ['needs_attention'], 'keep observing'),
]
