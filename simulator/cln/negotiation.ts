import { answered, codes, refused, type Outcome } from './answer.ts'
import { commit } from './commitment.ts'
import { disconnect } from './connection.ts'
import { exchange, hang } from './cuts.ts'
import { feeRates } from './feerates.ts'
import { barred, metAnnouncement, occupied } from './gate.ts'
import { channelNamed, note, peerNamed, type Own } from './own.ts'
import { channelIdIn, flagIn, has, psbtIn, signedSatsIn, numberIn } from './params.ts'
import { encodePsbt, type Psbt } from './psbt.ts'
import { sign, txidOf } from './signing.ts'
import { inSerialOrder, withSerials, withShared } from './splice-psbt.ts'
import type { ClnChannel } from './state.ts'

type Params = Readonly<Record<string, unknown>>

/** `splice_init`: opens a negotiation for the signed amount that the channel gains. */
export function spliceInit(own: Own, params: Params): Outcome {
  const channelId = channelIdIn(params, 'channel_id')
  const relativeSats = signedSatsIn(params, 'relative_amount')
  const channel = channelNamed(own.node, channelId)
  if (channel === undefined) return unknown(channelId)
  const closed = barred(own, channel) ?? occupied(channel)
  if (closed !== null) return closed
  const psbt = has(params, 'initialpsbt') ? psbtIn(params, 'initialpsbt') : EMPTY
  const feeRateSatPerKw = has(params, 'feerate_per_kw') ? numberIn(params, 'feerate_per_kw') : feeRates(own).splice
  return open(own, channel, psbt, {
    relativeSats,
    feeRateSatPerKw,
    forceFeeRate: flagIn(params, 'force_feerate'),
  })
}

const EMPTY: Psbt = { version: 2, locktime: 0, global: new Map(), inputs: [], outputs: [] }

/** What a splice is negotiated for; feerates in sat per 1000 weight. */
export type Terms = {
  readonly relativeSats: number
  readonly feeRateSatPerKw: number
  readonly forceFeeRate: boolean
}

/** Quiesces and opens a negotiation; a pending splice is replaced (RBF), counted from the current funding. */
export function open(own: Own, channel: ClnChannel, psbt: Psbt, terms: Terms): Outcome {
  const { ctx, node } = own
  if (-terms.relativeSats > channel.funding.valueSats) {
    disconnect(own, peerNamed(node, channel.peerId), node.behaviour.reconnectMs)
    return refused(codes.channelError, 'Splice command failed: Unable to add opener funding')
  }
  note(own, 'round_started', { channel }, { relativeSats: terms.relativeSats })
  const quiet = exchange(own, channel, [
    { by: 'us', message: 'STFU' },
    { by: 'peer', message: 'STFU' },
  ])
  if (quiet !== null) return quiet
  // If the peer does not have our unsigned splice, it knows nothing to replace and never answers.
  if (channel.inflights.some(({ signed, peerHas }) => !signed && !peerHas)) return hang(own, channel)
  const acked = exchange(own, channel, [
    { by: 'us', message: 'SPLICE' },
    { by: 'peer', message: 'SPLICE_ACK' },
  ])
  if (acked !== null) return acked
  const early = metAnnouncement(own, channel)
  if (early !== null) return early
  const id = `splice-${ctx.serial()}`
  channel.negotiation = { id, ...terms, sent: null, committedTxid: null }
  const shared = withSerials(own, id, withShared(own, channel, psbt, terms.relativeSats))
  return answered({ psbt: encodePsbt(shared) })
}

/** `splice_update`: the caller repeats it with the returned PSBT until `commitments_secured`. */
export function spliceUpdate(own: Own, params: Params): Outcome {
  const channelId = channelIdIn(params, 'channel_id')
  const psbt = psbtIn(params, 'psbt')
  const channel = channelNamed(own.node, channelId)
  if (channel === undefined) return unknown(channelId)
  return barred(own, channel) ?? update(own, channel, psbt)
}

/** Sends what is new in the PSBT. If nothing is, both sides complete and commit. */
export function update(own: Own, channel: ClnChannel, psbt: Psbt): Outcome {
  const { negotiation } = channel
  if (negotiation === null)
    return refused(codes.stateError, "Can't accept a splice PSBT update because this channel hasn't begun a splice.")
  if (negotiation.committedTxid !== null)
    return refused(codes.stateError, "Can't accept a splice PSBT update: the commitments are already secured.")
  const sorted = inSerialOrder(own, negotiation.id, psbt)
  const encoded = encodePsbt(sorted)
  if (encoded === negotiation.sent) return commit(own, channel, negotiation, sorted)
  const interrupted = exchange(own, channel, [
    { by: 'us', message: 'TX_ADD_INPUT' },
    { by: 'us', message: 'TX_ADD_OUTPUT' },
  ])
  if (interrupted !== null) return interrupted
  negotiation.sent = encoded
  return answered({ psbt: encoded, commitments_secured: false, signatures_secured: false })
}

/** `splice_signed`; channel_id is optional. */
export function spliceSigned(own: Own, params: Params): Outcome {
  const psbt = psbtIn(params, 'psbt')
  const channel = has(params, 'channel_id')
    ? channelNamed(own.node, channelIdIn(params, 'channel_id'))
    : own.node.channels.find(({ negotiation }) => negotiation?.committedTxid === txidOf(psbt))
  if (channel === undefined)
    return unknown(has(params, 'channel_id') ? channelIdIn(params, 'channel_id') : 'of this PSBT')
  return barred(own, channel) ?? finish(own, channel, psbt)
}

/** Takes the PSBT with the wallet's signatures and signs. The splice can no longer be aborted. */
export function finish(own: Own, channel: ClnChannel, psbt: Psbt): Outcome {
  const txid = channel.negotiation?.committedTxid ?? null
  const inflight = channel.inflights.find(({ funding }) => funding.txid === txid)
  if (txid === null || inflight === undefined)
    return refused(codes.stateError, "Can't accept a signed splice PSBT because this channel hasn't begun a splice.")
  if (txidOf(psbt) !== txid) return refused(codes.inputError, 'Signed PSBT does not match the splice')
  return sign(own, channel, inflight, psbt)
}

function unknown(channelId: string): Outcome {
  return refused(codes.unknownChannel, `Unknown channel ${channelId}`)
}
