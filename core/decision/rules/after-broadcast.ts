import { fenceOf } from '../../splice/fence.ts'
import { isAlone } from '../../splice/non-execution.ts'
import { unresolvedBumpAttempts } from '../../splice/replacement.ts'
import { reorg, reorgAfterSettling } from './reorg.ts'
import { attention, closedWithoutEffect, wait, type Rule } from './rule.ts'
import type { SpliceState } from '../../splice/splice.ts'
import type { VerdictName } from '../../splice/verdict.ts'

const WITHOUT_EFFECT: readonly SpliceState[] = ['failed', 'cancelled']
const SEEN: readonly VerdictName[] = ['pending', 'confirmed', 'final']

/** The rules that apply once a candidate was seen, and after an end. */
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
      says: 'the other transaction is final, and nothing of ours can follow it: the channel is gone, or no other attempt of the splice or its bumps is unresolved',
      holds: ({ splice, verdict }) => verdict.atFinalDepth && (verdict.channelGone || isAlone(splice)),
    },
    then: 'failed: channel_closed or funding_spent',
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
    id: 'replaced_unresolved',
    states: ['pending', 'confirmed'],
    verdicts: ['replaced'],
    when: {
      says: 'the other transaction is final, and another attempt of the splice or its bumps is unresolved',
      holds: ({ verdict }) => verdict.atFinalDepth,
    },
    then: 'needs_attention: unproven',
    event: attention(
      'unproven',
      'another transaction took its place, and a second attempt or a fee bump may still take effect',
    ),
  },
  {
    id: 'unseen_long',
    states: ['pending'],
    verdicts: ['unseen'],
    when: {
      says: 'no candidate has been visible for 144 blocks',
      holds: ({ splice, verdict, policy }) =>
        splice.unseenSinceHeight !== null && (verdict.tipHeight ?? 0) - splice.unseenSinceHeight >= policy.unseenBlocks,
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
    event: attention('attribution', 'another transaction took its place, and may be this splice as well'),
  },
  wait('wait_pending', ['pending'], 'wait for a confirmation'),
  {
    id: 'settle',
    states: ['confirmed'],
    verdicts: ['final'],
    when: {
      says: 'no request of a bump can still reach the node, where it would replace the next splice of the channel',
      holds: ({ splice, now }) => unresolvedBumpAttempts(splice).every((attempt) => (fenceOf(attempt) ?? 0) < now),
    },
    then: 'settled',
    event: () => ({ type: 'settled' }),
  },
  reorg,
  {
    id: 'not_locked',
    states: ['confirmed'],
    verdicts: ['confirmed'],
    when: {
      says: 'the candidate has been final for 6 more blocks, the peer is connected, and it is not locked',
      holds: ({ verdict, policy }) =>
        !verdict.locked &&
        verdict.peerConnected === true &&
        verdict.depth >= policy.finalDepth + policy.notLockedBlocks,
    },
    then: 'needs_attention: not_locked',
    event: attention('not_locked', 'the transaction is final, but the channel has not moved to it'),
  },
  wait('wait_confirmed', ['confirmed'], 'wait for final depth and the lock'),
  reorgAfterSettling,
  {
    id: 'correct',
    states: WITHOUT_EFFECT,
    verdicts: SEEN,
    when: null,
    then: 'pending, in a new epoch, with an alarm and the channel frozen',
    event: () => ({ type: 'corrected' }),
  },
  {
    id: 'watch_over',
    states: ['settled', ...WITHOUT_EFFECT],
    verdicts: 'any',
    when: {
      says: 'both watched outpoints are spent, or 2016 blocks have passed since the end',
      holds: ({ splice, verdict }) =>
        splice.watch !== null &&
        (verdict.watchedSpent || (verdict.tipHeight ?? 0) >= (splice.watch.untilHeight ?? Infinity)),
    },
    then: 'end the watch',
    event: () => ({ type: 'watch_ended' }),
  },
  wait('ended', ['settled', ...WITHOUT_EFFECT], 'nothing: the splice has ended'),
  wait('attended', ['needs_attention'], 'keep observing'),
]
