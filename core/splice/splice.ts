import * as z from 'zod'
import { BlockRef } from '../bitcoin/block.ts'
import { Network } from '../bitcoin/network.ts'
import { Instant } from '../values/instant.ts'
import { FailureReason, RefusalClass } from './failure.ts'
import { Metadata } from './metadata.ts'
import { AmountSats } from '../bitcoin/money.ts'
import { Outpoint, Txid } from '../bitcoin/outpoint.ts'

/** How much one record holds. What exceeds a limit is merged, dropped or refused. */
export const RECORD_LIMITS = {
  attempts: 20,
  bumps: 10,
  bumpAttempts: 6,
  candidates: 20,
  fundingHistory: 50,
  timeline: 50,
} as const

export const SpliceKind = z.enum(['splice_in', 'splice_out'])
export type SpliceKind = z.infer<typeof SpliceKind>

/** The states of a splice. What leads from one to the next is in `transitions.ts`. */
export const SpliceState = z.enum([
  'queued',
  'submitted',
  'pending',
  'confirmed',
  'settled',
  'failed',
  'cancelled',
  'needs_attention',
])
export type SpliceState = z.infer<typeof SpliceState>

/** A node's answer to a command. Everything that is not certainly "not executed" is `unknown`. */
export const CommandResult = z.discriminatedUnion('type', [
  z.object({ type: z.literal('taken'), txid: Txid.optional() }),
  z.object({
    type: z.literal('refused'),
    class: RefusalClass,
    reason: FailureReason.optional(),
    /** The node's own error code. */
    code: z.int().optional(),
    message: z.string().max(200),
  }),
  z.object({ type: z.literal('unknown'), message: z.string().max(200) }),
])
export type CommandResult = z.infer<typeof CommandResult>

/** The rule by which an attempt was proven not executed (`non-execution.ts`). */
export const NonExecutionProof = z.enum([
  'refused',
  'channel_closed',
  'conflict_final',
  'operator',
  'process_restarted',
  'overlap_guard',
  'quiet_absence',
  'no_return_not_reached',
  'disconnected_since',
  'single_commitment',
  'node_idle',
])
export type NonExecutionProof = z.infer<typeof NonExecutionProof>

/** One journalled submission. */
export const Attempt = z.object({
  id: z.string(),
  number: z.int().positive(),
  kind: z.enum(['submit', 'bump']),
  submittedOn: Outpoint,
  /** The timestamp in the first request's signature. */
  startedAt: Instant,
  /** The instant after which an unanswered request can no longer be received; null if the node has no such bound. */
  fenceAt: Instant.nullable(),
  /** The steps of a command that takes several calls (Core Lightning), each journalled before its call is made. */
  steps: z.array(z.object({ name: z.string(), at: Instant, txid: Txid.optional() })).max(12),
  result: z.intersection(CommandResult, z.object({ at: Instant })).nullable(),
  notExecuted: z.object({ proof: NonExecutionProof, at: Instant }).nullable(),
  /** When the peer was first seen disconnected after the fence. */
  seenDisconnectedAt: Instant.nullable(),
  /** How many refusals of the same class are merged into this attempt. */
  count: z.int().positive(),
})
export type Attempt = z.infer<typeof Attempt>

/** A transaction that spends the funding history with our effect. Once seen, it stays a candidate. */
export const Candidate = z.object({
  txid: Txid,
  spends: Outpoint,
  feeSats: z.int().nonnegative().nullable(),
  feeRateSatPerKw: z.int().nonnegative().nullable(),
  seenAt: Instant,
  /** The height of the tip when it was first seen. */
  seenAtHeight: z.int().nonnegative().nullable().default(null),
  block: BlockRef.nullable(),
})
export type Candidate = z.infer<typeof Candidate>

/**
 * Balances of a node that does not report negotiations. They change when a splice is negotiated or signed. In satoshis.
 */
