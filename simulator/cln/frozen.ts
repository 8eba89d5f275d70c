import { commands } from './commands.ts'
import { channelNamed, note, peerNamed, plan, type Own } from './own.ts'
import type { ClnChannel, ClnMessage, ClnPeer } from './state.ts'

const OPENING: readonly ClnMessage[] = ['STFU', 'SPLICE', 'SPLICE_ACK']
const ADDING: readonly ClnMessage[] = ['TX_ADD_INPUT', 'TX_ADD_OUTPUT']
const COMMITTING: readonly ClnMessage[] = ['TX_COMPLETE', 'COMMITMENT_SIGNED']
const SIGNING: readonly ClnMessage[] = ['TX_SIGNATURES', 'BROADCAST']

/**
 * The frozen peer that a command has to wait for; null if it can go on. A freeze set at a message starts when
 * a command would exchange that message.
 */
export function frozenPeer(own: Own, method: string, params: Readonly<Record<string, unknown>>): ClnPeer | null {
  const { ctx, node } = own
  if (commands.get(method)?.kind !== 'splices') return null
  const channel = channelNamed(node, params['channel_id'] ?? params['channel']) ?? node.channels[0]
  if (channel === undefined) return null
  const peer = peerNamed(node, channel.peerId)
  const messages = messagesOf(method, channel)
  const at = node.traps.findIndex(({ point, act }) => act.type === 'freeze_peer' && messages.includes(point.message))
  const [trap] = at < 0 ? [] : node.traps.splice(at, 1)
  if (trap?.act.type === 'freeze_peer') {
    note(own, 'round_phase', { channel }, { act: trap.act.type, ...trap.point })
    peer.frozenUntil = ctx.state.now + trap.act.ms
    plan(own, trap.act.ms, { type: 'thaw', peerId: peer.nodeId })
  }
  return peer.connected && peer.frozenUntil !== null ? peer : null
}

function messagesOf(method: string, { negotiation }: ClnChannel): readonly ClnMessage[] {
  switch (method) {
    case 'splice_init':
      return OPENING
    case 'splice_update':
      return negotiation?.sent === null ? ADDING : COMMITTING
    case 'splice_signed':
      return SIGNING
    default:
      return [...OPENING, ...ADDING, ...COMMITTING, ...SIGNING]
  }
}
