import type { ChannelSnapshot, ReportedCandidate } from '../../../core/ports/node.ts'
import { outpointOf } from '../../../core/bitcoin/outpoint.ts'
import type { PeerChannel } from './answers.ts'

export const NORMAL = 'CHANNELD_NORMAL'
export const AWAITING_SPLICE = 'CHANNELD_AWAITING_SPLICE'
const USABLE: readonly string[] = [NORMAL, AWAITING_SPLICE]
/** States before a channel exists or after it is gone, in addition to the usable ones. */
const NOT_CLOSING: readonly string[] = [
  ...USABLE,
  'OPENINGD',
  'CHANNELD_AWAITING_LOCKIN',
  'DUALOPEND_OPEN_INIT',
  'DUALOPEND_OPEN_COMMIT_READY',
  'DUALOPEND_OPEN_COMMITTED',
  'DUALOPEND_AWAITING_LOCKIN',
]
/** Core Lightning still lists a channel for a hundred blocks after it is gone. */
export const GONE: readonly string[] = ['ONCHAIN', 'CLOSED']

const ZERO_CONF = 'option_zeroconf'
const MSAT_PER_SAT = 1_000
/** The two anchor outputs (330 sat each), which the opener pays besides the fee. */
const ANCHORS_MSAT = 660_000

/** The current funding outpoint, until the next lock; null while the channel has none. */
export function fundingOf({ funding_txid, funding_outnum }: PeerChannel): string | null {
  if (funding_txid === undefined || funding_outnum === undefined) return null
  return outpointOf(funding_txid, funding_outnum)
}

export function isConnected({ peer_connected, reestablished }: PeerChannel): boolean {
  return peer_connected && reestablished !== false
}

/**
 * The amount that can be spliced out while keeping the reserve and the commitment's fee. `spendable_msat`
 * would not do: it is bounded by the largest payment.
 */
function outboundMsat(channel: PeerChannel): number {
  const reserve = Math.max(channel.our_reserve_msat ?? 0, channel.their_reserve_msat ?? 0)
  const fee = channel.opener === 'local' ? (channel.last_tx_fee_msat ?? 0) + ANCHORS_MSAT : 0
  return Math.max(0, (channel.to_us_msat ?? 0) - reserve - fee)
}

/** `CHANNELD_AWAITING_SPLICE` means that our signatures were sent; in any other state an inflight lacks ours. */
export function candidatesOf({ state, inflight = [] }: PeerChannel): ReportedCandidate[] {
  return inflight.map(({ funding_txid, feerate }) => {
    const rate = Number.parseInt(feerate, 10)
    return {
      txid: funding_txid,
      signed: state !== NORMAL,
      ...(Number.isSafeInteger(rate) && rate > 0 ? { feeRateSatPerKw: rate } : {}),
    }
  })
}

function depthOf({ short_channel_id }: PeerChannel, tipHeight: number): number {
  if (short_channel_id === undefined) return 0
  const height = Number(short_channel_id.split('x')[0])
  return Math.max(0, tipHeight - height + 1)
}

/**
 * The channel in core's form; null without an id. `announced`: short channel ids that gossip shows in both directions.
 */
export function snapshotOf(
  channel: PeerChannel,
  tipHeight: number,
  announced: ReadonlySet<string>,
): ChannelSnapshot | null {
  if (channel.channel_id === undefined) return null
  const { to_us_msat = 0, total_msat = 0, short_channel_id } = channel
  const isPublic = channel.private !== true
  return {
    channelId: channel.channel_id,
    userChannelId: null,
    peerId: channel.peer_id,
    peerConnected: isConnected(channel),
    ready: USABLE.includes(channel.state),
    closing: !NOT_CLOSING.includes(channel.state),
    funding: fundingOf(channel),
    capacitySats: Math.floor(total_msat / MSAT_PER_SAT),
    outboundMsat: outboundMsat(channel),
    inboundMsat: Math.max(0, total_msat - to_us_msat),
    claimableSats: null,
    closeFeeSats: null,
    // The node reports whether there is a depth, not which. Assume the least possible.
    lockDepth: channel.features?.includes(ZERO_CONF) === true ? 0 : 1,
    candidates: candidatesOf(channel),
    negotiation: 'unknown',
    obstacles: {
      unsettledPayments: channel.htlcs?.length ?? 0,
      fundingDepth: depthOf(channel, tipHeight),
      announced: isPublic ? short_channel_id !== undefined && announced.has(short_channel_id) : null,
    },
  }
}
