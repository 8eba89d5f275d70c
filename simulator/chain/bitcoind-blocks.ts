import * as z from 'zod'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import type { Call } from '../../core/ports/ports.ts'
import { serializedBlock, withCoinbase } from './block.ts'
import { parsed } from './transaction-index.ts'
import { type ChainBehind, ChainRpcError, type Method, method, NOT_FOUND, valueOf } from './bitcoind-method.ts'
import type { Block } from './state.ts'

const INVALID_PARAMETER = -8

/** A block of the best chain and its confirmations. */
export async function blockByHash({ source, chain }: ChainBehind, hash: string, call: Call) {
  const tip = valueOf(await source.tip(call))
  for (let { height } = tip; height >= 0; height--) {
    const block = chain.block(height)
    if (block?.hash !== hash) continue
    const previous = chain.block(height - 1)?.hash ?? null
    return { block, previous, confirmations: tip.height - height + 1 }
  }
  throw new ChainRpcError(NOT_FOUND, 'Block not found')
}

function contentsOf(block: Block, previous: string | null) {
  const txids = block.transactions.map((hex) => parsed(hex).txid)
  return {
    hex: serializedBlock(block, previous ?? '', txids),
    json: {
      hash: block.hash,
      height: block.height,
      time: block.time,
      tx: withCoinbase(block.height, txids),
      ...(previous === null ? {} : { previousblockhash: previous }),
    },
  }
}

export function blockMethods(behind: ChainBehind): Record<string, Method> {
  const { source } = behind
  return {
    getblockchaininfo: method(z.tuple([]), async (_, call) => {
      const { height, hash } = valueOf(await source.tip(call))
      return { chain: 'regtest', blocks: height, bestblockhash: hash, initialblockdownload: false }
    }),
    getblockhash: method(z.tuple([z.int()]), async ([height], call) => {
      const hash = height < 0 ? null : valueOf(await source.blockHash(height, call))
      if (hash === null) throw new ChainRpcError(INVALID_PARAMETER, 'Block height out of range')
      return hash
    }),
    getblockheader: method(z.tuple([Txid]), async ([hash], call) => {
      const { block, previous, confirmations } = await blockByHash(behind, hash, call)
      const { json } = contentsOf(block, previous)
      return { ...json, confirmations, nTx: json.tx.length }
    }),
    getblock: method(z.tuple([Txid, z.literal([0, 1])]), async ([hash, verbosity], call) => {
      const { block, previous, confirmations } = await blockByHash(behind, hash, call)
      const { hex, json } = contentsOf(block, previous)
      return verbosity === 0 ? hex : { ...json, confirmations }
    }),
  }
}
