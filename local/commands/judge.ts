import * as z from 'zod'
import { decodeAddress } from '../../core/bitcoin/address.ts'
import { MAX_SATS } from '../../core/bitcoin/money.ts'
import { LocalError } from '../problem.ts'
import { ChannelWord, channelIn, command, count } from './command.ts'

/** What can be asked of the world's journal: what really happened. */
export const judgeCommands = {
  journal: command(
    'journal [last]',
    'what happened in the world as JSON, oldest first; or the last lines of it',
    { last: count(1_000_000).optional() },
    ({ last }, live) => {
      const { entries } = live.world.journal
      return last === undefined ? entries : entries.slice(-last)
    },
  ),
  payouts: command(
    'payouts <address> <sats>',
    'how many transactions in chain and mempool pay exactly that',
    { address: z.string(), sats: count(MAX_SATS) },
    ({ address, sats }, live) => {
      const decoded = decodeAddress(address, 'regtest')
      if (!decoded.ok) throw new LocalError('address: is none of regtest')
      return { payouts: live.world.journal.effectivePayouts(decoded.value.script, sats) }
    },
  ),
  submissions: command(
    'submissions <channel>',
    'how many splice requests and how many fee bumps the node took for a channel',
    { channel: ChannelWord },
    ({ channel }, live) => {
      const channelId = channelIn(live, channel)
      const { journal } = live.world
      const submissions = journal.submissionsExecuted(channelId)
      return { channelId, submissions, bumps: journal.bumpsExecuted(channelId) }
    },
  ),
}
