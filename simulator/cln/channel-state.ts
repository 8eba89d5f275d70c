import * as z from 'zod'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import { Funding, Hex, Sats } from '../world/funding-state.ts'

export const ClnInflight = z.object({
  funding: Funding,
  feeRateSatPerKw: z.number(),
  /** Our signed contribution. It is 0 if only the other side contributed. */
  spliceAmountSats: Sats,
  ours: z.boolean(),
  /** We have the peer's commitment_signed. */
  hasScratch: z.boolean(),
  /** Our database records that our signatures were sent. */
  signed: z.boolean(),
  /** The peer still has the splice. */
  peerHas: z.boolean(),
  /** The node can finish the splice on its own, because no input needs our wallet's signature. */
  resumes: z.boolean(),
  /** How many calls of abort_channels remove the splice while it is unsigned. */
  abortsLeft: z.int(),
})
/** A splice whose commitments were exchanged, if only in part. `funding.hex` is unsigned until both signed. */
export type ClnInflight = z.infer<typeof ClnInflight>

export const ClnNegotiation = z.object({
  id: z.string(),
  relativeSats: Sats,
  feeRateSatPerKw: z.number(),
  forceFeeRate: z.boolean(),
  /** The PSBT of the last splice_update, its parts ordered by serial id. */
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
  /** An earlier call never ended, so every command that starts a splice answers 355. */
  blocked: z.boolean(),
  /** Whether the peer sends splice_locked. */
  peerLocks: z.boolean(),
  /** The channel as gossip shows it. It changes at 6 confirmations. */
  announced: z.object({ shortChannelId: z.string(), amountSats: Sats }).nullable(),
  stateChanges: z.array(StateChange),
  status: z.string(),
  closeHex: Hex.nullable(),
})
export type ClnChannel = z.infer<typeof ClnChannel>
