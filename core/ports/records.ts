import * as z from 'zod'
import { Capabilities } from './node.ts'
import { BlockRef } from '../bitcoin/block.ts'
import { Instant } from '../values/instant.ts'
import { Outpoint, Txid } from '../bitcoin/outpoint.ts'
import { Endpoints } from './endpoint.ts'
import { RECORD_LIMITS } from '../splice/splice.ts'
import { Network } from '../bitcoin/network.ts'

/** The right to submit on a channel (design section 9, "Lease"). Key: channel id, or node name where leases are per node. */
export const ChannelLease = z.object({
  holder: z.string().nullable(),
  turn: z.int().nonnegative(),
  waiting: z.array(z.string()).max(100),
  frozen: z.object({ cause: z.string(), at: Instant, note: z.string() }).nullable(),
})
export type ChannelLease = z.infer<typeof ChannelLease>

/** What was last seen of a channel. Key: node name and channel id, as {@link channelKey} makes it. */
export const ChannelState = z.object({
  node: z.string(),
  channelId: z.string(),
  userChannelId: z.string().nullable(),
  peerId: z.string(),
  funding: Outpoint.nullable(),
  /** When this funding was first seen. */
  fundingSince: Instant,
  /** Earlier funding outpoints, newest last; seeing one of them again means a node restored from backup. */
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
   * The funding outpoint up to which the ledger of foreign payments is written; null: nothing yet, not even the open. Left
   * out in older items: their funding is where it begins.
   */
  ledger: z.object({ through: Outpoint.nullable() }).optional(),
})
export type ChannelState = z.infer<typeof ChannelState>

/** What was last seen of a node. Key: its name. */
export const NodeState = z.object({
  nodeId: z.string(),
  network: Network,
  version: z.string().nullable(),
  capabilities: Capabilities,
  channelIds: z.array(z.string()),
  /** Starts of the node's process as the relay reported them, newest last. */
  processStarts: z.array(Instant).max(20),
  /** Set while the node's credentials or configuration are refused; only identify calls are made. */
  paused: z.object({ at: Instant, message: z.string() }).nullable(),
  /** Ids of relay events taken, newest last: each counts once. */
  relayEvents: z.array(z.string()).max(200),
  /** The tip at which all of its splices that wait for a block were looked at; left out: none yet. */
  processedTip: z.string().optional(),
  seenAt: Instant,
})
export type NodeState = z.infer<typeof NodeState>

/** The last blocks seen of a network. Key: network. */
export const FollowedChain = z.object({
  ...BlockRef.shape,
  seenAt: Instant,
  /** The last blocks below and including the tip, lowest first; heights without a gap. */
  hashes: z.array(z.string()).max(300),
  /** Blocks that left the chain: asked for again at every sweep for a while, because indexes lag. */
  orphans: z.array(BlockRef).max(300),
})
export type FollowedChain = z.infer<typeof FollowedChain>

/** Guards against a restored backup: submissions need the configured generation. Key: `-`. */
export const Guard = z.object({
  generation: z.int().nonnegative(),
  /** When the backup that was restored had been taken; null: none was restored. */
  backupAt: Instant.nullable(),
})
export type Guard = z.infer<typeof Guard>

export const Scope = z.enum(['splices:read', 'splices:write', 'operator'])
export type Scope = z.infer<typeof Scope>

/** An API key. Key: the hex sha-256 of the secret; the secret itself is stored nowhere. */
export const ApiKey = z.object({
  tenant: z.string(),
  scopes: z.array(Scope),
  name: z.string(),
  createdAt: Instant,
  revokedAt: Instant.nullable(),
})
export type ApiKey = z.infer<typeof ApiKey>

/** So many keys of a tenant are listed; revoked ones make room. */
export const KEYS_MAX = 100

/**
 * The keys of a tenant by their hash, oldest first, so that its operators find them: there is no index of keys. A key is
 * listed before it is written, so that none can be used that is not to be seen. Key: tenant.
 */
export const KeyList = z.object({ hashes: z.array(z.string()).max(KEYS_MAX) })
export type KeyList = z.infer<typeof KeyList>

