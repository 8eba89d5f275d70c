import { channelsWith } from './connection.ts'
import { checkLock } from './lock.ts'
import { emit, note, type Own } from './own.ts'
import { resume } from './signing.ts'
import type { ClnPeer } from './state.ts'

/** Connects the peer and resumes what waited for it: a splice that needs no wallet signature, and locks. */
export function connect(own: Own, peer: ClnPeer): void {
  if (peer.connected || !peer.reachable || !own.node.alive) return
  peer.connected = true
  note(own, 'peer_connected', {}, { peer: peer.nodeId })
  emit(own, { type: 'peer_connected' })
  for (const channel of channelsWith(own, peer)) {
    channel.status = `${channel.state}:Reconnected, and reestablished.`
    resume(own, channel)
    checkLock(own, channel)
  }
}
