import type { ChainFault, ChainTransaction, Spend } from '../../../core/ports/chain.ts'
import { satPerKw } from '../../../core/bitcoin/money.ts'
import { type Outpoint, splitOutpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Call, ChainPort } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { parseTransaction, spends } from '../../../core/bitcoin/transaction.ts'
import {
  blockOf,
  FeeEstimatesAnswer,
  HashAnswer,
  HeightAnswer,
  HexAnswer,
  jsonIn,
  OutspendAnswer,
  textIn,
  TransactionAnswer,
} from './answers.ts'
import { reasonIn, unreachable } from '../answer.ts'
import { type EsploraConfig, type EsploraHttp, esploraHttp } from './http.ts'

type Answer<T> = Promise<Result<T, ChainFault>>

async function tipHeight(http: EsploraHttp, call: Call): Answer<number> {
  const route = '/blocks/tip/height'
  return textIn(route, await http.get(route, call), HeightAnswer)
}

async function tipHash(http: EsploraHttp, call: Call): Answer<string> {
  const route = '/blocks/tip/hash'
  return textIn(route, await http.get(route, call), HashAnswer)
}

/**
 * The hash at a height. Null only if the source's own tip is lower, so that a wrong address cannot pass for
 * "no such block".
 */
async function blockHash(http: EsploraHttp, height: number, call: Call): Answer<string | null> {
  const route = `/block-height/${height}`
  const answer = await http.get(route, call)
  if (!answer.ok || answer.value.status !== 404) return textIn(route, answer, HashAnswer)
  const tip = await tipHeight(http, call)
  if (!tip.ok) return tip
  return tip.value < height ? ok(null) : unreachable(`GET ${route}: HTTP 404 below the tip`)
}

/** The tip: height and hash of the same block, even if another arrives between the two requests. */
async function tip(http: EsploraHttp, call: Call): Answer<{ height: number; hash: string }> {
  const height = await tipHeight(http, call)
  if (!height.ok) return height
  const hash = await blockHash(http, height.value, call)
  if (!hash.ok) return hash
  return hash.value === null ? unreachable('the tip moved') : ok({ height: height.value, hash: hash.value })
}

async function placed(http: EsploraHttp, txid: string, call: Call): Answer<TransactionAnswer | null> {
  const route = `/tx/${txid}`
  const answer = await http.getLarge(route, call)
  if (answer.ok && answer.value.status === 404) return ok(null)
  const parsed = jsonIn(route, answer, TransactionAnswer)
  return parsed.ok && parsed.value.txid !== txid ? unreachable(`GET ${route}: another transaction`) : parsed
}

async function transaction(http: EsploraHttp, txid: string, call: Call): Answer<ChainTransaction | null> {
  const place = await placed(http, txid, call)
  if (!place.ok || place.value === null) return place.ok ? ok(null) : place
  const route = `/tx/${txid}/hex`
  const hex = textIn(route, await http.getLarge(route, call), HexAnswer)
  if (!hex.ok) return hex
  if (parseTransaction(hex.value)?.txid !== txid) return unreachable(`GET ${route}: another transaction`)
  return ok({
    txid,
    hex: hex.value,
    block: blockOf(place.value.status),
    feeSats: place.value.fee ?? null,
  })
}

/** The spender that an outspend names, if all that the source says about it is consistent. */
async function spenderOf(http: EsploraHttp, outpoint: Outpoint, txid: string, call: Call): Answer<ChainTransaction> {
  const spender = await transaction(http, txid, call)
  if (!spender.ok) return spender
  if (spender.value === null) return unreachable('the source names a spender that it does not know')
  const parsed = parseTransaction(spender.value.hex)
  if (parsed === null || !spends(parsed, outpoint)) return unreachable('the source names a spender that is none')
  if (spender.value.block === null) return ok(spender.value)
  const height = await tipHeight(http, call)
  if (!height.ok) return height
  return spender.value.block.height > height.value
    ? unreachable('the source names a spender above its tip')
    : ok(spender.value)
}

/**
 * Asks for the outpoint's own transaction first, because Esplora answers `spent: false` for transactions that
 * it does not know. The absence of a spender counts only if the tip did not move between the questions: while
 * a source takes in a block, a spender may be neither in its mempool nor in its chain.
 */
async function spend(http: EsploraHttp, outpoint: Outpoint, call: Call): Answer<Spend> {
  const { txid, vout } = splitOutpoint(outpoint)
  const before = await tipHash(http, call)
  if (!before.ok) return before
  const own = await placed(http, txid, call)
  if (!own.ok) return own
  const valueSats = own.value?.vout[vout]?.value ?? null
  if (own.value === null || valueSats === null) return ok({ own: 'unknown', valueSats: null, spender: null })
  const ownPlace = own.value.status.confirmed ? 'confirmed' : 'mempool'
  const route = `/tx/${txid}/outspend/${vout}`
  const outspend = jsonIn(route, await http.get(route, call), OutspendAnswer)
  if (!outspend.ok) return outspend
  if (outspend.value.spent) {
    const spender = await spenderOf(http, outpoint, outspend.value.txid, call)
    return spender.ok ? ok({ own: ownPlace, valueSats, spender: spender.value }) : spender
  }
  const after = await tipHash(http, call)
  if (!after.ok) return after
  return after.value === before.value
    ? ok({ own: ownPlace, valueSats, spender: null })
    : unreachable(`GET ${route}: the tip moved meanwhile`)
}

/** The estimate for the longest target within the wanted number of blocks, else for the shortest. */
async function feeRateSatPerKw(http: EsploraHttp, targetBlocks: number, call: Call): Answer<number | null> {
  const route = '/fee-estimates'
  const answer = jsonIn(route, await http.get(route, call), FeeEstimatesAnswer)
  if (!answer.ok) return answer
  const estimates = Object.entries(answer.value)
    .map(([target, feeRateSatPerVb]) => ({ target: Number(target), feeRateSatPerVb }))
    .sort((one, other) => one.target - other.target)
  const estimate = estimates.findLast(({ target }) => target <= targetBlocks) ?? estimates[0]
  return ok(estimate === undefined ? null : satPerKw(estimate.feeRateSatPerVb))
}

/** Succeeds if the source refuses a transaction that it already knows. */
async function broadcast(http: EsploraHttp, hex: string, call: Call): Answer<void> {
  const answer = await http.post('/tx', hex, call)
  if (!answer.ok) return answer
  if (answer.value.status === 200) return ok(undefined)
  const txid = parseTransaction(hex)?.txid
  const known = txid === undefined ? ok(null) : await placed(http, txid, call)
  return known.ok && known.value !== null
    ? ok(undefined)
    : unreachable(`POST /tx: HTTP ${answer.value.status}${reasonIn(answer.value.body)}`)
}

/**
 * A chain source over Esplora's HTTP API. Any inconsistency (status, type, size, another transaction than
 * requested, contradicting answers) is a fault; a fault proves nothing.
 */
export function esplora(config: EsploraConfig): ChainPort {
  const http = esploraHttp(config)
  return {
    tip: (call) => tip(http, call),
    blockHash: (height, call) => blockHash(http, height, call),
    transaction: (txid, call) => transaction(http, txid, call),
    // Esplora has an index of spenders, so it needs no hint.
    spend: (outpoint, _hint, call) => spend(http, outpoint, call),
    feeRateSatPerKw: (targetBlocks, call) => feeRateSatPerKw(http, targetBlocks, call),
    broadcast: (hex, call) => broadcast(http, hex, call),
  }
}
