import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { addressOf } from '../world/keys.ts'
import { shortChannelIdOf } from './lock.ts'
import { isClosing, peerNamed, type Own } from './own.ts'
import { isReserved, walletCoins } from './wallet.ts'

const FEATURES = {
  init: '800898880a8a59a1',
  node: '808898880a8a59a1',
  channel: '',
  invoice: '02000002024100',
}

export function nodeInfo({ node }: Own): Record<string, unknown> {
  const active = node.channels.filter((channel) => !isClosing(channel))
  const pending = active.filter(({ state }) => state === 'CHANNELD_AWAITING_LOCKIN')
  return {
    id: node.nodeId,
    alias: node.behaviour.alias,
    color: node.nodeId.slice(0, 6),
    num_peers: node.peers.length,
    num_pending_channels: pending.length,
    num_active_channels: active.length - pending.length,
    num_inactive_channels: node.channels.length - active.length,
    address: [],
    binding: [{ type: 'ipv4', address: '127.0.0.1', port: 9735 }],
    version: node.behaviour.version,
    blockheight: node.height,
    network: 'regtest',
    fees_collected_msat: 0,
    'lightning-dir': `/home/${node.name}/.lightning/regtest`,
    our_features: FEATURES,
  }
}

/** The answer of `listfunds`, including reserved and unconfirmed outputs. */
export function funds(own: Own): Record<string, unknown> {
  const { ctx, node } = own
  const reservation = (outpoint: string): Record<string, unknown> =>
    isReserved(own, outpoint) ? { reserved: true, reserved_to_block: node.reservations[outpoint] } : { reserved: false }
  const output = (outpoint: string, amountSats: number, script: string): Record<string, unknown> => ({
    txid: splitOutpoint(outpoint).txid,
    output: splitOutpoint(outpoint).vout,
    amount_msat: amountSats * 1000,
    scriptpubkey: script,
    address: addressOf(script),
  })
  const confirmed = walletCoins(own).map(({ outpoint, valueSats, script, height }) => ({
    ...output(outpoint, valueSats, script),
    status: 'confirmed',
    blockheight: height,
    ...reservation(outpoint),
  }))
  const unconfirmed = node.change
    .filter(({ outpoint }) => (ctx.chain.confirmations(splitOutpoint(outpoint).txid) ?? 0) === 0)
    .map(({ outpoint, amountSats, script }) => ({
      ...output(outpoint, amountSats, script),
      status: 'unconfirmed',
      ...reservation(outpoint),
    }))
  return { outputs: [...confirmed, ...unconfirmed], channels: channelFunds(own) }
}

function channelFunds(own: Own): Record<string, unknown>[] {
  return own.node.channels.map((channel) => {
    const shortChannelId = shortChannelIdOf(own, channel)
    return {
      peer_id: channel.peerId,
      connected: peerNamed(own.node, channel.peerId).connected,
      state: channel.state,
      channel_id: channel.channelId,
      ...(shortChannelId === null ? {} : { short_channel_id: shortChannelId }),
      our_amount_msat: channel.ourMsat,
      amount_msat: channel.funding.valueSats * 1000,
      funding_txid: channel.funding.txid,
      funding_output: channel.funding.vout,
    }
  })
}

/** The answer of `listchannels`. Gossip has a splice's short channel id once it is announced. */
export function gossip(
  { ctx, node }: Own,
  filter: Readonly<Record<'short_channel_id' | 'source' | 'destination', unknown>>,
): Record<string, unknown> {
  const channels = node.channels.flatMap((channel) => {
    const { announced, peerId } = channel
    if (announced === null || isClosing(channel)) return []
    const ends = [node.nodeId, peerId].sort()
    return [0, 1].map((direction) => ({
      source: ends[direction],
      destination: ends[1 - direction],
      short_channel_id: announced.shortChannelId,
      direction,
      public: true,
      amount_msat: announced.amountSats * 1000,
      message_flags: 1,
      channel_flags: direction,
      active: true,
      last_update: Math.floor(ctx.state.now / 1000),
      base_fee_millisatoshi: 1,
      fee_per_millionth: 10,
      delay: 6,
      htlc_minimum_msat: 0,
      htlc_maximum_msat: announced.amountSats * 990,
      features: '',
    }))
  })
  const fits = (name: keyof typeof filter, value: unknown): boolean =>
    filter[name] === undefined || filter[name] === value
  return {
    channels: channels.filter(
      (channel) =>
        fits('short_channel_id', channel.short_channel_id) &&
        fits('source', channel.source) &&
        fits('destination', channel.destination),
    ),
  }
}
