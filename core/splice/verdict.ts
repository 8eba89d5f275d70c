import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Candidate, NonExecutionProof, BalanceSignals } from './splice.ts'

/** The name of a verdict: what a look found out about a splice. These are the columns of the decision table. */
export type VerdictName =
  /** A candidate is final, and was locked at an earlier look or its channel has closed since. */
  | 'final'
  /** A candidate is in a block. */
  | 'confirmed'
  /** A candidate is in the mempool, none in a block. */
  | 'pending'
  /** A candidate was seen before; none is visible now. */
  | 'unseen'
  /** A candidate was seen before; another transaction without our effect took its place. */
  | 'replaced'
  /** No candidate; the funding history ends in a close. */
  | 'closed'
  /** No candidate; the channel moved to another funding outpoint without our effect. */
  | 'foreign'
  /** No candidate; a transaction without our effect spends the funding outpoint and is not locked yet. */
  | 'foreign_pending'
  /** A transaction spends the funding history, and it is not known yet whether it has our effect. */
  | 'unattributed'
  /** No candidate, and the current funding outpoint is known unspent. */
  | 'absent'
  /** Nothing can be concluded. */
  | 'not_known'

/** A verdict and the facts behind it, as `applyVerdict` records them. */
export type Verdict = {
  readonly name: VerdictName
  /** The height of the chain source's tip; null without a look at the chain. */
  readonly tipHeight: number | null
  /** All candidates as they are now. */
  readonly candidates: readonly Candidate[]
  readonly fundingHistory: readonly Outpoint[]
  /** The deciding spender (foreign, closed, replaced, unattributed) is final. */
  readonly atFinalDepth: boolean
  /** The depth of the confirmed candidate or the deciding spender; 0 if unconfirmed. */
  readonly depth: number
  /** The node's funding outpoint is the candidate's, or descends from it. */
  readonly locked: boolean
  /** The node no longer lists the channel. */
  readonly channelGone: boolean
  /** Whether the peer was connected; null without a look at the node. */
  readonly peerConnected: boolean | null
  /** Anything that speaks against quiet: a balance signal, a negotiation or a candidate. */
  readonly isBusy: boolean
  readonly balanceSignals: BalanceSignals | null
  /** The candidate that is visible now, in a block or in the mempool, and its transaction's weight; null: none. */
  readonly visible: { readonly candidate: Candidate; readonly weight: number } | null
  /**
   * The node reports a signed candidate that no chain source knows. If it reports none, balance signals are
   * used (replacement.ts).
   */
  readonly signedUnseen: boolean
  /** The node reports a running negotiation. */
  readonly negotiating: boolean
  /** The txid of a second, independent transaction with our effect. */
  readonly secondEffect: string | null
  /** A confirmed candidate is no longer in the block that was recorded: a reorg. */
  readonly blockMoved: boolean
  /** The node reports an older funding outpoint than before, or is another node. */
  readonly nodeWentBack: boolean
  /** The txid of a transaction with our effect that no attempt of this splice explains (gate `no_earlier_effect`). */
  readonly effectWithoutAttempt: string | null
  /** Starts of the node's process, as reported by its relay. */
  readonly processStarts: readonly number[]
  /** The watched outpoints are all spent. */
  readonly watchedSpent: boolean
  /** The rules of non-execution that hold for the node; empty without a look at it. */
  readonly nonExecutionProofs: readonly NonExecutionProof[]
  readonly quietAbsenceMs: number | null
}
