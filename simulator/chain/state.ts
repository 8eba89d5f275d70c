import * as z from 'zod'
import { Txid } from '../../core/bitcoin/outpoint.ts'

export const Block = z.object({
  height: z.int(),
  hash: Txid,
  /** Unix seconds. */
  time: z.int(),
  transactions: z.array(z.string()),
})
/** A block; its transactions are hex, in order. */
export type Block = z.infer<typeof Block>

export const ChainState = z.object({
  /** The best chain, indexed by height. */
  blocks: z.array(Block),
  /** Unconfirmed transactions in hex, parents first. */
  mempool: z.array(z.string()),
  /** Transactions that are not mined. */
  withheld: z.array(Txid),
  /** Feerate in sat per 1000 weight, keyed by the target in blocks or `default`; null: no estimate. */
  feeEstimates: z.record(z.string(), z.number().nullable()),
  minRelaySatPerVb: z.number(),
  incrementalRelaySatPerVb: z.number(),
  /** How many reorgs there were. It keeps block hashes of different branches distinct. */
  reorgs: z.int(),
})
export type ChainState = z.infer<typeof ChainState>