export const BalanceSignals = z.object({
  /** claimable + the fee of its transaction − outbound; null if the node does not report it. */
  claimableSats: z.number().nullable(),
  /** value − outbound − inbound. */
  reservedSats: z.number().nullable(),
})
export type BalanceSignals = z.infer<typeof BalanceSignals>

/**
 * A request to replace the pending candidate by one with a higher feerate. Its attempts are bound to the
 * candidate and cost the splice's budget nothing.
 */
export const Bump = z.object({
  id: z.string(),
  /** Who requested it: a client, or the splice's own policy. */
  by: z.enum(['client', 'policy']),
  /** sha-256 of the request's body. The same key with another body is refused. */
  bodyHash: z.string(),
  /** The requested feerate; null: anything above the candidate's, as the node chooses. */
  feeRateSatPerKw: z.int().positive().nullable(),
  /** The candidate that was to be replaced. */
  from: z.object({ txid: Txid, feeRateSatPerKw: z.int().nonnegative().nullable() }),
  attempts: z.array(Attempt).max(RECORD_LIMITS.bumpAttempts),
  attemptSerial: z.int().nonnegative(),
  /** The balance signals when the first attempt was journalled. */
  baseline: BalanceSignals.nullable(),
  quietSince: Instant.nullable(),
  lastLookAt: Instant.nullable(),
  inFlightAt: Instant.nullable(),
  nextAttemptAt: Instant.nullable(),
  openedAt: Instant,
  openedAtHeight: z.int().nonnegative().nullable(),
  /** How it ended; null while it is open. */
  outcome: z
    .object({
      result: z.enum(['done', 'abandoned']),
      code: z.string(),
      message: z.string().max(300),
      txid: Txid.nullable(),
      at: Instant,
    })
    .nullable(),
})
export type Bump = z.infer<typeof Bump>

/** The types of published events. */
export const EventType = z.enum([
  'splice.accepted',
  'splice.submitted',
  'splice.pending',
  'splice.confirmed',
  'splice.settled',
  'splice.failed',
  'splice.cancelled',
  'splice.needs_attention',
  'splice.reorged',
  'splice.corrected',
  'splice.bumped',
  'splice.bump_failed',
  'splice.anomaly',
])
export type EventType = z.infer<typeof EventType>

/**
 * What a splice was when an event was emitted. It is kept with the event, because another process may publish the event
 * later, when the splice has moved on.
 */
export const Snapshot = z.object({
  state: SpliceState,
  txid: Txid.nullable(),
  feeSats: z.int().nonnegative().nullable(),
  failureCode: z.string().nullable(),
  attentionCode: z.string().nullable(),
})
export type Snapshot = z.infer<typeof Snapshot>

/** How it is proven that a splice ended without effect. */
export const Proof = z.enum(['never_taken', 'none_executed', 'funding_spent', 'channel_closed', 'operator'])
export type Proof = z.infer<typeof Proof>

