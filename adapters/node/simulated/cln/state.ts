import * as z from 'zod'
import { Outpoint, Txid } from '../../../../core/outpoint.ts'
import { Funding, Hex, Sats } from '../funding-state.ts'

/** The messages of a splice, by the names of BOLT 2; a replacement's own go by those of the first. `BROADCAST` is ours to bitcoind. */
export const ClnMessage = z.enum([
  'STFU',
  'SPLICE',
  'SPLICE_ACK',
  'TX_ADD_INPUT',
  'TX_ADD_OUTPUT',
  'TX_COMPLETE',
  'COMMITMENT_SIGNED',
  'TX_SIGNATURES',
  'BROADCAST',
  'SPLICE_LOCKED',
])
export type ClnMessage = z.infer<typeof ClnMessage>

export const ClnPoint = z.object({
  by: z.enum(['us', 'peer']),
  when: z.enum(['before', 'after']),
  message: ClnMessage,
})
/** A point in the exchange of messages: just before or after somebody sends one. */
export type ClnPoint = z.infer<typeof ClnPoint>

export const ClnAct = z.discriminatedUnion('type', [
  z.object({ type: z.literal('drop') }),
  z.object({ type: z.literal('kill_node') }),
  z.object({ type: z.literal('kill_peer') }),
  /** The peer says nothing for so long; the connection stands. */
  z.object({ type: z.literal('freeze_peer'), ms: z.number() }),
  /** The call never answers, the connection stands: the peer's channeld died, or both sides started at once. */
  z.object({ type: z.literal('hang') }),
  z.object({ type: z.literal('force_close') }),
])
/** What happens at a point. */
export type ClnAct = z.infer<typeof ClnAct>

export const ClnInflight = z.object({
  funding: Funding,
  feeRateSatPerKw: z.number(),
  /** Our signed contribution; what the other side contributed reads 0 here. */
  spliceAmountSats: Sats,
  ours: z.boolean(),
  /** The peer's commitment_signed is in. */
  hasScratch: z.boolean(),
  /** Our signatures are out, as our database has it. */
  signed: z.boolean(),
  /** The peer keeps it. */
  peerHas: z.boolean(),
  /** Nothing of the transaction needs our wallet's signatures: the node can finish it by itself. */
  resumes: z.boolean(),
  /** How many calls of abort_channels clear it while it is not signed. */
  abortsLeft: z.int(),
})
/** A splice whose commitments were exchanged, or begun to be. `funding.hex` is unsigned until everybody signed. */
export type ClnInflight = z.infer<typeof ClnInflight>

export const ClnNegotiation = z.object({
  id: z.string(),
  relativeSats: Sats,
  feeRateSatPerKw: z.number(),
  forceFeeRate: z.boolean(),
  /** The PSBT of the last splice_update, with its parts in the order of their serial ids. */
  sent: z.string().nullable(),
  committedTxid: Txid.nullable(),
})
/** What channeld keeps in memory between splice_init and splice_signed. */
export type ClnNegotiation = z.infer<typeof ClnNegotiation>

export const ClnStateName = z.enum([
  'CHANNELD_AWAITING_LOCKIN',
  'CHANNELD_NORMAL',
  'CHANNELD_AWAITING_SPLICE',
  'AWAITING_UNILATERAL',
  'ONCHAIN',
])
export type ClnStateName = z.infer<typeof ClnStateName>

const StateChange = z.object({
  at: z.number(),
  oldState: ClnStateName,
  newState: ClnStateName,
  cause: z.enum(['user', 'local', 'protocol', 'remote', 'onchain']),
  message: z.string(),
})

export const ClnChannel = z.object({
  channelId: z.string(),
  peerId: z.string(),
  isOpener: z.boolean(),
  lockDepth: z.int(),
  state: ClnStateName,
  funding: Funding,
  ourMsat: z.int(),
  inflights: z.array(ClnInflight),
  negotiation: ClnNegotiation.nullable(),
  /** An earlier call never ended: everything that starts a splice answers 355. */
  wedged: z.boolean(),
  /** Whether the peer sends its splice_locked. */
  peerLocks: z.boolean(),
  /** What gossip says of the channel: changes at 6 confirmations. */
  announced: z.object({ shortChannelId: z.string(), amountSats: Sats }).nullable(),
  stateChanges: z.array(StateChange),
  status: z.string(),
  closeHex: Hex.nullable(),
})
export type ClnChannel = z.infer<typeof ClnChannel>

export const ClnPeer = z.object({
  name: z.string(),
  nodeId: z.string(),
  port: z.int(),
  reachable: z.boolean(),
  connected: z.boolean(),
  /** Until then it says nothing; null: it does. */
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
/** A line of listchainmoves. */
export type ClnMove = z.infer<typeof ClnMove>

export const ClnBehaviour = z.object({
  version: z.string(),
  alias: z.string(),
  /** After how long a lost connection is back, if the peer is within reach. */
  reconnectMs: z.number(),
  /** False: a fee above `feerates.max_acceptable` is refused unless forced. */
  ignoreFeeLimits: z.boolean(),
  /** Whether the peer has option_splice. */
  peerSplices: z.boolean(),
  /** Whether the peer broadcasts what it has all signatures of. Its bitcoind may be ours. */
  peerBroadcasts: z.boolean(),
  /** What starting at less than 6 confirmations leads to on a public channel. */
  earlySplice: z.enum(['disconnect', 'force_close']),
})
export type ClnBehaviour = z.infer<typeof ClnBehaviour>

export const ClnCall = z.object({
  id: z.string(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()),
})
/** A call that waits for a frozen peer. Its client may be gone. */
export type ClnCall = z.infer<typeof ClnCall>

export const ClnNodeState = z.object({
  name: z.string(),
  nodeId: z.string(),
  behaviour: ClnBehaviour,
  alive: z.boolean(),
  bitcoindDown: z.boolean(),
  /** The last block that the node has processed. */
  height: z.int(),
  peers: z.array(ClnPeer),
  channels: z.array(ClnChannel),
  /** Outpoints of the wallet that are reserved, and until which block. */
  reservations: z.record(z.string(), z.int()),
  /** Wallet outputs of signed splices, as listfunds tells of them before they confirm. */
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
/** Things that happen to such a node by themselves at a time. */
export type ClnTask = z.infer<typeof ClnTask>
