import * as z from 'zod'
import { decodeAddress } from '../../core/bitcoin/address.ts'
import { MAX_SATS } from '../../core/bitcoin/money.ts'
import { LocalError } from '../problem.ts'
import { ChannelWord, channelIn, command, count } from './command.ts'

/** Commands that read the world's journal: what really happened. */
export const judgeCommands = {
  journal: command(
    'journal [last]',
    'print the events of the world as JSON, oldest first, or only the last ones',
    { last: count(1_000_000).optional() },
    ({ last }, live) => {
      const { entries } = live.world.journal
      return last === undefined ? entries : entries.slice(-last)
    },
  ),
  payouts: command(
    'payouts <address> <sats>',
    'count the transactions in chain and mempool that pay exactly this amount to an address',
    { address: z.string(), sats: count(MAX_SATS) },
    ({ address, sats }, live) => {
      const decoded = decodeAddress(address, 'regtest')
      if (!decoded.ok) throw new LocalError('address: not a regtest address')
      return { payouts: live.world.journal.effectivePayouts(decoded.value.script, sats) }
    },
  ),
  submissions: command(
    'submissions <channel>',
    'count the splice requests and the fee bumps that the node accepted for a channel',
    { channel: ChannelWord },
    ({ channel }, live) => {
      const channelId = channelIn(live, channel)
      const { journal } = live.world
      const submissions = journal.submissionsExecuted(channelId)
      return { channelId, submissions, bumps: journal.bumpsExecuted(channelId) }
    },
  ),
}
