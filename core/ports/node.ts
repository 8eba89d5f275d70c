import * as z from 'zod'
import { NonExecutionProof, SpliceKind } from '../splice/splice.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Network } from '../bitcoin/network.ts'
import type { Instant } from '../values/instant.ts'

/** Why a read from a node failed. `config`: credentials, certificate or permissions. `unreachable`: anything else. */
export type NodeFault = { readonly class: 'config' | 'unreachable'; readonly message: string }

/**
 * What a node can do, as reported by its adapter. Checked before a splice is accepted, and kept with the node's state.
 */
export const Capabilities = z.object({
  software: z.string(),
  spliceIn: z.boolean(),
  spliceOut: z.boolean(),
  /** Whether a splice-out can pay an address that the client names. */
  toAddress: z.boolean(),
  bump: z.boolean(),
  /** Whether a fee bump takes a feerate from us; if not, the node chooses it. */
  setsFeeRate: z.boolean(),
  /** `enforced`: the node refuses a fee over the ceiling. `gated`: we check the node's worst case before submitting. */
  feeCap: z.enum(['enforced', 'gated']),
  /** Whether this LDK refuses a contribution that overlaps a pending one; false if unknown. */
  overlapGuard: z.boolean(),
  /** Whether a first attempt may be submitted while the peer is disconnected. */
  queuesOffline: z.boolean(),
  /** Whether the node reports candidates and negotiations; if not, they are inferred from balance signals. */
  reportsCandidates: z.boolean(),
  /** Whether the adapter checks the transaction against the funding outpoint before it is signed. */
  checksFunding: z.boolean(),
  /** How long after signing a request can still be received by the node, in milliseconds; null: without bound. */
  fenceMs: z.int().nullable(),
  /** The proofs of non-execution that hold for this node. */
  nonExecutionProofs: z.array(NonExecutionProof).max(20).readonly(),
  /**
   * Whether the lease and `submittedOn` belong to a channel, or to the whole node because it picks the
   * channel (phoenixd).
   */
  leaseScope: z.enum(['channel', 'node']),
  /** Why the node cannot splice at all, as a sentence for the client. Absent: it can, or there is nothing to add. */
  unsupported: z.exactOptional(z.string().max(200)),
  /** The kinds of splice whose fee bump can never run as a second splice on this node. Absent: none. */
  replaces: z.exactOptional(z.array(SpliceKind).max(2).readonly()),
  /** Whether a splice is never resubmitted automatically once it may have been taken. Absent: it may be resubmitted. */
  submitsOnce: z.exactOptional(z.boolean()),
  /** Whether the node has an on-chain wallet of its own that gives addresses. Absent: it has. */
  ownWallet: z.exactOptional(z.boolean()),
})
export type Capabilities = Readonly<z.infer<typeof Capabilities>>

/** An on-chain payment out of a channel, from the node's own list of payments. */
export type Payout = { readonly txid: string; readonly amountSats: number; readonly at: Instant }

/** A channel as the node reports it. */
export type ChannelSnapshot = {
  readonly channelId: string
  readonly userChannelId: string | null
  readonly peerId: string
  readonly peerConnected: boolean
  /** Open, and not shutting down. */
  readonly ready: boolean
  readonly closing: boolean
  /** The funding outpoint, which stays the same until the next lock; null while unknown. */
  readonly funding: Outpoint | null
  readonly capacitySats: number
  readonly outboundMsat: number
  readonly inboundMsat: number
  /** What we would receive from a close of the newest candidate, and the fee of that close; null if not reported. */
  readonly claimableSats: number | null
  readonly closeFeeSats: number | null
  /** The number of confirmations at which a splice locks: 0 on zero-conf channels; null if not known. */
  readonly lockDepth: number | null
  /** Candidates as the node reports them; null if it reports none. */
  readonly candidates: readonly ReportedCandidate[] | null
  readonly negotiation: 'none' | 'active' | 'unknown'
  /**
   * Conditions under which a splice would break on this node (gate `channel`). Absent: the node has no such conditions.
   */
  readonly obstacles?: Obstacles
}

/** A candidate as reported by the node. */
export type ReportedCandidate = {
  readonly txid: string
  /** Both sides have signed it, or may have, so it can confirm at any time. */
  readonly signed: boolean
  readonly feeRateSatPerKw?: number
}

/**
 * Conditions that make a splice fail, or close the channel, on a Core Lightning: an unsettled payment, a
 * funding transaction less than six blocks deep, or a public channel whose current short channel id is not
 * yet announced by both sides (docs/reference/cln-observed.md).
 */
export type Obstacles = {
  readonly unsettledPayments: number
  /** Confirmations of the current funding transaction; 0 if it has none. */
  readonly fundingDepth: number
  /** Whether both sides announced the current funding; null on a private channel. */
  readonly announced: boolean | null
}

/** One look at a node. It is not used for a splice that changed after `observedAt`. */
export type NodeLook = {
  readonly observedAt: Instant
  readonly nodeId: string
  readonly network: Network
  readonly version: string | null
  readonly tipHeight: number
  readonly tipHash: string
  readonly synced: boolean
  readonly capabilities: Capabilities
  readonly channels: readonly ChannelSnapshot[]
  /** The on-chain balance that a splice-in can spend. */
  readonly spendableSats: number
  /** The feerate that the node would use for a splice, in sat per 1000 weight; null if it does not tell. */
  readonly feeRateSatPerKw: number | null
  /** Payments out of any of the node's channels during the last day. Absent: the node keeps no such list. */
  readonly payouts?: readonly Payout[]
}

/** The node's own record of what we added to a channel's transaction, in satoshis. */
export type Contribution = { readonly amountSats: number }

/** One attempt at a splice. It is journalled before it is sent. */
export type SubmitRequest = {
  readonly attemptId: string
  readonly channelId: string
  readonly userChannelId: string | null
  readonly peerId: string
  readonly submittedOn: Outpoint
  readonly kind: SpliceKind
  readonly amountSats: number
  /** splice-out only. */
  readonly address: string | null
  /**
   * For a node that must be told a feerate: the chain source's estimate, or what a bump asks for. null: no estimate, or the node
   * chooses.
   */
  readonly feeRateSatPerKw: number | null
  /** The timestamp in the request's signature: the attempt's `startedAt`. */
  readonly signedAt: Instant
  readonly maxFeeRateSatPerKw: number | null
  readonly maxFeeSats: number | null
}

/** One attempt at a fee bump. It is journalled before it is sent. `txid`: the candidate to replace, which spends `submittedOn`. */
export type BumpRequest = SubmitRequest & { readonly txid: string }
