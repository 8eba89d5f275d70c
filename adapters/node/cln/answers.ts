import * as z from 'zod'
import { Txid } from '../../../core/bitcoin/outpoint.ts'
import { MAX_SATS } from '../../../core/bitcoin/money.ts'
import { Network } from '../../../core/bitcoin/network.ts'
import { listOf } from '../../list.ts'

const MSAT_PER_SAT = 1_000
const MAX_CHANNELS = 10_000
const MAX_GOSSIP = 40_000
const MAX_OUTPUTS = 100_000

const Msat = z
  .int()
  .nonnegative()
  .max(MAX_SATS * MSAT_PER_SAT)
const ChannelId = z.string().regex(/^[0-9a-f]{64}$/)
const NodeId = z.string().regex(/^0[23][0-9a-f]{64}$/)
const ShortChannelId = z.string().regex(/^\d{1,8}x\d{1,8}x\d{1,8}$/)
const SatPerKw = z.int().positive().max(100_000_000)
const Psbt = z.string().max(4_000_000)
const Index = z.int().nonnegative().max(0xffff_ffff)

/** `getinfo`. It reports the tip's height but not its hash; a warning means that the node is not synced. */
export const Info = z.object({
  id: NodeId,
  version: z.string().max(100),
  blockheight: z.int().nonnegative().max(0xffff_ffff),
  network: Network,
  warning_bitcoind_sync: z.string().optional(),
  warning_lightningd_sync: z.string().optional(),
})
export type Info = z.infer<typeof Info>

/** A splice that the node tracks on a channel and that is not locked yet, signed or not. */
const Inflight = z.object({
  funding_txid: Txid,
  feerate: z.string().max(40),
  splice_amount: z.int(),
  scratch_txid: Txid.optional(),
})

/** A channel of `listpeerchannels`. Each optional field is missing in some channel state. */
export const PeerChannel = z.object({
  peer_id: NodeId,
  peer_connected: z.boolean(),
  reestablished: z.boolean().optional(),
  state: z.string().max(60),
  channel_id: ChannelId.optional(),
  short_channel_id: ShortChannelId.optional(),
  funding_txid: Txid.optional(),
  funding_outnum: Index.optional(),
  private: z.boolean().optional(),
  opener: z.enum(['local', 'remote']).optional(),
  features: listOf(z.string().max(100), { max: 100 }).optional(),
  to_us_msat: Msat.optional(),
  total_msat: Msat.optional(),
  our_reserve_msat: Msat.optional(),
  their_reserve_msat: Msat.optional(),
  last_tx_fee_msat: Msat.optional(),
  htlcs: listOf(z.unknown(), { max: 2_000 }).optional(),
  inflight: listOf(Inflight, { max: 100 }).optional(),
})
export type PeerChannel = z.infer<typeof PeerChannel>
export const PeerChannels = z.object({ channels: listOf(PeerChannel, { max: MAX_CHANNELS }) })

/** `listchannels`: one direction of a channel, as announced by gossip. */
export const Gossip = z.object({
  channels: listOf(z.object({ source: NodeId, destination: NodeId, short_channel_id: ShortChannelId }), {
    max: MAX_GOSSIP,
  }),
})

/** `feerates perkw`. `splice` is missing while the node has no estimate. */
export const FeeRates = z.object({
  perkw: z.object({ splice: SatPerKw.nullish(), opening: SatPerKw.nullish() }),
})

export type FeeRates = z.infer<typeof FeeRates>

export const Funds = z.object({
  outputs: listOf(z.object({ amount_msat: Msat, status: z.string().max(30), reserved: z.boolean() }), {
    max: MAX_OUTPUTS,
  }),
})

export type Funds = z.infer<typeof Funds>

export const NewAddress = z.object({
  bech32: z.string().max(100).optional(),
  p2tr: z.string().max(100).optional(),
})

export const OnlyPsbt = z.object({ psbt: Psbt })
export const Funded = z.object({ psbt: Psbt, estimated_final_weight: z.int().positive().max(400_000) })
export const Updated = z.object({ psbt: Psbt, commitments_secured: z.boolean() })
export const SignedPsbt = z.object({ signed_psbt: Psbt })
export const Signed = z.object({ tx: z.string().max(400_000), txid: Txid })
export const Spliced = z.object({ txid: Txid })
