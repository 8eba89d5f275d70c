import * as z from 'zod'

/**
 * Why a node's negotiation failed, under LDK's names (`NegotiationFailureReason`, rust-lightning `events/mod.rs`).
 * Every node's errors are mapped onto them. A reason decides whether submitting goes on, never how a splice ends.
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

/** What a reason means for further attempts of a splice. */
export type AfterReason = {
  /**
   * `resubmit`: try again when the gates open. `rebuild`: the same, with a fresh contribution. `stop`: stop
   * submitting. `in_flight`: something is under way.
   */
  readonly then: 'resubmit' | 'rebuild' | 'stop' | 'in_flight'
  readonly why: string
}

/**
 * What follows from each reason. To a remote node `resubmit` and `rebuild` are one command: the node builds
 * the contribution.
 */
export const afterReason: Readonly<Record<FailureReason, AfterReason>> = {
  Unknown: { then: 'resubmit', why: 'an older version of the node recorded no reason' },
  PeerDisconnected: {
    then: 'resubmit',
    why: 'the peer disconnected before signing; nothing is wrong with the contribution',
  },
  ContributionInvalid: {
    then: 'rebuild',
    why: 'balances or inputs changed; the node builds a fresh contribution',
  },
  FeeRateTooLow: {
    then: 'rebuild',
    why: 'the fee market rose; a fresh contribution carries the new feerate',
  },
  CounterpartyAborted: { then: 'stop', why: 'the peer refused these terms, and would refuse them again' },
  NegotiationError: { then: 'stop', why: 'the two nodes disagree about the protocol' },
  LocallyCanceled: { then: 'stop', why: 'somebody cancelled the splice at the node' },
  ChannelClosing: { then: 'stop', why: 'a closing channel cannot be spliced' },
  CannotInitiateRbf: {
    then: 'in_flight',
    why: 'the pending transaction cannot be replaced; after a duplicate request, the first one is in flight',
  },
}

/**
 * Why a command was certainly not executed. `invalid`: the splice fails. `config`: the node is paused, with
 * an alarm. `not_now`: try again later. `in_flight`: something is under way.
 */
export const RefusalClass = z.enum(['invalid', 'config', 'not_now', 'in_flight'])
export type RefusalClass = z.infer<typeof RefusalClass>
