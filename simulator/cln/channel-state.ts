import * as z from 'zod'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import { Funding, Hex, Sats } from '../world/funding-state.ts'

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
