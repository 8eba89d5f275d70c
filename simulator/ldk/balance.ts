import type { Channel, SpliceCandidate } from '../world/state.ts'

/** An anchor commitment without HTLCs (BOLT 3): weight, feerate, and the two anchors that the opener pays. */
const COMMITMENT_WEIGHT = 1124
const COMMITMENT_FEERATE_SAT_PER_KW = 253
const ANCHORS_SATS = 660
export const COMMITMENT_FEE_SATS = Math.floor((COMMITMENT_WEIGHT * COMMITMENT_FEERATE_SAT_PER_KW) / 1000)
/** Before a splice-out, LDK reserves enough for the opener's commitment fee to double. */
const FEE_SPIKE_FACTOR = 2

const LDK_DUST_LIMIT_SATS = 354
/** LDK splices no channel below this value (rust-lightning `tx_builder.rs`). */
const MIN_CHANNEL_VALUE_SATS = 1000

/** A channel's value and our part of it, on one funding transaction. */
export type Split = { readonly valueSats: number; readonly oursMsat: number }

/** v2 channel reserve: 1 % of the value, at least the dust limit. */
export function reserveSats(valueSats: number): number {
  return Math.max(Math.floor(valueSats / 100), LDK_DUST_LIMIT_SATS)
}

export function currentSplit(channel: Channel): Split {
  return { valueSats: channel.funding.valueSats, oursMsat: channel.oursMsat }
}

export function splitOf(channel: Channel, candidate: SpliceCandidate): Split {
  return {
    valueSats: candidate.funding.valueSats,
    oursMsat: channel.oursMsat + candidate.oursNetSats * 1000,
  }
}

/**
 * Outbound and inbound capacity: the minimum over the current funding and all candidates (docs/reference/ldk.md 1.5).
 */
export function capacities(channel: Channel): {
  readonly outboundMsat: number
  readonly inboundMsat: number
} {
  const splits = [currentSplit(channel), ...channel.candidates.map((candidate) => splitOf(channel, candidate))]
  const above = (sideMsat: number, valueSats: number): number => Math.max(0, sideMsat - reserveSats(valueSats) * 1000)
  return {
    outboundMsat: Math.min(...splits.map((split) => above(split.oursMsat, split.valueSats))),
    inboundMsat: Math.min(...splits.map((split) => above(split.valueSats * 1000 - split.oursMsat, split.valueSats))),
  }
}

/**
 * What a close would pay us. It refers to the newest candidate as soon as we accepted the peer's commitment
 * to it (balance signal S1, docs/reference/ldk.md 7.1). The opener pays the commitment fee and the anchors.
 */
export function claimable(channel: Channel): { readonly amountSats: number; readonly closeFeeSats: number } {
  const signing = channel.negotiation?.commitmentAccepted === true ? channel.negotiation.candidate : null
  const newest = signing ?? channel.candidates.at(-1) ?? null
  const { oursMsat } = newest === null ? currentSplit(channel) : splitOf(channel, newest)
  const closeFeeSats = channel.isOutbound ? COMMITMENT_FEE_SATS : 0
  const anchorsSats = channel.isOutbound ? ANCHORS_SATS : 0
  return { amountSats: Math.max(0, Math.floor(oursMsat / 1000) - closeFeeSats - anchorsSats), closeFeeSats }
}

/** Whether we can take out this amount, fee included, and still cover the reserve and, as opener, a close. */
export function canTakeOut(channel: Channel, takenSats: number): boolean {
  const { valueSats, oursMsat } = currentSplit(channel)
  const leftSats = Math.floor(oursMsat / 1000) - takenSats
  const buffer = channel.isOutbound ? COMMITMENT_FEE_SATS * FEE_SPIKE_FACTOR + ANCHORS_SATS : 0
  const postValueSats = valueSats - takenSats
  return postValueSats >= MIN_CHANNEL_VALUE_SATS && leftSats >= reserveSats(postValueSats) + buffer
}

export function peerCanTakeOut(channel: Channel, takenSats: number): boolean {
  const { valueSats, oursMsat } = currentSplit(channel)
  const leftSats = valueSats - Math.ceil(oursMsat / 1000) - takenSats
  return leftSats >= reserveSats(valueSats - takenSats)
}

/** The outputs of a close on one split, in satoshis: ours and the peer's, after the opener paid the fee. */
export function closeOutputs(split: Split, opener: boolean, feeSats: number): { oursSats: number; theirsSats: number } {
  const oursSats = Math.floor(split.oursMsat / 1000)
  const theirsSats = Math.floor((split.valueSats * 1000 - split.oursMsat) / 1000)
  return { oursSats: oursSats - (opener ? feeSats : 0), theirsSats: theirsSats - (opener ? 0 : feeSats) }
}
