import { channelsWith } from './connection.ts'
import { checkLock } from './lock.ts'
import { emit, note } from './own.ts'
import type { Own } from './own.ts'
import { resume } from './signing.ts'
import type { ClnPeer } from './state.ts'

/** The connection comes up. What waits for it goes on: a splice that needs no wallet signature, locks. */
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
