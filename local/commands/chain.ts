import * as z from 'zod'
import type { World } from '../../adapters/node/simulated/world.ts'
import { Txid } from '../../core/outpoint.ts'
import { LocalError } from '../problem.ts'
import { command, count } from './command.ts'

function tipOf({ chain }: World): unknown {
  const { height, hash } = chain.tip
  return { height, hash, mempoolTransactions: chain.mempool().length }
}

/** What can be done to the chain. */
export const chainCommands = {
  mine: command(
    'mine [blocks]',
    'mines blocks (1), the first with what is in the mempool',
    { blocks: count(1000).default(1) },
    ({ blocks }, live) =>
      live.change((world) => {
        world.mine(blocks)
        return tipOf(world)
      }),
  ),
  reorg: command(
    'reorg <depth> [empty]',
    'replaces the last blocks by one more; empty: what they held stays in the mempool',
    { depth: count(100), empty: z.literal('empty').optional() },
    ({ depth, empty }, live) =>
      live.change((world) => {
        world.reorg(depth, { include: empty === undefined ? 'mempool' : 'none' })
        return tipOf(world)
      }),
  ),
  evict: command(
    'evict <txid>',
    'drops a transaction, and what spends it, from the mempool',
    { txid: Txid },
    ({ txid }, live) =>
      live.change((world) => {
        const waiting = world.chain.mempool().some((transaction) => transaction.txid === txid)
        if (!waiting) throw new LocalError(`txid: ${txid} is not in the mempool`)
        world.evict(txid)
        return tipOf(world)
      }),
  ),
  feerate: command(
    'feerate <sat per kw>',
    'sets the feerate estimate of every target',
    { feeRateSatPerKw: count(1_000_000) },
    ({ feeRateSatPerKw }, live) =>
      live.change((world) => {
        world.chain.setFeeRate(feeRateSatPerKw)
        return { feeRateSatPerKw }
      }),
  ),
}
