import type { FailureReason } from './failure.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Bump, CommandResult, Proof, BalanceSignals } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from './verdict.ts'

/**
 * Everything that can happen to a splice. `step` is the only place where one takes effect; what an event may do in each
 * state stands in the table of `transitions.ts`.
 */
export type SpliceEvent =
  /** A look at node and chain: notes facts, never changes the state. */
  | { readonly type: 'looked'; readonly verdict: Verdict }
  /** The node gave an address for a splice-out that came without one. */
  | { readonly type: 'address_given'; readonly address: string; readonly script: string }
  /** An attempt is journalled; it is sent only after it was saved. */
  | {
      readonly type: 'attempt_started'
      readonly id: string
      readonly submittedOn: Outpoint
      readonly fenceMs: number | null
      readonly baseline: BalanceSignals
    }
  /** A step of an attempt that takes several calls is journalled; the call that it names follows only if it was saved. */
  | { readonly type: 'attempt_stepped'; readonly id: string; readonly name: string; readonly txid?: string }
  /** What an unsigned splice left on the channel is about to be cleared at the node. */
  | { readonly type: 'abort_started' }
  /** A command's answer, at whatever time it comes. `jitter` in [0, 1) spreads the backoff. */
  | {
      readonly type: 'attempt_answered'
      readonly id: string
      readonly result: CommandResult
      readonly overlapGuard: boolean
      readonly jitter: number
    }
  /** A node's failure event: a wake-up that may end submitting. */
  | { readonly type: 'reason_heard'; readonly reason: FailureReason; readonly at: Instant }
  /** A fee bump is asked for: by a client, or by the splice's own policy. */
  | {
      readonly type: 'bump_opened'
      readonly id: string
      readonly by: Bump['by']
      readonly bodyHash: string
      readonly feeRateSatPerKw: number | null
      readonly tipHeight: number | null
    }
  /** An attempt of the open bump is journalled; it is sent only after it was saved. */
  | {
      readonly type: 'bump_started'
      readonly id: string
      readonly submittedOn: Outpoint
      readonly fenceMs: number | null
      readonly baseline: BalanceSignals
    }
  | {
      readonly type: 'bump_answered'
      readonly id: string
      readonly result: CommandResult
      readonly jitter: number
    }
  /** A replacement with a higher feerate was seen. */
  | { readonly type: 'bump_done'; readonly txid: string }
  /** The bump comes to nothing; the splice goes on. */
  | { readonly type: 'bump_abandoned'; readonly code: string; readonly message: string }
  | { readonly type: 'candidate_seen' }
  | { readonly type: 'candidate_confirmed' }
  /** A confirmed candidate lost its block. */
  | { readonly type: 'reorged'; readonly tipHeight: number | null }
  | { readonly type: 'settled' }
  /** Every attempt is dead and the budget allows another. */
  | { readonly type: 'none_executed_yet' }
  /** No further attempt will be made. */
  | { readonly type: 'submitting_stopped'; readonly code: string; readonly message: string }
  | { readonly type: 'given_up'; readonly code: string; readonly message: string; readonly proof: Proof }
  | { readonly type: 'withdrawn'; readonly proof: Proof }
  | { readonly type: 'attention_needed'; readonly code: string; readonly message: string }
  /**
   * The record came out of a backup: what was submitted since then is not in it. An attempt that stands for all of those is
   * journalled, so that nothing is claimed before it is dead.
   */
  | {
      readonly type: 'restored'
      readonly generation: number
      readonly id: string
      readonly submittedOn: Outpoint
      readonly fenceMs: number | null
    }
  /** Chain evidence contradicts an end without effect. */
  | { readonly type: 'corrected' }
  /** A second output of ours in the funding history. */
  | { readonly type: 'second_effect'; readonly txid: string }
  /** Nothing of an ended splice needs watching any more. */
  | { readonly type: 'watch_ended' }
  /** `generation`: the table's; a record out of a backup is never withdrawn at once. */
  | { readonly type: 'cancel_requested'; readonly generation: number }
  | { readonly type: 'retry_requested'; readonly attempts: number; readonly deadline: Instant | null }
  | { readonly type: 'resolved_failed'; readonly note: string }
  | {
      readonly type: 'resolved_candidate'
      readonly txid: string
      readonly spends: Outpoint
      readonly note: string
    }

export type SpliceEventType = SpliceEvent['type']

/** The event of that type. */
export type EventOf<T extends SpliceEventType> = Extract<SpliceEvent, { type: T }>
