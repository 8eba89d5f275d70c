import * as z from 'zod'
import { Txid } from '../../core/bitcoin/outpoint.ts'

export const Block = z.object({
  height: z.int(),
  hash: Txid,
  /** Unix seconds */
  time: z.int(),
  transactions: z.array(z.string()),
})
/** A block: its transactions in hex, in order. */
export type Block = z.infer<typeof Block>

export const ChainState = z.object({
  /** The best chain; the position is the height. */
  blocks: z.array(Block),
  /** Unconfirmed transactions in hex, parents first. */
  mempool: z.array(z.string()),
  /** Transactions that miners leave out. */
  withheld: z.array(Txid),
  /** Feerate in sat per 1000 weight, by the number of blocks that it aims at, or `default`; null: no estimate. */
  feeEstimates: z.record(z.string(), z.number().nullable()),
  minRelaySatPerVb: z.number(),
  incrementalRelaySatPerVb: z.number(),
  /** How many reorgs there were: blocks of different branches never share a hash. */
  reorgs: z.int(),
})
export type ChainState = z.infer<typeof ChainState>
