import { codes, refused, type Outcome } from './answer.ts'
import { forceClose } from './closing.ts'
import { disconnect } from './connection.ts'
import { isClosing, peerNamed, type Own } from './own.ts'
import type { ClnChannel } from './state.ts'

/** Public channels are announced at this depth; announcement_signatures then interrupt any negotiation. */
export const ANNOUNCED_DEPTH = 6

/** Why a channel takes no splice command now; null if it does. */
export function barred(own: Own, channel: ClnChannel): Outcome | null {
  const peer = peerNamed(own.node, channel.peerId)
  if (isClosing(channel) || !peer.connected) return refused(codes.disconnected, 'Channel is disconnected')
  if (channel.state === 'CHANNELD_AWAITING_LOCKIN')
    return refused(codes.invalidState, `Channel needs to be in a normal state but is in ${channel.state}`)
  if (!own.node.behaviour.peerSplices) return refused(codes.notSupported, 'splicing not supported')
  return null
}

/** Why a channel cannot start a splice now, beyond {@link barred}; null if it can. */
export function occupied(channel: ClnChannel): Outcome | null {
  if (channel.blocked) return refused(codes.busy, 'Currently waiting on previous splice command to finish.')
  return channel.negotiation === null
    ? null
    : refused(codes.stateError, "Can't start two splices on the same channel at once.")
}

/** Until the last splice is announced, announcement_signatures interrupt a new one; null once it is. */
export function metAnnouncement(own: Own, channel: ClnChannel): Outcome | null {
  const { ctx, node } = own
  const depth = ctx.chain.confirmations(channel.funding.txid) ?? 0
  if (depth >= ANNOUNCED_DEPTH) return null
  if (node.behaviour.earlySplice === 'force_close') {
    forceClose(own, channel, 'Interactive splicing error: Received invalid message from peer: 259', 'protocol')
    return refused(codes.disconnected, 'Channel is disconnected')
  }
  disconnect(own, peerNamed(node, channel.peerId), node.behaviour.reconnectMs)
  return refused(codes.channelError, 'Splice command failed: Received invalid message from peer: 259')
}
