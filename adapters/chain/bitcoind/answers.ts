import * as z from 'zod'
import type { ChainFault } from '../../../core/ports/chain.ts'
import { MAX_SATS } from '../../../core/bitcoin/money.ts'
import { Txid } from '../../../core/bitcoin/outpoint.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { listOf } from '../../list.ts'
import { MAX_INPUTS, unreachable } from '../answer.ts'
import type { RpcAnswer } from './rpc.ts'

/** A transaction takes 240 of a block's four million weight units at least. */
const MAX_TRANSACTIONS = 16_667
const SATS_PER_BTC = 100_000_000

/** Bitcoin Core's error codes that we tell apart (its `src/rpc/protocol.h`). */
export const RPC_ERROR = {
  /** No such transaction, entry or block. */
  notFound: -5,
  /** A height above the tip. */
  invalidParameter: -8,
  /** What the transaction to broadcast spends is unknown, or spent: perhaps by itself, in a block. */
  missingInputs: -25,
  /** The transaction to broadcast is in the chain already, with an output that is unspent. */
  alreadyInChain: -27,
} as const

const Height = z.int().nonnegative()
export const Hash = Txid

/** An amount as Bitcoin Core writes it, in bitcoin with eight decimals; exact, or not taken. */
export const Sats = z
  .number()
  .nonnegative()
  .max(MAX_SATS / SATS_PER_BTC)
  .transform((bitcoin, context) => {
    const sats = Math.round(bitcoin * SATS_PER_BTC)
    // Every whole number of satoshis has a double of its own, and the division finds it.
    if (sats / SATS_PER_BTC === bitcoin) return sats
    context.issues.push({ code: 'custom', message: 'not a whole number of satoshis', input: bitcoin })
    return z.NEVER
  })

export const ChainInfo = z.object({
  chain: z.string(),
  blocks: Height,
  bestblockhash: Hash,
  initialblockdownload: z.boolean(),
})

export const MempoolInfo = z.object({ loaded: z.boolean() })
export const NetworkInfo = z.object({ localrelay: z.boolean() })

/** `gettxout`: null of what is spent, and of what never was. */
export const TxOut = z
  .object({ bestblock: Hash, confirmations: z.int().nonnegative(), value: Sats })
  .nullable()

/** `gettxspendingprevout` of one outpoint: its spender in the mempool. */
export const MempoolSpenders = z.tuple([
  z.object({ txid: Txid, vout: z.int(), spendingtxid: Txid.optional() }),
])

export const MempoolEntry = z.object({ fees: z.object({ base: Sats }) })
export const Hex = z.string().regex(/^[0-9a-f]+$/)

/** `getrawtransaction` with a block's hash. Fee and previous outputs are missing up to version 24. */
export const MinedTransaction = z.object({
  txid: Txid,
  hex: Hex,
  in_active_chain: z.boolean(),
  fee: Sats.optional(),
  vin: listOf(
    z.object({
      txid: Txid.optional(),
      vout: z.int().optional(),
      prevout: z.object({ value: Sats }).optional(),
    }),
    { max: MAX_INPUTS },
  ),
})

/** `getrawtransaction` without a block's hash: the block is told by a node with an index of transactions. */
export const FoundTransaction = z.object({ txid: Txid, blockhash: Hash.optional() })

/** `confirmations` is -1 outside the best chain. */
export const BlockHeader = z.object({
  hash: Hash,
  height: Height,
  time: z.int().nonnegative(),
  confirmations: z.int(),
})

/** `getblock` with the txids alone. */
export const BlockTxids = z.object({
  hash: Hash,
  previousblockhash: Hash.optional(),
  tx: listOf(Txid, { max: MAX_TRANSACTIONS }),
})

/** In bitcoin per 1000 virtual bytes; missing where there is no estimate. */
export const FeeEstimate = z.object({ feerate: Sats.optional() })

/** A result of the shape that belongs to the method; an error of Bitcoin Core's, or another shape, is a fault. */
export function resultIn<T>(
  method: string,
  answer: Result<RpcAnswer, ChainFault>,
  schema: z.ZodType<T>,
): Result<T, ChainFault> {
  if (!answer.ok) return answer
  if (answer.value.code !== null) return unreachable(`${method}: error ${answer.value.code}`)
  const parsed = schema.safeParse(answer.value.result)
  return parsed.success ? ok(parsed.data) : unreachable(`${method}: not what Bitcoin Core answers`)
}

/** As {@link resultIn}; null where Bitcoin Core says that there is no such thing. */
export function foundIn<T>(
  method: string,
  answer: Result<RpcAnswer, ChainFault>,
  schema: z.ZodType<T>,
): Result<T | null, ChainFault> {
  return answer.ok && answer.value.code === RPC_ERROR.notFound ? ok(null) : resultIn(method, answer, schema)
}
