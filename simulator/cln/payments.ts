import { disconnect } from './connection.ts'
import { isClosing, peerNamed, plan, type Own } from './own.ts'
import type { ClnChannel } from './state.ts'

/** How long lightningd waits for a payment that quiescence blocks. */
const PAYMENT_TIMEOUT_MS = 30_000

/** Moves balance; positive to us. During a negotiation the payment gets stuck, then drops the connection. */
export function pay(own: Own, channel: ClnChannel, amountMsat: number): 'paid' | 'stuck' {
  if (!peerNamed(own.node, channel.peerId).connected || isClosing(channel))
    throw new Error('the channel cannot carry a payment')
  if (channel.negotiation === null) {
    channel.ourMsat += amountMsat
    return 'paid'
  }
  const { id } = channel.negotiation
  plan(own, PAYMENT_TIMEOUT_MS, {
    type: 'payment_timeout',
    channelId: channel.channelId,
    negotiationId: id,
  })
  return 'stuck'
}

/** A payment was stuck for too long. Drops the connection if the same negotiation still blocks it. */
export function timeOutPayment(own: Own, channel: ClnChannel, negotiationId: string): void {
  if (channel.negotiation?.id !== negotiationId) return
  disconnect(own, peerNamed(own.node, channel.peerId), own.node.behaviour.reconnectMs)
}