/** When a key was last used, to the hour: apart from the key, so that this never writes over a revocation. Key: as the key's. */
export const KeyUse = z.object({ at: Instant })
export type KeyUse = z.infer<typeof KeyUse>

/** An item holds this much; a larger transaction is left out, and is only missed where it would be broadcast again. */
export const MAX_HEX_CHARACTERS = 350_000

/**
 * Which payment a txid belongs to, for ever. Written before the candidate; dangling is harmless. Key: txid. One that leads
 * to a foreign payment says so: it makes the transaction nobody's, and a splice whose effect it carries takes it over.
 */
export const TxPointer = z.object({
  paymentId: z.string(),
  foreign: z.literal(true).optional(),
  /** The raw transaction of a splice's candidate. Left out where nobody has seen it yet, or it is too big for an item. */
  hex: z.string().max(MAX_HEX_CHARACTERS).optional(),
})
export type TxPointer = z.infer<typeof TxPointer>

/** What a foreign payment is of; `unclassified`: what spends the funding is not known yet. */
export const ForeignKind = z.enum(['unclassified', 'channel_close', 'foreign_splice', 'channel_open'])
export type ForeignKind = z.infer<typeof ForeignKind>

/** A transaction of a foreign payment. null: not known. */
export const ForeignCandidate = z.object({
  txid: Txid,
  feeSats: z.int().nonnegative().nullable(),
  feeRateSatPerKw: z.int().nonnegative().nullable(),
  /** By how much it changes the channel's capacity; negative: taken out. */
  amountSats: z.int().nullable(),
  /** What we added, fee included, as the node's own record says; and whether the node was asked. */
  contributionSats: z.int().nullable(),
  contributionAsked: z.boolean(),
  seenAt: Instant,
  block: BlockRef.nullable(),
})
export type ForeignCandidate = z.infer<typeof ForeignCandidate>

/**
 * A funding transaction that no splice of ours explains, with what replaced it: one payment a spent outpoint, one a
 * channel's open (design section 7). Key and id: the txid of the first candidate that was seen.
 */
export const ForeignPayment = z.object({
  id: Txid,
  node: z.string(),
  network: Network,
  channelId: z.string(),
  kind: ForeignKind,
  /** The funding outpoint that its candidates spend; null for an open. */
  spends: Outpoint.nullable(),
  candidates: z.array(ForeignCandidate).min(1).max(RECORD_LIMITS.candidates),
  /** The payment of our splice that was seen to spend the outpoint instead. */
  absorbedBy: z.string().nullable(),
  /** At final depth: since when, and in which block, whether a candidate or our splice is there. */
  final: z.object({ at: Instant, block: BlockRef }).nullable(),
  /** Height since which an unconfirmed open is not to be seen, or its channel is gone. */
  idleSinceHeight: z.int().nonnegative().nullable(),
  voidAt: Instant.nullable(),
  /** Height through which the outpoint was last known unspent, refreshed with other writes. */
  unspentThroughHeight: z.int().nonnegative().nullable(),
  createdAt: Instant,
  /** When to look next; null only where nothing is left to find out. */
  dueAt: Instant.nullable(),
})
export type ForeignPayment = z.infer<typeof ForeignPayment>

/** Which foreign payment is that of a spent outpoint, or of a channel's open. Key: the outpoint, or {@link channelKey}. */
export const LedgerEntry = z.object({ paymentId: Txid })
export type LedgerEntry = z.infer<typeof LedgerEntry>

/** A transaction that a node handed over, signed, before anybody saw it. Key: txid. Left out when it is too big for an item. */
export const RawTransaction = z.object({ hex: z.string() })
export type RawTransaction = z.infer<typeof RawTransaction>

/** Schema of each kind of small item, and the first part of its key in the table. */
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

/** An item's value with the version that a write must name. */
export type Versioned<T> = { readonly version: number; readonly value: T }

/** Key of a channel's item: two nodes of ours may share one channel. */
export function channelKey(node: string, channelId: string): string {
  return `${node}/${channelId}`
}
