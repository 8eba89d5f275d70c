import type { ChainFault, ChainTransaction, Spend, SpendHint } from '../../../core/ports/chain.ts'
import { type Outpoint, splitOutpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { parseTransaction, spends } from '../../../core/bitcoin/transaction.ts'
import { NamedSpenders, resultIn, RPC_ERROR, TxOut } from './answers.ts'
import { spenderSearch } from './blocks.ts'
import { unreachable } from '../answer.ts'
import type { BitcoindRpc } from './rpc.ts'
import type { Memo, Place, Scanner } from './scan.ts'
import { inBlock, inMempool, located, type Mined, placeOf } from './transactions.ts'

/**
 * How many blocks below a hint's height to search as well. The hint ("unspent up to this height") was
 * recorded at another tip: a block may have come between the question and the record, and a reorg may have
 * replaced the last blocks since.
 */
const SEARCHED_BELOW_HINT = 6
/** Bitcoin Core parses an output index as a signed 32-bit number. */
const MAX_VOUT = 0x7fffffff
const SPENDING = 'gettxspendingprevout'
const UNKNOWN: Spend = { own: 'unknown', valueSats: null, spender: null }

type Answer<T> = Promise<Result<T, ChainFault>>
type SpenderInBlock = NonNullable<SpendHint['spender']>

/** One question for an outpoint's spender, with everything needed to answer it. */
export type SpendQuestion = {
  readonly rpc: BitcoindRpc
  readonly outpoint: Outpoint
  readonly hint: SpendHint
  readonly call: Call
  /** The best block at the start. */
  readonly tip: Place
  readonly scanner: Scanner
  /** Spenders that this process found earlier; tried first, like a hint. */
  readonly found: Memo<SpenderInBlock>
  /** How many blocks to search without a hint. */
  readonly scanBlocks: number
}

const mempoolMoved = () => unreachable('the mempool changed meanwhile')

async function txOut({ rpc, outpoint, call }: SpendQuestion, mempool: boolean): Answer<TxOutAnswer> {
  const { txid, vout } = splitOutpoint(outpoint)
  return resultIn('gettxout', await rpc('gettxout', [txid, vout, mempool], call), TxOut)
}
type TxOutAnswer = { readonly confirmations: number; readonly value: number } | null

/** Whether a transaction that was named as the spender really spends the outpoint. */
function checked(tx: ChainTransaction, outpoint: Outpoint): boolean {
  const parsed = parseTransaction(tx.hex)
  return parsed !== null && spends(parsed, outpoint)
}

/**
 * The spender that the node names; null if none. The method takes a single parameter up to version 30. While a
 * version 31 builds its index of spenders, an error says that the mempool has none, and no more.
 */
async function toldSpender({ rpc, outpoint, call }: SpendQuestion): Answer<SpenderInBlock | null> {
  const { txid, vout } = splitOutpoint(outpoint)
  const said = await rpc(SPENDING, [[{ txid, vout }]], call)
  if (said.ok && said.value.code === RPC_ERROR.miscellaneous) return ok(null)
  const answer = resultIn(SPENDING, said, NamedSpenders)
  if (!answer.ok) return answer
  const [{ spendingtxid, blockhash = null, ...asked }] = answer.value
  if (asked.txid !== txid || asked.vout !== vout) return unreachable(`${SPENDING}: another outpoint`)
  return ok(spendingtxid === undefined ? null : { txid: spendingtxid, blockHash: blockhash })
}

async function mempoolSpender({ rpc, outpoint, call }: SpendQuestion, txid: string): Answer<ChainTransaction> {
  const spender = await inMempool(rpc, txid, call)
  if (!spender.ok) return spender
  if (spender.value === null) return mempoolMoved()
  return checked(spender.value, outpoint) ? ok(spender.value) : unreachable(`${SPENDING}: a spender that is none`)
}

/** An outpoint with a spender in the mempool is itself in the chain or in the mempool. */
async function spentInMempool(question: SpendQuestion, spender: ChainTransaction): Answer<Spend> {
  const confirmed = await txOut(question, false)
  if (!confirmed.ok) return confirmed
  if (confirmed.value !== null) return ok({ own: 'confirmed', valueSats: confirmed.value.value, spender })
  const { txid, vout } = splitOutpoint(question.outpoint)
  const own = await inMempool(question.rpc, txid, question.call)
  if (!own.ok) return own
  const valueSats = own.value === null ? null : outputOf(own.value, vout)
  return valueSats === null ? mempoolMoved() : ok({ own: 'mempool', valueSats, spender })
}

function outputOf(tx: ChainTransaction, vout: number): number | null {
  return parseTransaction(tx.hex)?.outputs[vout]?.amountSats ?? null
}

async function named({ rpc, outpoint, call }: SpendQuestion, spender: SpenderInBlock): Answer<Mined | null> {
  const { txid, blockHash } = spender
  const mined = blockHash === null ? await located(rpc, txid, call) : await inBlock(rpc, txid, blockHash, call)
  return mined.ok && mined.value !== null && !checked(mined.value.tx, outpoint) ? ok(null) : mined
}

/** The spender that the node's index names, or that the caller or this process saw earlier, if the best chain has it. */
async function knownSpender(question: SpendQuestion, indexed: SpenderInBlock | null): Answer<Mined | null> {
  for (const spender of [indexed, question.hint.spender, question.found.get(question.outpoint)]) {
    if (spender === null) continue
    const mined = await named(question, spender)
    if (!mined.ok || mined.value !== null) return mined
  }
  return ok(null)
}

/** Searches the blocks that can hold the spender, down to the block of the outpoint's own transaction. */
async function scannedSpender(question: SpendQuestion, ownHeight: number): Answer<Mined | null> {
  const { rpc, outpoint, hint, call, tip } = question
  const first =
    hint.unspentThroughHeight === null
      ? tip.height - question.scanBlocks
      : Math.min(hint.unspentThroughHeight, tip.height) - SEARCHED_BELOW_HINT
  const scan = { key: outpoint, tip, downTo: Math.max(first + 1, ownHeight, 0) }
  const spender = await question.scanner({ ...scan, look: spenderSearch(rpc, outpoint, call) }, call)
  if (!spender.ok || spender.value === null) return spender.ok ? ok(null) : spender
  question.found.set(outpoint, spender.value)
  const mined = await named(question, spender.value)
  return mined.ok && mined.value === null ? unreachable('a block left the best chain meanwhile') : mined
}

/** An outpoint and its spender in a block. Up to version 24 the node does not report the value with the spender. */
async function spentBy(question: SpendQuestion, { tx, valueSatsOf }: Mined): Answer<Spend> {
  const { rpc, outpoint, call } = question
  const knownValueSats = valueSatsOf(outpoint)
  if (knownValueSats !== null) return ok({ own: 'confirmed', valueSats: knownValueSats, spender: tx })
  const { txid, vout } = splitOutpoint(outpoint)
  const own = await located(rpc, txid, call)
  const valueSats = own.ok && own.value !== null ? outputOf(own.value.tx, vout) : null
  return ok({ own: 'confirmed', valueSats, spender: tx })
}

/** For an outpoint that is neither unspent nor spent in the mempool: it is spent in a block, or it does not exist. */
async function spentInChain(question: SpendQuestion, indexed: SpenderInBlock | null): Answer<Spend> {
  const { rpc, outpoint, call } = question
  const { txid, vout } = splitOutpoint(outpoint)
  const known = await knownSpender(question, indexed)
  if (!known.ok) return known
  if (known.value !== null) return spentBy(question, known.value)
  const waiting = await inMempool(rpc, txid, call)
  if (!waiting.ok) return waiting
  if (waiting.value !== null) return outputOf(waiting.value, vout) === null ? ok(UNKNOWN) : mempoolMoved()
  const place = await placeOf(rpc, txid, call)
  if (!place.ok) return place
  const spender = await scannedSpender(question, place.value?.height ?? 0)
  if (!spender.ok) return spender
  if (spender.value !== null) return spentBy(question, spender.value)
  if (place.value === null) return ok(UNKNOWN)
  const own = await inBlock(rpc, txid, place.value.hash, call)
  if (!own.ok) return own
  return own.value !== null && outputOf(own.value.tx, vout) === null
    ? ok(UNKNOWN)
    : unreachable('the outpoint is spent, and its spender was not found')
}

/**
 * Finds out who spends an outpoint. One answer of `gettxout` covers chain and mempool together, so "unspent" needs no
 * second question. Everything else takes several questions; the caller compares the best block before and after.
 */
export async function spendOf(question: SpendQuestion): Answer<Spend> {
  if (splitOutpoint(question.outpoint).vout > MAX_VOUT) return ok(UNKNOWN)
  const unspent = await txOut(question, true)
  if (!unspent.ok) return unspent
  if (unspent.value !== null) {
    const own = unspent.value.confirmations > 0 ? 'confirmed' : 'mempool'
    return ok({ own, valueSats: unspent.value.value, spender: null })
  }
  const told = await toldSpender(question)
  if (!told.ok) return told
  if (told.value?.blockHash === null) {
    const spender = await mempoolSpender(question, told.value.txid)
    return spender.ok ? spentInMempool(question, spender.value) : spender
  }
  const confirmed = await txOut(question, false)
  if (!confirmed.ok) return confirmed
  return confirmed.value === null ? spentInChain(question, told.value) : mempoolMoved()
}
