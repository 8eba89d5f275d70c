import * as z from 'zod'

/**
 * Why a node's negotiation failed, in LDK's names (`NegotiationFailureReason`, rust-lightning `events/mod.rs`).
 * Every node's errors map onto them. A reason decides whether submitting goes on, never how a splice ends.
 */
export const FailureReason = z.enum([
  'Unknown',
  'PeerDisconnected',
  'CounterpartyAborted',
  'NegotiationError',
  'ContributionInvalid',
  'LocallyCanceled',
  'ChannelClosing',
  'FeeRateTooLow',
  'CannotInitiateRbf',
])
export type FailureReason = z.infer<typeof FailureReason>

/** What a reason means for further submissions of a splice. */
export type AfterReason = {
  /** `resubmit`: when the gates open. `rebuild`: the same, with a fresh contribution. `stop`: submitting is over. `in_flight`: something is under way. */
  readonly then: 'resubmit' | 'rebuild' | 'stop' | 'in_flight'
  readonly why: string
}

/** The failure set (design section 6, "Reasons"). Against remote nodes `resubmit` and `rebuild` are one command. */
export const afterReason: Readonly<Record<FailureReason, AfterReason>> = {
  Unknown: { then: 'resubmit', why: 'written by an older version that kept no reason' },
  PeerDisconnected: {
    then: 'resubmit',
    why: 'the peer went away before signing; nothing is wrong with the contribution',
  },
  ContributionInvalid: {
    then: 'rebuild',
    why: 'balances or inputs moved; the node builds a fresh contribution from the intent',
  },
  FeeRateTooLow: { then: 'rebuild', why: 'the market moved; a fresh contribution carries the new feerate' },
  CounterpartyAborted: { then: 'stop', why: 'the peer refused these terms and would again' },
  NegotiationError: { then: 'stop', why: 'the two nodes disagree about the protocol' },
  LocallyCanceled: { then: 'stop', why: 'somebody cancelled it at the node' },
  ChannelClosing: { then: 'stop', why: 'a closing channel takes no splice' },
  CannotInitiateRbf: {
    then: 'in_flight',
    why: 'the pending one cannot be replaced: for a duplicate, it is in flight',
  },
}

/** Why a command was certainly not executed, and so what to do (design section 6, "Results"). */
export const RefusalClass = z.enum(['invalid', 'config', 'not_now', 'in_flight'])
export type RefusalClass = z.infer<typeof RefusalClass>
