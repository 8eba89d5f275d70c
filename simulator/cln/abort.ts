import { answered, codes, refused, type Outcome } from './answer.ts'
import { loseNegotiation } from './connection.ts'
import { channelNamed, isClosing, note, peerNamed, plan, type Own } from './own.ts'
import { refuse } from './params.ts'
import type { ClnChannel } from './state.ts'

/** How long after an abort of a signed splice the channel is force-closed. */
const FORCE_CLOSE_AFTER_MS = 2000
const WHY = 'I needed to abort a splice where I have already sent my signatures'

/** `abort_channels`: removes unsigned splices, unblocks channels, force-closes those with a signed splice. */
export function abortChannels(own: Own, params: Readonly<Record<string, unknown>>): Outcome {
  const ids = params['channel_ids'] ?? []
  if (!Array.isArray(ids)) refuse(codes.invalidParams, 'channel_ids: should be an array')
  const channels: ClnChannel[] = []
  for (const id of ids) {
    const channel = channelNamed(own.node, id)
    if (channel === undefined) return refused(codes.unknownChannel, `Unknown channel ${String(id)}`)
    if (isClosing(channel)) return refused(codes.disconnected, 'Channel is disconnected')
    channels.push(channel)
  }
  for (const channel of channels) abort(own, channel)
  return answered({})
}

/** Runs for `abort_channels`, and when a splice command of the plugin fails before it signs. */
export function abort(own: Own, channel: ClnChannel): void {
  if (channel.inflights.some(({ signed }) => signed)) {
    plan(own, FORCE_CLOSE_AFTER_MS, { type: 'force_close', channelId: channel.channelId, why: WHY })
    return
  }
  loseNegotiation(own, channel, 'aborted')
  if (channel.blocked) note(own, 'unblocked', { channel })
  channel.blocked = false
  const last = channel.inflights.at(-1)
  // Dropping a splice that both sides committed to needs the peer.
  if (last === undefined || !peerNamed(own.node, channel.peerId).connected) return
  last.abortsLeft -= 1
  if (last.abortsLeft > 0) return
  channel.inflights.pop()
  note(own, 'inflight_dropped', { channel, txid: last.funding.txid }, { why: 'abort_channels' })
}
