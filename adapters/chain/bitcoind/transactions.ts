import type { ChainFault, ChainTransaction } from '../../../core/ports/chain.ts'
import { type Outpoint, outpointOf } from '../../../core/bitcoin/outpoint.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { parseTransaction } from '../../../core/bitcoin/transaction.ts'
import {
  BlockHeader,
  FoundTransaction,
  foundIn,
  Hash,
  Hex,
  MempoolEntry,
  MinedTransaction,
  resultIn,
  TxOut,
} from './answers.ts'
import { unreachable } from '../answer.ts'
import type { BitcoindRpc } from './rpc.ts'
import type { Place } from './scan.ts'

/** A transaction's block can be found by any unspent output; splices and channel openings have few outputs. */
const OUTPUTS_ASKED_FOR = 8

type Answer<T> = Promise<Result<T, ChainFault>>

/** A transaction in the best chain, with the values of the outpoints that it spends. */
export type Mined = {
  readonly tx: ChainTransaction
  /** Null when the node does not report it (up to version 24). */
  readonly valueSatsOf: (outpoint: Outpoint) => number | null
}

const moved = (method: string) => unreachable(`${method}: the transaction moved meanwhile`)

/** A transaction in the mempool; null when it is not there. */
export async function inMempool(rpc: BitcoindRpc, txid: string, call: Call): Answer<ChainTransaction | null> {
  const entry = foundIn('getmempoolentry', await rpc('getmempoolentry', [txid], call), MempoolEntry)
  if (!entry.ok || entry.value === null) return entry.ok ? ok(null) : entry
  const method = 'getrawtransaction'
  const hex = foundIn(method, await rpc(method, [txid, 0], call), Hex)
  if (!hex.ok) return hex
  if (hex.value === null) return moved(method)
  if (parseTransaction(hex.value)?.txid !== txid) return unreachable(`${method}: another transaction`)
  return ok({ txid, hex: hex.value, block: null, feeSats: entry.value.fees.base })
}

/** A block's header; null when the block is unknown or not in the best chain. */
async function bestHeader(rpc: BitcoindRpc, hash: string, call: Call) {
  const header = foundIn('getblockheader', await rpc('getblockheader', [hash], call), BlockHeader)
  if (!header.ok || header.value === null) return header
  if (header.value.hash !== hash) return unreachable('getblockheader: another block')
  return header.value.confirmations > 0 ? header : ok(null)
}

/** A transaction in the given block; null when the block does not contain it or is not in the best chain. */
export async function inBlock(rpc: BitcoindRpc, txid: string, blockHash: string, call: Call): Answer<Mined | null> {
  const header = await bestHeader(rpc, blockHash, call)
  if (!header.ok || header.value === null) return header.ok ? ok(null) : header
  const method = 'getrawtransaction'
  const mined = foundIn(method, await rpc(method, [txid, 2, blockHash], call), MinedTransaction)
  if (!mined.ok || mined.value === null) return mined.ok ? ok(null) : mined
  const { hex, fee, vin, in_active_chain } = mined.value
  if (parseTransaction(hex)?.txid !== txid) return unreachable(`${method}: another transaction`)
  if (!in_active_chain) return ok(null)
  const { height, time } = header.value
  return ok({
    tx: { txid, hex, block: { height, hash: blockHash, time }, feeSats: fee ?? null },
    valueSatsOf: (outpoint) =>
      vin.find((input) => outpointOf(input.txid ?? '', input.vout ?? 0) === outpoint)?.prevout?.value ?? null,
  })
}

/** The block of a transaction with an unspent output, whose depth `gettxout` reports. */
async function blockByOutputs(rpc: BitcoindRpc, txid: string, call: Call): Answer<string | null> {
  for (let vout = 0; vout < OUTPUTS_ASKED_FOR; vout++) {
    const output = resultIn('gettxout', await rpc('gettxout', [txid, vout, false], call), TxOut)
    if (!output.ok) return output
    if (output.value === null) continue
    const best = await bestHeader(rpc, output.value.bestblock, call)
    if (!best.ok) return best
    if (best.value === null) return moved('gettxout')
    const height = best.value.height + 1 - output.value.confirmations
    return resultIn('getblockhash', await rpc('getblockhash', [height], call), Hash)
  }
  return ok(null)
}

/**
 * A transaction's block in the best chain, found by the transaction index (if the node has one) or by unspent
 * outputs; null when neither finds it.
 */
export async function placeOf(rpc: BitcoindRpc, txid: string, call: Call): Answer<Place | null> {
  const method = 'getrawtransaction'
  const indexed = foundIn(method, await rpc(method, [txid, 1], call), FoundTransaction)
  if (!indexed.ok) return indexed
  if (indexed.value !== null && indexed.value.txid !== txid) return unreachable(`${method}: another transaction`)
  const hash =
    indexed.value?.blockhash === undefined ? await blockByOutputs(rpc, txid, call) : ok(indexed.value.blockhash)
  if (!hash.ok || hash.value === null) return hash.ok ? ok(null) : hash
  const header = await bestHeader(rpc, hash.value, call)
  if (!header.ok || header.value === null) return header.ok ? ok(null) : header
  return ok({ height: header.value.height, hash: hash.value })
}

/** A transaction in the best chain, if it can be found without searching blocks; else null. */
export async function located(rpc: BitcoindRpc, txid: string, call: Call): Answer<Mined | null> {
  const place = await placeOf(rpc, txid, call)
  if (!place.ok || place.value === null) return place.ok ? ok(null) : place
  return inBlock(rpc, txid, place.value.hash, call)
}
