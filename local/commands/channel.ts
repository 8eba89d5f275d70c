import * as z from 'zod'
import { NegotiatedPhase } from '../../simulator/world/world.ts'
import { LocalError } from '../problem.ts'
import type { LiveWorld } from '../live-world.ts'
import { ChannelWord, channelIn, command, count, FeeRateSatPerVb, satPerKwOf } from './command.ts'

const MAX_SPLICE_SATS = 100_000_000
const MAX_LOCK_DEPTH = 144

/** The channel with a pending splice. Throws LocalError if there is none or more than one. */
function pendingIn(live: LiveWorld): string {
  const [found, second] = live.node.channels().filter(({ candidates }) => candidates.length > 0)
  if (found === undefined) throw new LocalError('channel: no channel has a pending splice')
  if (second !== undefined) throw new LocalError('channel: several channels have a pending splice; choose one')
  return found.channelId
}

/** Commands for channels. */
export const channelCommands = {
  channels: command(
    'channels',
    'list the channels as the node sees them; other commands take the number, the id or the start of it',
    {},
    (_, live) =>
      live.node.channels().map(({ channelId, status, opening, funding, oursMsat, lockDepth }, n) => ({
        number: n + 1,
        channelId,
        status,
        ready: opening === null,
        valueSats: funding.valueSats,
        oursSats: Math.floor(oursMsat / 1000),
        lockDepth,
        funding: `${funding.txid}:${funding.vout}`,
      })),
  ),
  bump: command(
    'bump [channel]',
    'make the node bump the fee of the pending splice by itself',
    { channel: ChannelWord.optional() },
    ({ channel }, live) => {
      const channelId = channel === undefined ? pendingIn(live) : channelIn(live, channel)
      const answer = live.change(() => live.node.bump(channelId))
      if (!answer.ok) throw new LocalError(`channel: the node refuses: ${answer.error.message}`)
      return { channelId, bump: 'taken' }
    },
  ),
  'open-channel': command(
    'open-channel <sats> [our sats] [dual|single] [lock depth]',
    'open a channel: listed at once, ready at its lock depth (default 6)',
    {
      sats: count(MAX_SPLICE_SATS),
      ours: z.coerce.number().int().nonnegative().optional(),
      funding: z.enum(['dual', 'single']).default('dual'),
      lockDepth: z.coerce.number().int().nonnegative().max(MAX_LOCK_DEPTH).optional(),
    },
    ({ sats, ours, funding, lockDepth }, live) => {
      const open = {
        valueSats: sats,
        funding,
        ...(ours === undefined ? {} : { oursSats: ours }),
        ...(lockDepth === undefined ? {} : { lockDepth }),
      }
      const channelId = live.change(() => live.node.openChannel(open))
      const { txid, vout } = live.node.channel(channelId).funding
      return { channelId, funding: `${txid}:${vout}` }
    },
  ),
  'replace-open': command(
    'replace-open <channel> [sat per vb]',
    'replace the unconfirmed funding transaction of a dual-funded channel by one that pays more',
    { channel: ChannelWord, feeRateSatPerVb: FeeRateSatPerVb.optional() },
    ({ channel, feeRateSatPerVb }, live) => {
      const channelId = channelIn(live, channel)
      const options = feeRateSatPerVb === undefined ? {} : { feeRateSatPerKw: satPerKwOf(feeRateSatPerVb) }
      return { channelId, funding: live.change(() => live.node.replaceOpen(channelId, options)) }
    },
  ),
  close: command(
    'close <channel> cooperative|force',
    'close a channel',
    { channel: ChannelWord, how: z.enum(['cooperative', 'force']) },
    ({ channel, how }, live) => {
      const channelId = channelIn(live, channel)
      if (live.node.channel(channelId).status === 'closed') throw new LocalError('channel: it is already closed')
      live.change(() => live.node.close(channelId, how))
      return { channelId, closes: how }
    },
  ),
  'abort-next': command(
    'abort-next <channel> [awaiting_ack|constructing|awaiting_signatures]',
    'make the peer abort our next round in this phase',
    { channel: ChannelWord, phase: NegotiatedPhase.default('awaiting_ack') },
    ({ channel, phase }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.abortNext(channelId, phase))
      return { channelId, phase }
    },
  ),
  'stale-next': command(
    'stale-next <channel>',
    'make our next contribution stale by the time the channel is quiescent',
    { channel: ChannelWord },
    ({ channel }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.staleNext(channelId))
      return { channelId }
    },
  ),
  'peer-locks': command(
    'peer-locks <channel> on|off',
    'set whether the peer sends splice_locked',
    { channel: ChannelWord, locks: z.enum(['on', 'off']) },
    ({ channel, locks }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.setPeerLocks(channelId, locks === 'on'))
      return { channelId, peerLocks: locks }
    },
  ),
  'peer-splice': command(
    'peer-splice <channel> <sats>',
    'make the peer splice its own funds: in, or out if negative',
    { channel: ChannelWord, sats: z.coerce.number().int().min(-MAX_SPLICE_SATS).max(MAX_SPLICE_SATS) },
    ({ channel, sats }, live) => {
      const channelId = channelIn(live, channel)
      live.change(() => live.node.peerSplice(channelId, { amountSats: sats, mergeOurs: false }))
      return { channelId, amountSats: sats }
    },
  ),
}
