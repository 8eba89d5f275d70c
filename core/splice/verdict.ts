import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Candidate, NonExecutionProof, BalanceSignals } from './splice.ts'

/** What a look found out about a splice. Names are the columns of the decision table. */
export type VerdictName =
  /** A candidate at final depth, locked since an earlier look, or its channel closed since. */
  | 'final'
  /** A candidate in a block. */
  | 'confirmed'
  /** A candidate in the mempool, none in a block. */
  | 'pending'
  /** A candidate was seen before; none is to be seen now. */
  | 'unseen'
  /** A candidate was seen before; another transaction without our effect took its place. */
  | 'replaced'
  /** No candidate; the funding history ends in a close. */
  | 'closed'
  /** No candidate; the channel moved to another funding without our effect. */
  | 'foreign'
  /** No candidate; a transaction without our effect spends the funding and is not locked yet. */
  | 'foreign_pending'
  /** Something spends the funding history, and whether it carries our effect is not known yet. */
  | 'unattributed'
  /** No candidate, and the current funding is known unspent. */
  | 'absent'
  /** Nothing can be concluded. */
  | 'not_known'

/** A verdict and the facts behind it, as `step` notes them in the record. */
export type Verdict = {
  readonly name: VerdictName
  /** Height of the chain source's tip; null without one. */
  readonly tipHeight: number | null
  /** All candidates as they stand now. */
  readonly candidates: readonly Candidate[]
  readonly fundingHistory: readonly Outpoint[]
  /** The spender that decides (foreign, closed, replaced, unattributed) is at final depth. */
  readonly atFinalDepth: boolean
  /** Depth of the confirmed candidate or of the deciding spender; 0 if unconfirmed. */
  readonly depth: number
  /** The node's funding is the candidate or descends from it. */
  readonly locked: boolean
  /** The channel is no longer listed by its node. */
  readonly channelGone: boolean
  /** Whether the peer was connected; null without a look at the node. */
  readonly peerConnected: boolean | null
  /** Anything that speaks against quiet: a sign, a negotiation, a candidate. */
  readonly isBusy: boolean
  readonly balanceSignals: BalanceSignals | null
  /** The candidate that stands now, in a block or in the mempool, and the weight of its transaction; null: none is to be seen. */
  readonly visible: { readonly candidate: Candidate; readonly weight: number } | null
  /** The node reports a signed candidate that no chain source knows; where it reports none, the signs tell (replacement.ts). */
  readonly signedUnseen: boolean
  /** The node reports a running negotiation. */
  readonly negotiating: boolean
  /** A second, independent transaction with our effect. */
  readonly secondEffect: string | null
  /** A confirmed candidate is not in the block that was recorded any more: a reorg. */
  readonly blockMoved: boolean
  /** The node stands on an older funding outpoint than was seen, or is another node. */
  readonly nodeWentBack: boolean
  /** A transaction with our effect that no attempt of this splice explains (gate `no_earlier_effect`). */
  readonly effectWithoutAttempt: string | null
  /** Starts of the node's process, as its relay reported them. */
  readonly processStarts: readonly number[]
  /** Watched outpoints are all spent. */
  readonly watchedSpent: boolean
  /** The rows of the deadness table that hold for the node; empty without a look at it. */
  readonly nonExecutionProofs: readonly NonExecutionProof[]
  readonly quietAbsenceMs: number | null
}
