import { answered, codes, refused, type Outcome } from './answer.ts'
import { channelView } from './channel-view.ts'
import { connect } from './reconnection.ts'
import { feeRatesView } from './feerates.ts'
import { shortChannelIdOf } from './lock.ts'
import { moveView } from './moves.ts'
import { gossip } from './node-view.ts'
import type { Own } from './own.ts'
import { has, numberIn, refuse, textIn } from './params.ts'

type Params = Readonly<Record<string, unknown>>

/** `listpeerchannels`, optionally for one peer or channel. */
export function listpeerchannels(own: Own, params: Params): Outcome {
  const channels = own.node.channels.filter(
    (channel) =>
      (!has(params, 'id') || channel.peerId === params['id']) &&
      (!has(params, 'channel_id') || channel.channelId === params['channel_id']) &&
      (!has(params, 'short_channel_id') || shortChannelIdOf(own, channel) === params['short_channel_id']),
  )
  return answered({ channels: channels.map((channel) => channelView(own, channel)) })
}

/** `listchannels`, which is gossip. */
export function listchannels(own: Own, params: Params): Outcome {
  const { short_channel_id, source, destination } = params
  return answered(gossip(own, { short_channel_id, source, destination }))
}

/** `feerates`, per 1000 weight or per 1000 virtual bytes. */
export function feerates(own: Own, params: Params): Outcome {
  const style = textIn(params, 'style')
  if (style === 'perkw' || style === 'perkb') return answered(feeRatesView(own, style))
  return refuse(codes.invalidParams, `style: should be 'perkb' or 'perkw': invalid token '${JSON.stringify(style)}'`)
}

/** `listchainmoves`, starting at an index. */
export function listchainmoves(own: Own, params: Params): Outcome {
  const start = has(params, 'start') ? numberIn(params, 'start') : 0
  const limit = has(params, 'limit') ? numberIn(params, 'limit') : own.node.moves.length
  const all = own.node.moves.map((move, n) => ({ index: n + 1, move })).filter(({ index }) => index >= start)
  return answered({ chainmoves: all.slice(0, limit).map(({ index, move }) => moveView(move, index)) })
}

/** `connect`: succeeds if the peer is reachable. */
export function connectTo(own: Own, params: Params): Outcome {
  const [id] = textIn(params, 'id').split('@')
  const peer = own.node.peers.find(({ nodeId }) => nodeId === id)
  if (peer?.reachable !== true) return refused(codes.connectFailed, 'Unable to connect, no address known for peer')
  connect(own, peer)
  const address = { type: 'ipv4', address: '127.0.0.1', port: peer.port }
  return answered({ id: peer.nodeId, features: '808898880a8a59a1', direction: 'out', address })
}
