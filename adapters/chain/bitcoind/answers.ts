import * as z from 'zod'
import type { ChainFault } from '../../../core/ports/chain.ts'
import { MAX_SATS } from '../../../core/bitcoin/money.ts'
import { Txid } from '../../../core/bitcoin/outpoint.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { listOf } from '../../list.ts'
import { MAX_INPUTS, unreachable } from '../answer.ts'
import type { RpcAnswer } from './rpc.ts'

/** A block holds four million weight units; a transaction takes at least 240. */
const MAX_TRANSACTIONS = 16_667
const SATS_PER_BTC = 100_000_000

/** The error codes of Bitcoin Core (its `src/rpc/protocol.h`) that we distinguish. */
export const RPC_ERROR = {
  /** Anything without a code of its own: of `gettxspendingprevout`, that its index of spenders is not built yet. */
  miscellaneous: -1,
  /** No such transaction, entry or block. */
  notFound: -5,
  /** A height above the tip. */
  invalidParameter: -8,
  /** An input of the broadcast transaction is unknown or spent, perhaps by the same transaction in a block. */
  missingInputs: -25,
  /** The broadcast transaction is already in the chain, with an unspent output. */
  alreadyInChain: -27,
} as const

const Height = z.int().nonnegative()
export const Hash = Txid

/**
 * An amount as Bitcoin Core writes it: bitcoin with eight decimals. Rejected unless it is an exact number of satoshis.
 */
export const Sats = z
  .number()
  .nonnegative()
  .max(MAX_SATS / SATS_PER_BTC)
  .transform((bitcoin, context) => {
    const sats = Math.round(bitcoin * SATS_PER_BTC)
    // Every whole number of satoshis maps to a distinct double, so the division round-trips.
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

/** `gettxout`: null for an output that is spent or never existed. */
export const TxOut = z.object({ bestblock: Hash, confirmations: z.int().nonnegative(), value: Sats }).nullable()

/**
 * `gettxspendingprevout` of one outpoint: its spender in the mempool. A Bitcoin Core 31 with an index of spenders
 * (`-txospenderindex`) names one in a block as well, with that block.
 */
export const NamedSpenders = z.tuple([
  z.object({ txid: Txid, vout: z.int(), spendingtxid: Txid.optional(), blockhash: Hash.optional() }),
])

export const MempoolEntry = z.object({ fees: z.object({ base: Sats }) })
export const Hex = z.string().regex(/^[0-9a-f]+$/)

/** `getrawtransaction` with a block hash. Up to version 24 the fee and the previous outputs are missing. */
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

/** `getrawtransaction` without a block hash. Only a node with a transaction index names the block. */
export const FoundTransaction = z.object({ txid: Txid, blockhash: Hash.optional() })

/** `confirmations` is -1 for a block outside the best chain. */
export const BlockHeader = z.object({
  hash: Hash,
  height: Height,
  time: z.int().nonnegative(),
  confirmations: z.int(),
})

/** `getblock` with txids only. */
export const BlockTxids = z.object({
  hash: Hash,
  previousblockhash: Hash.optional(),
  tx: listOf(Txid, { max: MAX_TRANSACTIONS }),
})

/** In bitcoin per 1000 virtual bytes; missing when there is no estimate. */
export const FeeEstimate = z.object({ feerate: Sats.optional() })

/** A result that matches the method's schema. An error of Bitcoin Core, or any other shape, is a fault. */
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

/** Like {@link resultIn}, but null when Bitcoin Core answers "not found". */
export function foundIn<T>(
  method: string,
  answer: Result<RpcAnswer, ChainFault>,
  schema: z.ZodType<T>,
): Result<T | null, ChainFault> {
  return answer.ok && answer.value.code === RPC_ERROR.notFound ? ok(null) : resultIn(method, answer, schema)
}
