import { addressOf, digest, hexOf } from '../world/keys.ts'
import { NO_LIMIT } from './json-text.ts'
import { shortChannelIdOf } from './lock.ts'
import { isClosing, peerNamed, type Own } from './own.ts'
import type { ClnChannel, ClnInflight } from './state.ts'

const RESERVE_SHARE = 100
/** What the opener keeps besides the reserve: commitment fee, anchors, and a doubling of the feerate. */
const OPENER_BUFFER_MSAT = 4_291_000
const COMMITMENT_SAT_PER_KW = 1250
const LAST_TX_FEE_MSAT = 1_405_000
const PAYMENT_COUNTS = ['payments_offered', 'offered_msat', 'payments_fulfilled', 'fulfilled_msat']

export function channelView(own: Own, channel: ClnChannel): Record<string, unknown> {
  const { funding, isOpener } = channel
  const shortChannelId = shortChannelIdOf(own, channel)
  return {
    ...linkView(own, channel),
    state: channel.state,
    scratch_txid: idOf(own, 'scratch', funding.txid),
    last_tx_fee_msat: LAST_TX_FEE_MSAT,
    lost_state: false,
    feerate: { perkw: COMMITMENT_SAT_PER_KW, perkb: COMMITMENT_SAT_PER_KW * 4 },
    ...ownerView(own, channel),
    ...(shortChannelId === null ? {} : { short_channel_id: shortChannelId }),
    direction: own.node.nodeId < channel.peerId ? 0 : 1,
    channel_id: channel.channelId,
    funding_txid: funding.txid,
    funding_outnum: funding.vout,
    ...inflightsView(own, channel),
    ...closeView(own, channel),
    private: false,
    opener: isOpener ? 'local' : 'remote',
    ...(isClosing(channel) ? { closer: 'local' } : {}),
    alias: { local: aliasOf(own, channel, 'local'), remote: aliasOf(own, channel, 'remote') },
    features: ['option_static_remotekey', 'option_anchors'],
    funding: {
      local_funds_msat: isOpener ? funding.valueSats * 1000 : 0,
      remote_funds_msat: isOpener ? 0 : funding.valueSats * 1000,
      pushed_msat: 0,
      withheld: false,
    },
    ...balanceView(channel),
    state_changes: channel.stateChanges.map(({ at, oldState, newState, cause, message }) => ({
      timestamp: new Date(at).toISOString(),
      old_state: oldState,
      new_state: newState,
      cause,
      message,
    })),
    status: [channel.status],
    ...Object.fromEntries(['in', 'out'].flatMap((way) => PAYMENT_COUNTS.map((name) => [`${way}_${name}`, 0]))),
    htlcs: [],
  }
}

function linkView({ node }: Own, channel: ClnChannel): Record<string, unknown> {
  const peer = peerNamed(node, channel.peerId)
  const side = {
    htlc_minimum_msat: 0,
    htlc_maximum_msat: channel.funding.valueSats * 990,
    cltv_expiry_delta: 6,
    fee_base_msat: 1,
    fee_proportional_millionths: 10,
  }
  return {
    peer_id: peer.nodeId,
    peer_connected: peer.connected,
    ...(peer.connected ? { reestablished: true } : {}),
    channel_type: { bits: [12, 22], names: ['static_remotekey/even', 'anchors/even'] },
    ignore_fee_limits: node.behaviour.ignoreFeeLimits,
    updates: { local: side, remote: side },
  }
}

/** `owner` is channeld; it is absent once the connection is lost or the channel closes. */
function ownerView({ node }: Own, channel: ClnChannel): Record<string, unknown> {
  return peerNamed(node, channel.peerId).connected && !isClosing(channel) ? { owner: 'channeld' } : {}
}

function inflightsView(own: Own, { inflights, ourMsat }: ClnChannel): Record<string, unknown> {
  const [first] = inflights
  const last = inflights.at(-1)
  if (first === undefined || last === undefined) return {}
  const view = (inflight: ClnInflight): Record<string, unknown> => ({
    funding_txid: inflight.funding.txid,
    funding_outnum: inflight.funding.vout,
    feerate: `${inflight.feeRateSatPerKw}perkw`,
    total_funding_msat: inflight.funding.valueSats * 1000,
    our_funding_msat: ourMsat,
    splice_amount: inflight.ours ? inflight.spliceAmountSats : 0,
    ...(inflight.hasScratch ? { scratch_txid: idOf(own, 'scratch', inflight.funding.txid) } : {}),
  })
  return {
    initial_feerate: `${first.feeRateSatPerKw}perkw`,
    last_feerate: `${last.feeRateSatPerKw}perkw`,
    next_feerate: `${Math.floor((last.feeRateSatPerKw * 25) / 24)}perkw`,
    inflight: inflights.map(view),
  }
}

function closeView({ ctx, node }: Own, channel: ClnChannel): Record<string, unknown> {
  const script = `0014${hexOf(digest('close', ctx.state.seed, node.name, channel.channelId)).slice(0, 40)}`
  return { close_to_addr: addressOf(script), close_to: script }
}

function balanceView({ funding, ourMsat, isOpener }: ClnChannel): Record<string, unknown> {
  const totalMsat = funding.valueSats * 1000
  const reserveMsat = Math.floor(funding.valueSats / RESERVE_SHARE) * 1000
  const spendable = ourMsat - reserveMsat - (isOpener ? OPENER_BUFFER_MSAT : 0)
  return {
    to_us_msat: ourMsat,
    min_to_us_msat: ourMsat,
    max_to_us_msat: ourMsat,
    total_msat: totalMsat,
    fee_base_msat: 1,
    fee_proportional_millionths: 10,
    dust_limit_msat: 546_000,
    their_max_htlc_value_in_flight_msat: NO_LIMIT,
    our_max_htlc_value_in_flight_msat: NO_LIMIT,
    their_reserve_msat: reserveMsat,
    our_reserve_msat: reserveMsat,
    spendable_msat: Math.max(0, spendable),
    receivable_msat: Math.max(0, totalMsat - ourMsat - reserveMsat),
    minimum_htlc_in_msat: 0,
    minimum_htlc_out_msat: 0,
    maximum_htlc_out_msat: Math.floor(totalMsat * 0.99),
    their_to_self_delay: 6,
    our_to_self_delay: 6,
    max_accepted_htlcs: 483,
  }
}

function idOf({ ctx }: Own, ...about: readonly string[]): string {
  return hexOf(digest('cln', ctx.state.seed, ...about))
}

function aliasOf(own: Own, channel: ClnChannel, side: string): string {
  const bytes = Buffer.from(idOf(own, 'alias', channel.channelId, side), 'hex')
  return `${bytes.readUIntBE(0, 3)}x${bytes.readUIntBE(3, 3)}x${bytes.readUIntBE(6, 2)}`
}
