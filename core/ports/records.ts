import * as z from 'zod'
import { Capabilities } from './node.ts'
import { BlockRef } from '../bitcoin/block.ts'
import { Instant } from '../values/instant.ts'
import { Outpoint, Txid } from '../bitcoin/outpoint.ts'
import { Endpoints } from './endpoint.ts'
import { RECORD_LIMITS, SpliceKind } from '../splice/splice.ts'
import { Network } from '../bitcoin/network.ts'

/** A live splice in the queue of its channel, and its effect, by which duplicates are found. */
export const QueueEntry = z.object({
  id: z.string(),
  tenant: z.string(),
  kind: SpliceKind,
  /** splice-out: the script that it pays, in hex; null until the node gave an address. */
  script: z.string().nullable(),
  amountSats: z.number(),
  enteredAt: Instant,
  /** It waits for something of its own (fees, time, money, a back-off), so that those behind it may go first. */
  passes: z.boolean(),
})
export type QueueEntry = z.infer<typeof QueueEntry>

/** So many entries a queue has room for. New orders leave some of it to splices that come back to life. */
export const QUEUE_ENTRIES_MAX = 120

/**
 * A channel's queue, and the right to submit on the channel. Key: the channel id, or the node's name if leases
 * are per node.
 */
export const ChannelLease = z.object({
  /** The splice that may submit: it stands in the queue, too. */
  holder: z.string().nullable(),
  /** Every live splice of the channel, in the order of acceptance. */
  queue: z.array(QueueEntry).max(QUEUE_ENTRIES_MAX),
  frozen: z.object({ cause: z.string(), at: Instant, note: z.string() }).nullable(),
})
export type ChannelLease = z.infer<typeof ChannelLease>

/** The last known state of a channel. Key: node name and channel id, see {@link channelKey}. */
export const ChannelState = z.object({
  node: z.string(),
  channelId: z.string(),
  userChannelId: z.string().nullable(),
  peerId: z.string(),
  funding: Outpoint.nullable(),
  /** When this funding was first seen. */
  fundingSince: Instant,
  /**
   * Earlier funding outpoints, newest last. Seeing one of them again means that the node was restored from a backup.
   */
  earlier: z.array(Outpoint).max(50),
  capacitySats: z.number(),
  outboundMsat: z.number(),
  inboundMsat: z.number(),
  peerConnected: z.boolean(),
  connectedSince: Instant.nullable(),
  ready: z.boolean(),
  closing: z.boolean(),
  lockDepth: z.number().nullable(),
  goneAt: Instant.nullable(),
  /**
   * The funding outpoint through which the ledger of foreign payments is written; null: nothing yet, not even
   * the open. Absent in older items, whose ledger begins at their funding.
   */
  ledger: z.object({ through: Outpoint.nullable() }).optional(),
})
export type ChannelState = z.infer<typeof ChannelState>

/** The last known state of a node. Key: its name. */
export const NodeState = z.object({
  nodeId: z.string(),
  network: Network,
  version: z.string().nullable(),
  capabilities: Capabilities,
  channelIds: z.array(z.string()),
  /** Starts of the node's process, as reported by the relay, newest last. */
  processStarts: z.array(Instant).max(20),
  /** Set while the node refuses its credentials or configuration. Only identify calls are made then. */
  paused: z.object({ at: Instant, message: z.string() }).nullable(),
  /** Ids of relay events that were processed, newest last, so that each counts once. */
  relayEvents: z.array(z.string()).max(200),
  /** The last tip at which every splice of this node that waits for a block was processed. Absent: none yet. */
  processedTip: z.string().optional(),
  /**
   * What the wallet, and each channel of `channelIds` in that order, could pay. Kept here, because a node is saved every few
   * minutes anyway. Absent: saved before this was kept.
   */
  balances: z.object({ walletSats: z.number(), outboundSats: z.array(z.number()) }).optional(),
  seenAt: Instant,
})
export type NodeState = z.infer<typeof NodeState>

/** The most recent blocks of a network. Key: the network. */
export const FollowedChain = z.object({
  ...BlockRef.shape,
  seenAt: Instant,
  /** Hashes of the last blocks up to the tip, lowest first, without gaps. */
  hashes: z.array(z.string()).max(300),
  /** Blocks that left the chain. Sweeps look them up again for a while, because indexes lag. */
  orphans: z.array(BlockRef).max(300),
})
export type FollowedChain = z.infer<typeof FollowedChain>

/** Guards against a restored backup: nothing is submitted unless its generation is the configured one. Key: `-`. */
export const Guard = z.object({
  generation: z.int().nonnegative(),
  /** When the restored backup was taken; null: none was restored. */
  backupAt: Instant.nullable(),
})
export type Guard = z.infer<typeof Guard>

/** `operator:shared`, beside `operator`: the operator also decides where other tenants are concerned. */
export const Scope = z.enum(['splices:read', 'splices:write', 'operator', 'operator:shared'])
export type Scope = z.infer<typeof Scope>

/** The scopes that concern nothing but the key's own tenant. */
export const OWN_SCOPES: readonly Scope[] = ['splices:read', 'splices:write', 'operator']

/** An API key. Key: the hex sha-256 of the secret, which itself is stored nowhere. */
export const ApiKey = z.object({
  tenant: z.string(),
  scopes: z.array(Scope),
  name: z.string(),
  createdAt: Instant,
  revokedAt: Instant.nullable(),
})
export type ApiKey = z.infer<typeof ApiKey>

/** How many keys of a tenant are listed. Revoked keys make room. */
export const KEYS_MAX = 100

