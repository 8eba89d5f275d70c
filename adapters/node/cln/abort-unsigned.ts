import * as z from 'zod'
import type { AbortRequest } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { PeerChannels, type PeerChannel } from './answers.ts'
import { ask } from './ask.ts'
import type { ClnFault, ClnOptions, ClnRpc } from './rpc.ts'
import { candidatesOf, fundingOf, isConnected, NORMAL } from './snapshot.ts'

/** A single abort was not always enough (docs/reference/cln-observed.md). */
const MAX_ABORTS = 2

/**
 * Whether it is safe to abort: the channel is on the funding outpoint, in `CHANNELD_NORMAL` with its peer, and nothing
 * is in flight except what the caller knows to be unsigned. Aborting with a signed candidate force-closes the channel.
 */
function isAbortable(channel: PeerChannel | undefined, { submittedOn: submittedOn, txids }: AbortRequest): boolean {
  return (
    channel?.state === NORMAL &&
    fundingOf(channel) === submittedOn &&
    isConnected(channel) &&
    candidatesOf(channel).every(({ txid, signed }) => !signed && txids.includes(txid))
  )
}

/** Aborts an unsigned splice, and once more if something of it is left. Reads the channel before each abort. */
export async function abortUnsigned(
  rpc: ClnRpc,
  request: AbortRequest,
  options: ClnOptions,
): Promise<Result<void, ClnFault>> {
  const { channelId } = request
  for (let round = 0; round < MAX_ABORTS; round++) {
    const listed = await ask(rpc, 'listpeerchannels', { channel_id: channelId }, PeerChannels, options)
    if (!listed.ok) return listed
    const channel = listed.value.channels.find(({ channel_id }) => channel_id === channelId)
    if (round > 0 && channel !== undefined && candidatesOf(channel).length === 0) return ok(undefined)
    if (!isAbortable(channel, request))
      return err({ type: 'not_sent', identity: false, message: 'the channel is not safe to abort' })
    const aborted = await ask(rpc, 'abort_channels', { channel_ids: [channelId] }, z.unknown(), options)
    if (!aborted.ok) return aborted
  }
  return ok(undefined)
}
