import type { FailureReason } from './failure.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Bump, CommandResult, Proof, BalanceSignals } from './splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from './verdict.ts'

/**
 * Everything that can happen to a splice. Events take effect only in `step`; `transitions.ts` lists what each
 * may do in each state.
 */
export type SpliceEvent =
  /** A look at node and chain. Records facts, never changes the state. */
  | { readonly type: 'looked'; readonly verdict: Verdict }
  /** The node gave an address for a splice-out that was ordered without one. */
  | { readonly type: 'address_given'; readonly address: string; readonly script: string }
  /** An attempt is journalled. It is sent only after this was saved. */
  | {
      readonly type: 'attempt_started'
      readonly id: string
      readonly submittedOn: Outpoint
      readonly fenceMs: number | null
      readonly baseline: BalanceSignals
    }
  /** A step of an attempt that takes several calls is journalled. Its call is made only after this was saved. */
  | { readonly type: 'attempt_stepped'; readonly id: string; readonly name: string; readonly txid?: string }
  /** An unsigned splice on the channel is about to be aborted at the node. */
  | { readonly type: 'abort_started' }
  /** A command was answered, whenever the answer arrives. `jitter` in [0, 1) spreads the backoff. */
  | {
      readonly type: 'attempt_answered'
      readonly id: string
      readonly result: CommandResult
      readonly overlapGuard: boolean
      readonly jitter: number
    }
  /** The node reported why a negotiation failed. Triggers a look, and may stop submitting. */
  | { readonly type: 'reason_heard'; readonly reason: FailureReason; readonly at: Instant }
  /** A fee bump was requested, by a client or by the splice's own policy. */
  | {
      readonly type: 'bump_opened'
      readonly id: string
      readonly by: Bump['by']
      readonly bodyHash: string
      readonly feeRateSatPerKw: number | null
      readonly tipHeight: number | null
    }
  /** An attempt of the open bump is journalled. It is sent only after this was saved. */
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
  /** The bump is given up; the splice goes on. */
  | { readonly type: 'bump_abandoned'; readonly code: string; readonly message: string }
  | { readonly type: 'candidate_seen' }
  | { readonly type: 'candidate_confirmed' }
  /** A confirmed candidate lost its block. */
  | { readonly type: 'reorged'; readonly tipHeight: number | null }
  | { readonly type: 'settled' }
  /** Every attempt is proven not executed, and the budget allows another. */
  | { readonly type: 'none_executed_yet' }
  /** No further attempt will be made. */
  | { readonly type: 'submitting_stopped'; readonly code: string; readonly message: string }
  | { readonly type: 'given_up'; readonly code: string; readonly message: string; readonly proof: Proof }
  | { readonly type: 'withdrawn'; readonly proof: Proof }
  | { readonly type: 'attention_needed'; readonly code: string; readonly message: string }
  /**
   * The record was restored from a backup and lacks what was submitted since. An attempt that stands for all
   * of that is journalled, so that nothing is claimed before it is proven not executed.
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
  /** A second transaction with this splice's effect is in the funding history. */
  | { readonly type: 'second_effect'; readonly txid: string }
  /** Nothing of an ended splice needs watching any more. */
  | { readonly type: 'watch_ended' }
  /** `generation` is the table's. A record that was restored from a backup is never cancelled at once. */
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
