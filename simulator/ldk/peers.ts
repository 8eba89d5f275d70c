import { closeCooperatively } from './closing.ts'
import type { Context } from '../world/context.ts'
import { checkLock } from './lock.ts'
import { interruptRound, resumeRound, startOwnRound } from './rounds.ts'
import type { Channel, NodeState, Peer } from '../world/state.ts'

/** The peer with that id, or the only peer; throws if there is none. */
export function peerOf(node: NodeState, peerId?: string): Peer {
  const peer = peerId === undefined ? node.peers[0] : node.peers.find((candidate) => candidate.nodeId === peerId)
  if (peer === undefined) throw new Error(`${node.name} has no peer ${peerId ?? ''}`)
  return peer
}

/** Connects the peer and resumes signatures, locks, queued contributions and shutdowns. */
export function connect(ctx: Context, node: NodeState, peer: Peer): void {
  if (peer.connected || !peer.reachable) return
  peer.connected = true
  ctx.note('peer_connected', { node }, { peer: peer.nodeId })
  ctx.emit(node, { type: 'peer_connected' })
  for (const channel of liveChannels(node, peer)) {
    resumeRound(ctx, node, channel)
    checkLock(ctx, node, channel, true)
    startOwnRound(ctx, node, channel)
    if (channel.status === 'shutting_down') closeCooperatively(ctx, node, channel)
  }
}

/** Disconnects the peer. Rounds that do not wait for signatures yet are lost (docs/reference/ldk.md 1.6). */
export function disconnect(ctx: Context, node: NodeState, peer: Peer): void {
  if (!peer.connected) return
  peer.connected = false
  ctx.note('peer_disconnected', { node }, { peer: peer.nodeId })
  ctx.emit(node, { type: 'peer_disconnected' })
  for (const channel of liveChannels(node, peer)) interruptRound(ctx, node, channel)
}

/** Plans ldk-node's automatic reconnection. */
export function planReconnect(ctx: Context, node: NodeState, peer: Peer, delayMs = node.behaviour.reconnectMs): void {
  ctx.plan(delayMs, { type: 'connect', node: node.name, peerId: peer.nodeId })
}

function liveChannels(node: NodeState, peer: Peer): Channel[] {
  return node.disk.channels.filter((channel) => channel.peerId === peer.nodeId && channel.status !== 'closed')
}
