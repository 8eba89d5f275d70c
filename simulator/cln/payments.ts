import { disconnect } from './connection.ts'
import { isClosing, peerNamed, plan } from './own.ts'
import type { Own } from './own.ts'
import type { ClnChannel } from './state.ts'

/** How long lightningd bears a payment that quiescence holds up. */
const PAYMENT_TIMEOUT_MS = 30_000

/** Moves balance, positive to us; while a splice is negotiated the payment is stuck, and takes the connection with it. */
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

/** A payment has been stuck for too long: the connection is dropped if the same negotiation still holds it up. */
export function timeOutPayment(own: Own, channel: ClnChannel, negotiationId: string): void {
  if (channel.negotiation?.id !== negotiationId) return
  disconnect(own, peerNamed(own.node, channel.peerId), own.node.behaviour.reconnectMs)
}
