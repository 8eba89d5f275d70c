import * as z from 'zod'
import { Outpoint, Txid } from '../../core/bitcoin/outpoint.ts'
import { SpliceKind } from '../../core/splice/splice.ts'

export const Sats = z.int()
export const Hex = z.string().regex(/^([0-9a-f]{2})*$/)

/** A wallet coin: an unspent output and the derivation path of its key. */
export const Coin = z.object({ outpoint: Outpoint, valueSats: Sats, path: z.string() })
export type Coin = z.infer<typeof Coin>

/** One side's contribution to a round. Its fee depends on the round's initiator and feerate. */
export const Contribution = z.object({
  id: z.string(),
  kind: SpliceKind,
  /** splice-out: what the script receives; splice-in: what the channel receives, without surplus; 0: only a fee. */
  amountSats: Sats,
  script: Hex.nullable(),
  coins: z.array(Coin),
  changeScript: Hex.nullable(),
  /** What we pay as initiator, and the maximum that we accept as acceptor (docs/reference/ldk.md 3.5). */
  feeRateSatPerKw: z.number(),
  maxFeeRateSatPerKw: z.number(),
})
export type Contribution = z.infer<typeof Contribution>

/** A funding output and what LDK stores with it. Keys are derived from `keyPath`. */
export const Funding = z.object({
  txid: Txid,
  vout: z.int(),
  hex: Hex,
  valueSats: Sats,
  keyPath: z.string(),
})
export type Funding = z.infer<typeof Funding>

/** A complete transaction that spends the funding. It is public once both sides exchanged `tx_signatures`. */
export const SpliceCandidate = z.object({
  funding: Funding,
  initiator: z.enum(['us', 'peer']),
  feeRateSatPerKw: z.number(),
  ours: Contribution.nullable(),
  theirs: Contribution.nullable(),
  /** What the round adds to our balance, after fees; negative for a splice-out. */
  oursNetSats: Sats,
  oursFeeSats: Sats,
  theirsNetSats: Sats,
})
export type SpliceCandidate = z.infer<typeof SpliceCandidate>

export const OpenCandidate = z.object({
  funding: Funding,
  feeRateSatPerKw: z.number(),
  oursFeeSats: Sats,
})
/** A transaction that may become the channel's first funding. */
export type OpenCandidate = z.infer<typeof OpenCandidate>

export const Opening = z.object({
  /** `dual`: both sides build the transaction, so it can be replaced; `single`: the opener pays for it alone. */
  funding: z.enum(['dual', 'single']),
  ours: Contribution.nullable(),
  theirs: Contribution.nullable(),
  /** Oldest first. */
  candidates: z.array(OpenCandidate),
})
/** A channel that is not ready yet. A contribution's `amountSats` is what that side puts in, without its fee. */
export type Opening = z.infer<typeof Opening>
