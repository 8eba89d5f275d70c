import type { ChainFault, ChainTransaction, Spend, SpendHint } from '../../../core/ports/chain.ts'
import type { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Call, ChainPort } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import { parseTransaction } from '../../../core/bitcoin/transaction.ts'
import { FeeEstimate, Hash, resultIn, RPC_ERROR } from './answers.ts'
import { transactionSearch } from './blocks.ts'
import { bestBlock, bestBlockWithMempool } from './readiness.ts'
import { reasonIn, unreachable } from '../answer.ts'
import { type BitcoindRpc, bitcoindRpc, type RpcConfig } from './rpc.ts'
import { blockScanner, Memo, type Place, type Scanner } from './scan.ts'
import { spendOf } from './spend.ts'
import { inBlock, inMempool, located } from './transactions.ts'

/** One day of blocks: how far back to search without a hint. */
const SCAN_BLOCKS = 144
const MAX_BLOCKS_PER_CALL = 300
/** The longest target for which Bitcoin Core estimates a feerate. */
const MAX_TARGET_BLOCKS = 1008
/** 1000 virtual bytes are 4000 weight units. */
const KW_PER_KVB = 4

/** How to reach a Bitcoin Core (24 or newer), and how much of its chain one answer may search. */
export type BitcoindConfig = RpcConfig & {
  /** Every call to a node on another network is a fault. */
  readonly network: Network
  /** How many blocks to search back without a hint. Default 144; a pruned node keeps 288. */
  readonly scanBlocks?: number
  /** How many blocks one call reads; a longer search continues in the next call. Default 300. */
  readonly maxBlocksPerCall?: number
}

type Answer<T> = Promise<Result<T, ChainFault>>

/** A node, and this process's memory of its blocks. */
type Bitcoind = {
  readonly rpc: BitcoindRpc
  readonly network: Network
  readonly scanBlocks: number
  readonly spenders: Scanner
  readonly transactions: Scanner
  readonly found: Memo<NonNullable<SpendHint['spender']>>
}

const tipOf = ({ rpc, network }: Bitcoind, call: Call): Answer<Place> => bestBlock(rpc, network, call)

async function blockHash(node: Bitcoind, height: number, call: Call): Answer<string | null> {
  const tip = await tipOf(node, call)
  if (!tip.ok) return tip
  const answer = await node.rpc('getblockhash', [height], call)
  if (answer.ok && answer.value.code === RPC_ERROR.invalidParameter) return ok(null)
  return resultIn('getblockhash', answer, Hash)
}

/**
 * Returns the value only if the best block is still the same: absence counts only if no block came between
 * the questions.
 */
async function ifTipUnmoved<T>(node: Bitcoind, before: Place, value: T, call: Call): Answer<T> {
  const after = await tipOf(node, call)
  if (!after.ok) return after
  return after.value.hash === before.hash ? ok(value) : unreachable('the tip moved meanwhile')
}

/** A transaction that can be found without searching blocks. */
async function knownTransaction({ rpc }: Bitcoind, txid: string, call: Call): Answer<ChainTransaction | null> {
  const waiting = await inMempool(rpc, txid, call)
  if (!waiting.ok || waiting.value !== null) return waiting
  const mined = await located(rpc, txid, call)
  return mined.ok ? ok(mined.value?.tx ?? null) : mined
}

async function transaction(node: Bitcoind, txid: string, call: Call): Answer<ChainTransaction | null> {
  const tip = await tipOf(node, call)
  if (!tip.ok) return tip
  const known = await knownTransaction(node, txid, call)
  if (!known.ok || known.value !== null) return known
  const downTo = Math.max(tip.value.height - node.scanBlocks + 1, 0)
  const scan = { key: txid, tip: tip.value, downTo, look: transactionSearch(node.rpc, txid, call) }
  const hash = await node.transactions(scan, call)
  if (!hash.ok) return hash
  const mined = hash.value === null ? ok(null) : await inBlock(node.rpc, txid, hash.value, call)
  if (!mined.ok) return mined
  return mined.value === null ? ifTipUnmoved(node, tip.value, null, call) : ok(mined.value.tx)
}

async function spend(node: Bitcoind, outpoint: Outpoint, hint: SpendHint, call: Call): Answer<Spend> {
  const { rpc, found, scanBlocks } = node
  const tip = await bestBlockWithMempool(rpc, node.network, call)
  if (!tip.ok) return tip
  const scanner = node.spenders
  const answer = await spendOf({ rpc, outpoint, hint, call, tip: tip.value, scanner, found, scanBlocks })
  if (!answer.ok || answer.value.spender !== null) return answer
  return ifTipUnmoved(node, tip.value, answer.value, call)
}

/** The node's conservative estimate. The mode is explicit because its default depends on the version. */
async function feeRateSatPerKw(node: Bitcoind, targetBlocks: number, call: Call): Answer<number | null> {
  const tip = await tipOf(node, call)
  if (!tip.ok) return tip
  const method = 'estimatesmartfee'
  const target = Math.min(Math.max(targetBlocks, 1), MAX_TARGET_BLOCKS)
  const estimate = resultIn(method, await node.rpc(method, [target, 'conservative'], call), FeeEstimate)
  if (!estimate.ok) return estimate
  const { feerate } = estimate.value
  return ok(feerate === undefined ? null : Math.ceil(feerate / KW_PER_KVB))
}

/** Succeeds if the node refuses a transaction that it already knows. */
async function broadcast(node: Bitcoind, hex: string, call: Call): Answer<void> {
  const tip = await tipOf(node, call)
  if (!tip.ok) return tip
  const txid = parseTransaction(hex)?.txid
  const method = 'sendrawtransaction'
  const answer = await node.rpc(method, [hex], call)
  if (!answer.ok) return answer
  if (answer.value.code === null) {
    const sent = resultIn(method, answer, Hash)
    if (!sent.ok) return sent
    return sent.value === txid ? ok(undefined) : unreachable(`${method}: another transaction`)
  }
  const { code, message } = answer.value
  if (code === RPC_ERROR.alreadyInChain) return ok(undefined)
  const find = code === RPC_ERROR.missingInputs ? transaction : knownTransaction
  const known = txid === undefined ? ok(null) : await find(node, txid, call)
  return known.ok && known.value !== null ? ok(undefined) : unreachable(`${method}: error ${code}${reasonIn(message)}`)
}

/**
 * A chain source over Bitcoin Core's JSON-RPC, with or without a transaction index. Without an index of spenders
 * (version 31, `-txospenderindex`) a spender in a block is found by a hint or by searching blocks. An inconsistent answer, or
 * a spender that is not found, is a fault; a fault proves nothing.
 */
export function bitcoind(config: BitcoindConfig): ChainPort {
  const maxBlocks = config.maxBlocksPerCall ?? MAX_BLOCKS_PER_CALL
  const node: Bitcoind = {
    rpc: bitcoindRpc(config),
    network: config.network,
    scanBlocks: config.scanBlocks ?? SCAN_BLOCKS,
    spenders: blockScanner(maxBlocks),
    transactions: blockScanner(maxBlocks),
    found: new Memo(),
  }
  return {
    tip: (call) => tipOf(node, call),
    blockHash: (height, call) => blockHash(node, height, call),
    transaction: (txid, call) => transaction(node, txid, call),
    spend: (outpoint, hint, call) => spend(node, outpoint, hint, call),
    feeRateSatPerKw: (targetBlocks, call) => feeRateSatPerKw(node, targetBlocks, call),
    broadcast: (hex, call) => broadcast(node, hex, call),
  }
}
