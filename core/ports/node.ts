import * as z from 'zod'
import { NonExecutionProof, SpliceKind } from '../splice/splice.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Network } from '../bitcoin/network.ts'
import type { Instant } from '../values/instant.ts'

/** Why a node gave no answer to a read. `config`: credential, certificate or permission; `unreachable`: anything else. */
export type NodeFault = { readonly class: 'config' | 'unreachable'; readonly message: string }

/** What a node can do, as its adapter says; checked before a splice is accepted, and kept with the node's state. */
export const Capabilities = z.object({
  software: z.string(),
  spliceIn: z.boolean(),
  spliceOut: z.boolean(),
  /** Whether a splice-out can pay an address that the client names. */
  toAddress: z.boolean(),
  bump: z.boolean(),
  /** Whether a fee bump takes a feerate of ours; otherwise the node chooses. */
  setsFeeRate: z.boolean(),
  /** `enforced`: the node refuses a fee over the ceiling; `gated`: we check its worst case first. */
  feeCap: z.enum(['enforced', 'gated']),
  /** An LDK that refuses a contribution overlapping a pending one; false where unknown. */
  overlapGuard: z.boolean(),
  /** Whether a first attempt may be submitted while the peer is away. */
  queuesOffline: z.boolean(),
  /** Whether candidates and negotiations are reported; otherwise balance signals are read. */
  reportsCandidates: z.boolean(),
  /** Whether the adapter checks the transaction against the funding outpoint before it is signed. */
  checksFunding: z.boolean(),
  /** How long after it was signed a request can still be received; null: no such bound. */
  fenceMs: z.int().nullable(),
  /** The proofs of non-execution that hold for this node. */
  nonExecutionProofs: z.array(NonExecutionProof).max(20).readonly(),
  /** Lease and funding outpoints are per channel, or (phoenixd) per node: the node picks the channel. */
  leaseScope: z.enum(['channel', 'node']),
  /** Why the node cannot splice at all: a sentence for the client. Left out: it can, or there is nothing to add. */
  unsupported: z.exactOptional(z.string().max(200)),
  /** Kinds of splice whose fee bump the node itself can never run as a second splice. Left out: none. */
  replaces: z.exactOptional(z.array(SpliceKind).max(2).readonly()),
  /** No splice is submitted a second time by itself once it may have been taken. Left out: it may be. */
  submitsOnce: z.exactOptional(z.boolean()),
  /** Whether the node has a wallet of its own on chain, which gives addresses. Left out: it has. */
  ownWallet: z.exactOptional(z.boolean()),
})
export type Capabilities = Readonly<z.infer<typeof Capabilities>>

/** A payment on chain out of a channel, from a node's own list of them. */
export type Payout = { readonly txid: string; readonly amountSats: number; readonly at: Instant }

/** A channel as the node reports it. */
export type ChannelSnapshot = {
  readonly channelId: string
  readonly userChannelId: string | null
  readonly peerId: string
  readonly peerConnected: boolean
  /** Opened and not shutting down. */
  readonly ready: boolean
  readonly closing: boolean
  /** The funding outpoint until the next lock; null while unknown. */
  readonly funding: Outpoint | null
  readonly capacitySats: number
  readonly outboundMsat: number
  readonly inboundMsat: number
  /** What a close would pay us (the newest candidate counts), and the fee of that close; null if not reported. */
  readonly claimableSats: number | null
  readonly closeFeeSats: number | null
  /** Depth at which a splice locks; null if not known; 0 on zero-conf channels. */
  readonly lockDepth: number | null
  /** Candidates as the node reports them; null where it reports none. */
  readonly candidates: readonly ReportedCandidate[] | null
  readonly negotiation: 'none' | 'active' | 'unknown'
  /** What stands in the way of a splice on a node that breaks on it; left out where nothing of the kind is known to (gate `channel`). */
  readonly obstacles?: Obstacles
}

/** A candidate in the words of its node. */
export type ReportedCandidate = {
  readonly txid: string
  /** Both sides have signed it, or may have: it can confirm at any time. */
  readonly signed: boolean
  readonly feeRateSatPerKw?: number
}

/**
 * What makes a splice fail, or the channel close, on a Core Lightning: a payment that is not settled, a funding less than six
 * deep, a public channel whose present short channel id is not announced by both sides (docs/reference/cln-observed.md).
 */
export type Obstacles = {
  readonly unsettledPayments: number
  /** Confirmations of the current funding; 0 while it has none. */
  readonly fundingDepth: number
  /** Whether both sides announced the current funding; null on a private channel. */
  readonly announced: boolean | null
}

/** One gathering from one node. Not used for a splice that changed after `observedAt`. */
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
  /** What a splice-in can spend. */
  readonly spendableSats: number
  /** The feerate that the node would use for a splice, sat per 1000 weight, where it tells. */
  readonly feeRateSatPerKw: number | null
  /** What the node lists as paid out of any of its channels, the last day; left out where it keeps no such list. */
  readonly payouts?: readonly Payout[]
}

/** The node's own record of what we added to a transaction of a channel, in satoshis. */
export type Contribution = { readonly amountSats: number }

/** One submission, journalled before it is sent. */
export type SubmitRequest = {
  readonly attemptId: string
  readonly channelId: string
  readonly userChannelId: string | null
  readonly peerId: string
  readonly submittedOn: Outpoint
  readonly kind: SpliceKind
  readonly amountSats: number
  /** splice-out only */
  readonly address: string | null
  /** The chain source's estimate, for a node that has to be told a feerate; null: there is none. */
  readonly feeRateSatPerKw: number | null
  /** The time that the request is signed with: the attempt's `startedAt`. */
  readonly signedAt: Instant
  readonly maxFeeRateSatPerKw: number | null
  readonly maxFeeSats: number | null
}

/** One try of a fee bump, journalled before it is sent. */
export type BumpRequest = {
  readonly attemptId: string
  readonly channelId: string
  readonly userChannelId: string | null
  readonly peerId: string
  /** The candidate to replace, and the funding outpoint that it spends. */
  readonly txid: string
  readonly submittedOn: Outpoint
  readonly kind: SpliceKind
  readonly amountSats: number
  /** splice-out only */
  readonly address: string | null
  /** null: the node chooses, as it must where it takes none. */
  readonly feeRateSatPerKw: number | null
  /** The time that the request is signed with: the attempt's `startedAt`. */
  readonly signedAt: Instant
  readonly maxFeeRateSatPerKw: number | null
  readonly maxFeeSats: number | null
}
