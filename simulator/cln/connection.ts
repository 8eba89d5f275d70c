import { emit, note, plan } from './own.ts'
import type { Own } from './own.ts'
import type { ClnChannel, ClnPeer } from './state.ts'

/** The connection is lost, and with it what was negotiated and not signed. A call that hung before hangs on. */
export function disconnect(own: Own, peer: ClnPeer, returnsAfterMs: number | null): void {
  if (peer.connected) {
    peer.connected = false
    // Whoever comes back speaks.
    peer.frozenUntil = null
    note(own, 'peer_disconnected', {}, { peer: peer.nodeId })
    emit(own, { type: 'peer_disconnected' })
    for (const channel of channelsWith(own, peer)) loseNegotiation(own, channel, 'disconnected')
  }
  if (returnsAfterMs !== null) plan(own, returnsAfterMs, { type: 'reconnect', peerId: peer.nodeId })
}

/** Ends the process: what is only in memory is lost. */
export function stop(own: Own): void {
  const { node } = own
  if (!node.alive) return
  note(own, 'process_killed')
  for (const peer of node.peers) disconnect(own, peer, null)
  for (const channel of node.channels) {
    loseNegotiation(own, channel, 'killed')
    channel.wedged = false
    channel.status = 'Loaded from database'
  }
  node.waiting = []
  node.alive = false
}

/** Starts the process. Peers come back by themselves; nothing is broadcast again. */
export function start(own: Own): void {
  const { ctx, node } = own
  if (node.alive) return
  node.alive = true
  if (!node.bitcoindDown) node.height = ctx.chain.tip.height
  note(own, 'process_started')
  emit(own, { type: 'process_started' })
  for (const peer of node.peers)
    plan(own, node.behaviour.reconnectMs, { type: 'reconnect', peerId: peer.nodeId })
}

/**
 * Forgets a negotiation. Before commitments nothing is left of it. After them the row in our database stays: a ghost, as the peer
 * has none, unless the node can finish the splice by itself.
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

/** The channels with a peer. */
export function channelsWith({ node }: Own, peer: ClnPeer): ClnChannel[] {
  return node.channels.filter(({ peerId }) => peerId === peer.nodeId)
}
