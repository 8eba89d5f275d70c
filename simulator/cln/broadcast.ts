import { parsed } from '../chain/transaction-index.ts'
import { note, type Own } from './own.ts'
import type { ClnChannel, ClnInflight } from './state.ts'
import { keepChange } from './wallet.ts'

/** Journals that a splice is signed, and stores its change outputs. */
export function noteSigned(own: Own, channel: ClnChannel, inflight: ClnInflight): void {
  const { funding, spliceAmountSats: oursNetSats, feeRateSatPerKw } = inflight
  note(own, 'candidate_signed', { channel, txid: funding.txid }, { oursNetSats, feeRateSatPerKw })
  keepChange(own, funding.txid, parsed(funding.hex).outputs)
}

/** Broadcasts a splice; returns bitcoind's code and reason, or null. The peer may use another bitcoind. */
export function broadcast(own: Own, channel: ClnChannel, inflight: ClnInflight): string | null {
  const { ctx, node } = own
  const { txid, hex } = inflight.funding
  const rejection = node.bitcoindDown ? 'bitcoind is down' : ctx.chain.broadcast(hex)
  note(own, 'candidate_broadcast', { channel, txid }, { rejection, by: 'us' })
  if (node.behaviour.peerBroadcasts) peerBroadcasts(own, channel, inflight)
  if (rejection === null) return null
  if (node.bitcoindDown) return '-1\\nerror message:\\ncould not connect to the server'
  if (rejection === 'missing-inputs') return '-25\\nerror message:\\nbad-txns-inputs-missingorspent'
  const which = rejection === 'insufficient fee' ? `, rejecting replacement ${txid}` : ''
  return `-26\\nerror message:\\n${rejection}${which}`
}

function peerBroadcasts(own: Own, channel: ClnChannel, { funding }: ClnInflight): void {
  const rejection = own.ctx.chain.broadcast(funding.hex)
  note(own, 'candidate_broadcast', { channel, txid: funding.txid }, { rejection, by: 'peer' })
}

/**
 * Our process dies once the peer has our signatures, so the peer completes and broadcasts. A splice that our
 * database never recorded as signed stays unresolved and never locks.
 */
export function peerFinishes(own: Own, channel: ClnChannel): void {
  const inflight = channel.inflights.at(-1)
  if (inflight === undefined) return
  channel.negotiation = null
  inflight.peerHas = true
  if (!inflight.signed) noteSigned(own, channel, inflight)
  peerBroadcasts(own, channel, inflight)
}
