import { emit, note, plan, type Own } from './own.ts'
import type { ClnChannel, ClnPeer } from './state.ts'

/** Disconnects a peer and drops every unsigned negotiation. Calls that hang keep hanging. */
export function disconnect(own: Own, peer: ClnPeer, returnsAfterMs: number | null): void {
  if (peer.connected) {
    peer.connected = false
    // A returning peer is not frozen.
    peer.frozenUntil = null
    note(own, 'peer_disconnected', {}, { peer: peer.nodeId })
    emit(own, { type: 'peer_disconnected' })
    for (const channel of channelsWith(own, peer)) loseNegotiation(own, channel, 'disconnected')
  }
  if (returnsAfterMs !== null) plan(own, returnsAfterMs, { type: 'reconnect', peerId: peer.nodeId })
}

/** Ends the process. Everything that is only in memory is lost. */
export function stop(own: Own): void {
  const { node } = own
  if (!node.alive) return
  note(own, 'process_killed')
  for (const peer of node.peers) disconnect(own, peer, null)
  for (const channel of node.channels) {
    loseNegotiation(own, channel, 'killed')
    channel.blocked = false
    channel.status = 'Loaded from database'
  }
  node.waiting = []
  node.alive = false
}

/** Starts the process. Peers reconnect on their own, and nothing is rebroadcast. */
export function start(own: Own): void {
  const { ctx, node } = own
  if (node.alive) return
  node.alive = true
  if (!node.bitcoindDown) node.height = ctx.chain.tip.height
  note(own, 'process_started')
  emit(own, { type: 'process_started' })
  for (const peer of node.peers) plan(own, node.behaviour.reconnectMs, { type: 'reconnect', peerId: peer.nodeId })
}

/**
 * Drops a negotiation. Before commitments, nothing remains. After them, our database keeps an unsigned splice
 * that the peer does not have, unless the node can finish it on its own.
 */
export function loseNegotiation(own: Own, channel: ClnChannel, why: string): void {
  const { negotiation } = channel
  if (negotiation === null) return
  channel.negotiation = null
  const txid = negotiation.committedTxid
  const inflight = channel.inflights.find(({ funding }) => funding.txid === txid)
  note(own, 'round_failed', { channel, ...(txid === null ? {} : { txid }) }, { why })
  if (inflight !== undefined && !inflight.resumes) inflight.peerHas = false
}

export function channelsWith({ node }: Own, peer: ClnPeer): ClnChannel[] {
  return node.channels.filter(({ peerId }) => peerId === peer.nodeId)
}
