import * as z from 'zod'
import { NO_HINT, type Spend } from '../../core/ports/chain.ts'
import { outpointOf, Txid } from '../../core/bitcoin/outpoint.ts'
import { blockMethods } from './bitcoind-blocks.ts'
import {
  bitcoin,
  type ChainBehind,
  ChainRpcError,
  type Method,
  method,
  type SpenderIndex,
  valueOf,
  vouts,
} from './bitcoind-method.ts'
import { transactionMethods } from './bitcoind-transactions.ts'

/** 1000 virtual bytes are 4000 weight units. */
const KW_PER_KVB = 4

/** `RPC_MISC_ERROR`: for an index that cannot answer, and for parameters that a version does not know. */
const MISC_ERROR = -1

/** The spender as `gettxspendingprevout` tells it. Without an index it tells of the mempool only. */
function spenderIn({ spender }: Spend, index: SpenderIndex) {
  if (spender?.block === null) return { spendingtxid: spender.txid }
  if (index === 'building')
    throw new ChainRpcError(MISC_ERROR, 'Mempool lacks a relevant spend, and txospenderindex is unavailable.')
  return spender === null || index === 'absent' ? {} : { spendingtxid: spender.txid, blockhash: spender.block.hash }
}

function outputMethods({ source, spenderIndex = 'absent' }: ChainBehind): Record<string, Method> {
  return {
    gettxout: method(z.tuple([Txid, vouts, z.boolean()]), async ([txid, vout, withMempool], call) => {
      const tip = valueOf(await source.tip(call))
      const tx = valueOf(await source.transaction(txid, call))
      const { valueSats, spender } = valueOf(await source.spend(outpointOf(txid, vout), NO_HINT, call))
      const spent = spender !== null && (withMempool || spender.block !== null)
      if (tx === null || valueSats === null || spent || (tx.block === null && !withMempool)) return null
      const confirmations = tx.block === null ? 0 : tip.height - tx.block.height + 1
      return { bestblock: tip.hash, confirmations, value: bitcoin(valueSats), coinbase: false }
    }),
    gettxspendingprevout: method(
      z.tuple([z.array(z.strictObject({ txid: Txid, vout: vouts })).min(1)], z.unknown()),
      async ([outpoints, ...options], call) => {
        // As Bitcoin Core 24 to 30, which know no second parameter.
        if (options.length > 0)
          throw new ChainRpcError(MISC_ERROR, 'gettxspendingprevout [{"txid":"hex","vout":n},...]')
        return Promise.all(
          outpoints.map(async ({ txid, vout }) => {
            const spend = valueOf(await source.spend(outpointOf(txid, vout), NO_HINT, call))
            return { txid, vout, ...spenderIn(spend, spenderIndex) }
          }),
        )
      },
    ),
  }
}

function nodeMethods({ source }: ChainBehind): Record<string, Method> {
  return {
    getmempoolinfo: method(z.tuple([]), async () => ({ loaded: true })),
    getnetworkinfo: method(z.tuple([]), async () => ({ version: 280_100, localrelay: true })),
    estimatesmartfee: method(
      z.tuple([z.int().min(1).max(1008), z.literal(['economical', 'conservative'])]),
      async ([target], call) => {
        const feeRateSatPerKw = valueOf(await source.feeRateSatPerKw(target, call))
        return feeRateSatPerKw === null
          ? { errors: ['Insufficient data or no feerate found'], blocks: target }
          : { feerate: bitcoin(feeRateSatPerKw * KW_PER_KVB), blocks: target }
      },
    ),
  }
}

/**
 * The Bitcoin Core JSON-RPC methods that Splicekeeper calls, over a simulated chain without a transaction
 * index. They throw `ChainRpcError`, or `NoChain` if the view of the chain is down.
 */
export function chainRpc(behind: ChainBehind): Readonly<Record<string, Method>> {
  return {
    ...blockMethods(behind),
    ...transactionMethods(behind),
    ...outputMethods(behind),
    ...nodeMethods(behind),
  }
}