/** A client's order and everything that became of it. One item of the table: the truth. */
export const Splice = z.object({
  id: z.string(),
  /** The 32 bytes that its id is the beginning of (`ids.ts`). */
  paymentId: z.string().regex(/^[0-9a-f]{64}$/),
  version: z.int().nonnegative(),
  writeId: z.string(),
  tenant: z.string(),
  /** sha-256 of the request's body before defaults. The same key with another body is refused. */
  bodyHash: z.string(),

  node: z.string(),
  nodeId: z.string(),
  network: Network,
  channelId: z.string(),
  /** Whether it takes the lease of its channel, or that of its node because the node picks the channel. */
  leaseScope: z.enum(['channel', 'node']).default('channel'),
  userChannelId: z.string().nullable(),
  peerId: z.string(),
  kind: SpliceKind,
  amountSats: AmountSats,
  /** splice-out: the address, null until the node gives one; and its script in hex. */
  address: z.string().nullable(),
  script: z.string().nullable(),
  budget: z.object({
    maxAttempts: z.int().min(1).max(100),
    deadline: Instant,
    maxFeeRateSatPerKw: z.int().positive().nullable(),
    maxFeeSats: z.int().positive().nullable(),
  }),
  notBefore: Instant.nullable(),
  /** After how many blocks without a confirmation it bumps its own fee, under its ceiling; null: never. */
  autoBumpAfterBlocks: z.int().positive().nullable().default(null),
  metadata: Metadata,

  /**
   * The table's generation when it was accepted or restored. An older one than the table's means: restored
   * from a backup.
   */
  generation: z.int().nonnegative(),

  state: SpliceState,
  epoch: z.int().nonnegative(),
  /** The funding outpoints since acceptance, oldest first. The last one is the current funding. */
  fundingHistory: z.array(Outpoint).min(1).max(RECORD_LIMITS.fundingHistory),
  /** The height through which the end of the funding history was last known unspent. Refreshed every few hours. */
  unspentThroughHeight: z.int().nonnegative().nullable().default(null),
  /** The funding outpoint on which the splice was submitted; null before. */
  submittedOn: Outpoint.nullable(),
  baseline: BalanceSignals.nullable(),
  attempts: z.array(Attempt).max(RECORD_LIMITS.attempts),
  attemptSerial: z.int().nonnegative(),
  candidates: z.array(Candidate).max(RECORD_LIMITS.candidates),
  /** Newest last. At most one of them is open. */
  bumps: z.array(Bump).max(RECORD_LIMITS.bumps).default([]),
  /** The height of the tip when a reorg last removed a candidate's block. */
  reorgedAtHeight: z.int().nonnegative().nullable().default(null),
  /** The height at which no candidate was visible for the first time. */
  unseenSinceHeight: z.int().nonnegative().nullable(),
  /** The height at which the channel was first seen on a foreign funding with an attempt unresolved. */
  foreignSinceHeight: z.int().nonnegative().nullable(),
  lockedAt: Instant.nullable(),
  quietSince: Instant.nullable(),
  lastLookAt: Instant.nullable(),
  /** The time of the last `in_flight` answer: something was under way then. */
  inFlightAt: Instant.nullable(),
  nextAttemptAt: Instant.nullable(),
  cancelRequestedAt: Instant.nullable(),
  /** How often, and when last, the node was asked to abort an unsigned splice on the channel. */
  aborted: z.object({ count: z.int().positive(), at: Instant }).nullable().default(null),
  /** Why no further attempt will be made; null while submitting goes on. */
  stopped: z.object({ code: z.string(), message: z.string(), at: Instant }).nullable(),
  failure: z.object({ code: z.string(), message: z.string(), proof: Proof }).nullable(),
  attention: z.object({ code: z.string(), message: z.string() }).nullable(),
  waitingFor: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Whether the queue of the channel may still name this splice. The splice leaves it after its end is saved. */
  leaseHeld: z.boolean(),
  /** The watch after an end: until this height, or until both outpoints are spent. */
  watch: z.object({ from: Outpoint, untilHeight: z.int().nonnegative().nullable() }).nullable(),
  anomaly: z.object({ txid: Txid, at: Instant }).nullable(),
  events: z
    .array(
      z.object({
        n: z.int().positive(),
        type: EventType,
        at: Instant,
        epoch: z.int().nonnegative(),
        /** Dropped some time after the event is published: the log has it. */
        snapshot: Snapshot.optional(),
      }),
    )
    .max(60),
  eventSerial: z.int().nonnegative(),
  publishedThrough: z.int().nonnegative(),
  /** The event types emitted in this epoch, so that none is emitted twice. */
  emitted: z.array(EventType),
  timeline: z
    .array(z.object({ at: Instant, status: SpliceState, why: z.string().max(300), count: z.int().positive() }))
    .max(RECORD_LIMITS.timeline),
  createdAt: Instant,
  updatedAt: Instant,
  settledAt: Instant.nullable(),
  /** When to look next; null: ended, all events published, and nothing under watch. */
  dueAt: Instant.nullable(),
})
export type Splice = z.infer<typeof Splice>
