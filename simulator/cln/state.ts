import * as z from 'zod'
import { Outpoint, Txid } from '../../core/bitcoin/outpoint.ts'
import { Hex, Sats } from '../world/funding-state.ts'
import { ClnChannel } from './channel-state.ts'
import { ClnAct, ClnPoint } from './trap.ts'

export * from './channel-state.ts'
export * from './trap.ts'

export const ClnPeer = z.object({
  name: z.string(),
  nodeId: z.string(),
  port: z.int(),
  reachable: z.boolean(),
  connected: z.boolean(),
  /** Until when the peer is silent; null if it is not. */
  frozenUntil: z.number().nullable(),
})
export type ClnPeer = z.infer<typeof ClnPeer>

export const ClnMove = z.object({
  account: z.string(),
  creditMsat: z.int(),
  debitMsat: z.int(),
  timestamp: z.number(),
  tag: z.enum(['deposit', 'withdrawal', 'channel_open', 'channel_close']),
  extraTags: z.array(z.string()),
  utxo: Outpoint,
  spendingTxid: Txid.nullable(),
  peerId: z.string().nullable(),
  outputMsat: z.int(),
  outputCount: z.int().nullable(),
  height: z.int(),
})
export type ClnMove = z.infer<typeof ClnMove>

export const ClnBehaviour = z.object({
  version: z.string(),
  lacks: z.array(z.string()),
  alias: z.string(),
  /** How long a lost connection stays down while the peer is reachable. */
  reconnectMs: z.number(),
  /** If false, a fee above `feerates.max_acceptable` is refused unless forced. */
  ignoreFeeLimits: z.boolean(),
  /** Whether the peer has option_splice. */
  peerSplices: z.boolean(),
  /** Whether the peer broadcasts what it can fully sign. It may use our bitcoind. */
  peerBroadcasts: z.boolean(),
  /** The result of starting a splice on a public channel below 6 confirmations. */
  earlySplice: z.enum(['disconnect', 'force_close']),
})
export type ClnBehaviour = z.infer<typeof ClnBehaviour>

export const ClnCall = z.object({
  id: z.string(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()),
})
/** A call that waits for a frozen peer. Its client may have left. */
export type ClnCall = z.infer<typeof ClnCall>

export const ClnNodeState = z.object({
  name: z.string(),
  nodeId: z.string(),
  behaviour: ClnBehaviour,
  alive: z.boolean(),
  bitcoindDown: z.boolean(),
  /** The last block that the node processed. */
  height: z.int(),
  peers: z.array(ClnPeer),
  channels: z.array(ClnChannel),
  /** Reserved wallet outpoints, with the block until which they are reserved. */
  reservations: z.record(z.string(), z.int()),
  /** Wallet outputs of signed splices, which listfunds shows before they confirm. */
  change: z.array(z.object({ outpoint: Outpoint, amountSats: Sats, script: Hex })),
  moves: z.array(ClnMove),
  waiting: z.array(ClnCall),
  traps: z.array(z.object({ point: ClnPoint, act: ClnAct })),
  runes: z.object({ nextId: z.int(), stored: z.array(z.string()), blacklist: z.array(z.string()) }),
})
export type ClnNodeState = z.infer<typeof ClnNodeState>

export const ClnTask = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start') }),
  z.object({ type: z.literal('reconnect'), peerId: z.string() }),
  z.object({ type: z.literal('thaw'), peerId: z.string() }),
  z.object({ type: z.literal('force_close'), channelId: z.string(), why: z.string() }),
  z.object({ type: z.literal('payment_timeout'), channelId: z.string(), negotiationId: z.string() }),
])
/** Something that is scheduled to happen to a node. */
export type ClnTask = z.infer<typeof ClnTask>