/** A tenant's keys: there is no index of keys. Key: the tenant. */
export const KeyList = z.object({
  /** Oldest first. A key is listed before it is written, so that no usable key is hidden from its tenant. */
  hashes: z.array(z.string()).max(KEYS_MAX),
  /** Operator keys that are being revoked: they no longer count as operators. The next revocation removes what is done. */
  revoking: z.array(z.string()).default([]),
})
export type KeyList = z.infer<typeof KeyList>

/**
 * When a key was last used, to the hour. Kept apart from the key, so that this write never overwrites a
 * revocation. Key: as the key's.
 */
export const KeyUse = z.object({ at: Instant })
export type KeyUse = z.infer<typeof KeyUse>

/** The largest raw transaction that fits into an item. A larger one is not kept, and so cannot be rebroadcast. */
export const MAX_HEX_CHARACTERS = 350_000

/**
 * The payment that a txid belongs to, for ever. Key: the txid. Written before the candidate; a dangling
 * pointer is harmless. One that leads to a foreign payment says so: a splice whose effect the transaction
 * carries may take it over.
 */
export const TxPointer = z.object({
  paymentId: z.string(),
  foreign: z.literal(true).optional(),
  /** The raw transaction of a splice's candidate. Absent if nobody has seen it yet, or if it is too big for an item. */
  hex: z.string().max(MAX_HEX_CHARACTERS).optional(),
})
export type TxPointer = z.infer<typeof TxPointer>

/** The kinds of foreign payments. `unclassified`: it is not known yet what the spender of the funding outpoint is. */
export const ForeignKind = z.enum(['unclassified', 'channel_close', 'foreign_splice', 'channel_open'])
export type ForeignKind = z.infer<typeof ForeignKind>

/** A transaction of a foreign payment. null means not known. */
export const ForeignCandidate = z.object({
  txid: Txid,
  feeSats: z.int().nonnegative().nullable(),
  feeRateSatPerKw: z.int().nonnegative().nullable(),
  /** The change of the channel's capacity; negative if funds were taken out. */
  amountSats: z.int().nullable(),
  /** What we added, fee included, by the node's own record; and whether the node was asked. */
  contributionSats: z.int().nullable(),
  contributionAsked: z.boolean(),
  seenAt: Instant,
  block: BlockRef.nullable(),
})
export type ForeignCandidate = z.infer<typeof ForeignCandidate>

/**
 * A funding transaction that no splice of ours explains, with its replacements: one payment per spent
 * outpoint, one per channel open. Key and id: the txid of the first candidate that was seen.
 */
export const ForeignPayment = z.object({
  id: Txid,
  node: z.string(),
  network: Network,
  channelId: z.string(),
  kind: ForeignKind,
  /** The funding outpoint that the candidates spend; null for an open. */
  spends: Outpoint.nullable(),
  candidates: z.array(ForeignCandidate).min(1).max(RECORD_LIMITS.candidates),
  /** The payment of our splice that turned out to spend the outpoint. */
  absorbedBy: z.string().nullable(),
  /** When and in which block the outpoint's spender became final, be it a candidate or our splice. */
  final: z.object({ at: Instant, block: BlockRef }).nullable(),
  /** The height since which an unconfirmed open cannot be seen, or its channel is gone. */
  idleSinceHeight: z.int().nonnegative().nullable(),
  voidAt: Instant.nullable(),
  /** The height through which the outpoint was last known unspent. Only refreshed along with other writes. */
  unspentThroughHeight: z.int().nonnegative().nullable(),
  createdAt: Instant,
  /** When to look next; null only when nothing is left to find out. */
  dueAt: Instant.nullable(),
})
export type ForeignPayment = z.infer<typeof ForeignPayment>

/** The foreign payment of a spent outpoint, or of a channel's open. Key: the outpoint, or {@link channelKey}. */
export const LedgerEntry = z.object({ paymentId: Txid })
export type LedgerEntry = z.infer<typeof LedgerEntry>

/**
 * A signed transaction that a node returned before any chain source had it. Key: the txid. Not kept if too
 * big for an item.
 */
export const RawTransaction = z.object({ hex: z.string() })
export type RawTransaction = z.infer<typeof RawTransaction>

/** The schema of each kind of small item, and the first part of its key in the table. */
export const itemKinds = {
  lease: { prefix: 'LEASE', schema: ChannelLease },
  channel: { prefix: 'CH', schema: ChannelState },
  node: { prefix: 'NODE', schema: NodeState },
  chain: { prefix: 'CHAIN', schema: FollowedChain },
  guard: { prefix: 'GUARD', schema: Guard },
  key: { prefix: 'KEY', schema: ApiKey },
  keyList: { prefix: 'KEYS', schema: KeyList },
  keyUse: { prefix: 'KEYUSE', schema: KeyUse },
  tx: { prefix: 'TX', schema: TxPointer },
  payment: { prefix: 'PAY', schema: ForeignPayment },
  ledger: { prefix: 'LEDGER', schema: LedgerEntry },
  rawTransaction: { prefix: 'RAW', schema: RawTransaction },
  webhooks: { prefix: 'WEBHOOKS', schema: Endpoints },
} as const
export type ItemKind = keyof typeof itemKinds
export type ItemOf<K extends ItemKind> = z.infer<(typeof itemKinds)[K]['schema']>

/** An item's value, and the version that a write must name. */
export type Versioned<T> = { readonly version: number; readonly value: T }

/** The key of a channel's item. It has the node in it, because two of our nodes may share a channel. */
export function channelKey(node: string, channelId: string): string {
  return `${node}/${channelId}`
}
