import * as z from 'zod'
import type { ChainTransaction } from '../../core/ports/chain.ts'
import { splitOutpoint, Txid } from '../../core/bitcoin/outpoint.ts'
import type { Call } from '../../core/ports/ports.ts'
import { parseTransaction } from '../../core/bitcoin/transaction.ts'
import { parsed } from './transaction-index.ts'
import { blockByHash } from './bitcoind-blocks.ts'
import { bitcoin, type ChainBehind, ChainRpcError, type Method, method, NOT_FOUND, valueOf } from './bitcoind-method.ts'

const DECODE_FAILED = -22
const MISSING_INPUTS = -25
const REJECTED = -26
const ALREADY_IN_CHAIN = -27

/** The values of the outputs that a transaction spends. */
async function previousOutputs({ source }: ChainBehind, hex: string, call: Call) {
  const inputs = parseTransaction(hex)?.inputs ?? []
  return Promise.all(
    inputs.map(async ({ outpoint }) => {
      const { txid, vout } = splitOutpoint(outpoint)
      const previous = valueOf(await source.transaction(txid, call))
      const output = previous === null ? undefined : parsed(previous.hex).outputs[vout]
      return {
        txid,
        vout,
        ...(output === undefined ? {} : { prevout: { value: bitcoin(output.amountSats) } }),
      }
    }),
  )
}

async function minedTransaction(behind: ChainBehind, tx: ChainTransaction | null, blockHash: string, call: Call) {
  await blockByHash(behind, blockHash, call)
  if (tx?.block?.hash !== blockHash)
    throw new ChainRpcError(NOT_FOUND, 'No such transaction found in the provided block.')
  const fee = tx.feeSats === null ? {} : { fee: bitcoin(tx.feeSats) }
  return {
    in_active_chain: true,
    txid: tx.txid,
    hex: tx.hex,
    blockhash: blockHash,
    ...fee,
    vin: await previousOutputs(behind, tx.hex, call),
  }
}

export function transactionMethods(behind: ChainBehind): Record<string, Method> {
  const { source } = behind
  const Verbosity = z.literal([0, 1, 2])
  return {
    getrawtransaction: method(
      z.union([z.tuple([Txid, Verbosity]), z.tuple([Txid, z.literal(2), Txid])]),
      async ([txid, verbosity, blockHash], call) => {
        const tx = valueOf(await source.transaction(txid, call))
        if (blockHash !== undefined) return minedTransaction(behind, tx, blockHash, call)
        if (tx?.block !== null)
          throw new ChainRpcError(NOT_FOUND, 'No such mempool transaction. Use -txindex or provide a block hash')
        return verbosity === 0 ? tx.hex : { txid, hex: tx.hex }
      },
    ),
    getmempoolentry: method(z.tuple([Txid]), async ([txid], call) => {
      const tx = valueOf(await source.transaction(txid, call))
      if (tx?.block !== null) throw new ChainRpcError(NOT_FOUND, 'Transaction not in mempool')
      return { fees: { base: bitcoin(tx.feeSats ?? 0) } }
    }),
    sendrawtransaction: method(z.tuple([z.string()]), async ([hex], call) => {
      const tx = parseTransaction(hex)
      if (tx === null) throw new ChainRpcError(DECODE_FAILED, 'TX decode failed')
      const known = valueOf(await source.transaction(tx.txid, call))
      if (known !== null && known.block !== null)
        throw new ChainRpcError(ALREADY_IN_CHAIN, 'Transaction outputs already in utxo set')
      const sent = await source.broadcast(hex, call)
      if (sent.ok) return tx.txid
      const reason = sent.error.message.replace('rejected: ', '')
      throw reason === 'missing-inputs'
        ? new ChainRpcError(MISSING_INPUTS, 'bad-txns-inputs-missingorspent')
        : new ChainRpcError(REJECTED, reason)
    }),
  }
}
