import * as z from 'zod'
import { NegotiatedPhase } from '../../adapters/node/simulated/world.ts'
import { LocalError } from '../problem.ts'
import { ChannelWord, channelIn, command } from './command.ts'

const MAX_SPLICE_SATS = 100_000_000

/** What can be done to channels, and seen of them. */
export const channelCommands = {
  channels: command(
    'channels',
    'the channels as the node keeps them; other commands take their number, their id or the start of it',
    {},
    (_, live) =>
      live.node.channels().map(({ channelId, status, funding, oursMsat, lockDepth }, n) => ({
        number: n + 1,
        channelId,
        status,
        valueSats: funding.valueSats,
        oursSats: Math.floor(oursMsat / 1000),
        lockDepth,
        funding: `${funding.txid}:${funding.vout}`,
      })),
  ),
  close: command(
    'close <channel> cooperative|force',
    'closes a channel',
    { channel: ChannelWord, how: z.enum(['cooperative', 'force']) },
    ({ channel, how }, live) => {
      const channelId = channelIn(live, channel)
      if (live.node.channel(channelId).status === 'closed')
        throw new LocalError('channel: it is closed already')
      live.change(() => live.node.close(channelId, how))
      return { channelId, closes: how }
    },
  ),
  'abort-next': command(
    'abort-next <channel> [awaiting_ack|constructing|awaiting_signatures]',
    'the peer aborts our next round, in that phase',
    { channel: ChannelWord, phase: NegotiatedPhase.default('awaiting_ack') },
    ({ channel, phase }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.abortNext(channelId, phase))
      return { channelId, phase }
    },
  ),
  'stale-next': command(
    'stale-next <channel>',
    'our next contribution turns out stale when the channel is quiet',
    { channel: ChannelWord },
    ({ channel }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.staleNext(channelId))
      return { channelId }
    },
  ),
  'peer-locks': command(
    'peer-locks <channel> on|off',
    'whether the peer sends splice_locked',
    { channel: ChannelWord, locks: z.enum(['on', 'off']) },
    ({ channel, locks }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.setPeerLocks(channelId, locks === 'on'))
      return { channelId, peerLocks: locks }
    },
  ),
  'peer-splice': command(
    'peer-splice <channel> <sats>',
    'the peer splices on its own account: sats in, or out if negative',
    { channel: ChannelWord, sats: z.coerce.number().int().min(-MAX_SPLICE_SATS).max(MAX_SPLICE_SATS) },
    ({ channel, sats }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.peerSplice(channelId, { amountSats: sats, mergeOurs: false }))
      return { channelId, amountSats: sats }
    },
  ),
}
