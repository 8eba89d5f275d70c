import * as z from 'zod'
import type { World } from '../../simulator/world/world.ts'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import { LocalError } from '../problem.ts'
import { ChannelWord, channelIn, command, count, FeeRateSatPerVb, satPerKwOf } from './command.ts'

const RelayFeeSatPerVb = z.coerce.number().nonnegative().max(1000)

function tipOf({ chain }: World): { height: number; hash: string; mempoolTransactions: number } {
  const { height, hash } = chain.tip
  return { height, hash, mempoolTransactions: chain.mempool().length }
}

/** Commands for the chain. */
export const chainCommands = {
  mine: command(
    'mine [blocks]',
    'mine blocks (default 1); the first takes the transactions of the mempool',
    { blocks: count(1000).default(1) },
    ({ blocks }, live) =>
      live.change((world) => {
        world.mine(blocks)
        return tipOf(world)
      }),
  ),
  'mine-candidate': command(
    'mine-candidate <channel> <number>',
    'mine one signed transaction of a pending splice (1 is the oldest), even if no mempool holds it',
    { channel: ChannelWord, number: count(20) },
    ({ channel, number }, live) => {
      const candidate = live.node.channel(channelIn(live, channel)).candidates[number - 1]
      if (candidate === undefined) throw new LocalError('number: the channel has no such signed transaction')
      return live.change((world) => {
        world.chain.mine(1, { transactions: [candidate.funding.hex] })
        return { ...tipOf(world), txid: candidate.funding.txid }
      })
    },
  ),
  reorg: command(
    'reorg <depth> [empty]',
    'replace the last blocks by one block more; with empty, their transactions stay in the mempool',
    { depth: count(100), empty: z.literal('empty').optional() },
    ({ depth, empty }, live) =>
      live.change((world) => {
        world.reorg(depth, { include: empty === undefined ? 'mempool' : 'none' })
        return tipOf(world)
      }),
  ),
  evict: command(
    'evict <txid>',
    'drop a transaction and its descendants from the mempool',
    { txid: Txid },
    ({ txid }, live) =>
      live.change((world) => {
        const waiting = world.chain.mempool().some((transaction) => transaction.txid === txid)
        if (!waiting) throw new LocalError(`txid: ${txid} is not in the mempool`)
        world.evict(txid)
        return tipOf(world)
      }),
  ),
  withhold: command(
    'withhold <txid>',
    'keep a transaction out of blocks until release',
    { txid: Txid },
    ({ txid }, live) =>
      live.change((world) => {
        world.chain.withhold(txid)
        return { txid, withheld: true }
      }),
  ),
  release: command('release <txid>', 'end withhold', { txid: Txid }, ({ txid }, live) =>
    live.change((world) => {
      world.chain.release(txid)
      return { txid, withheld: false }
    }),
  ),
  feerate: command(
    'feerate <sat per vb>',
    'set the feerate estimate for all targets',
    { feeRateSatPerVb: FeeRateSatPerVb },
    ({ feeRateSatPerVb }, live) =>
      live.change((world) => {
        world.chain.setFeeRate(satPerKwOf(feeRateSatPerVb))
        return { feeRateSatPerVb }
      }),
  ),
  'relay-rule': command(
    'relay-rule <min sat per vb> <incremental sat per vb>',
    'set the minimum feerate of the mempools, and what a replacement must add to the replaced feerate',
    { minRelaySatPerVb: RelayFeeSatPerVb, incrementalRelaySatPerVb: RelayFeeSatPerVb },
    (rule, live) =>
      live.change((world) => {
        world.chain.setRelayRule(rule)
        return rule
      }),
  ),
}
