import type { ChainFault, ChainTransaction, Spend, SpendHint } from '../../core/ports/chain.ts'
import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import type { Call, ChainPort } from '../../core/ports/ports.ts'
import { ok, type Result } from '../../core/values/result.ts'
import { unreachable } from './answer.ts'

type Answer<T> = Promise<Result<T, ChainFault>>
type Place = { readonly height: number; readonly hash: string }

/** How much is known of an outpoint's own transaction, least first. */
const OWN_ORDER: readonly Spend['own'][] = ['unknown', 'mempool', 'confirmed']

const FORKED = unreachable('the chain sources follow different chains')
const nobody = (answers: readonly Result<unknown, ChainFault>[]) =>
  answers.find((answer) => !answer.ok) ?? unreachable('no chain source is configured')

function valuesOf<T>(answers: readonly Result<T, ChainFault>[]): T[] {
  return answers.flatMap((answer) => (answer.ok ? [answer.value] : []))
}

/** The value that all elements share; null when they differ or there are none. */
function common<T>(values: readonly T[]): { readonly value: T } | null {
  const [value, ...others] = values
  return value === undefined || others.some((other) => other !== value) ? null : { value }
}

/** The lowest tip, if it is in the chain of every source that answers. Nothing above it is known to all of them. */
async function tip(sources: readonly ChainPort[], call: Call): Answer<Place> {
  const answers = await Promise.all(sources.map(async (source) => ({ source, answer: await source.tip(call) })))
  const tips = answers.flatMap(({ source, answer }) => (answer.ok ? [{ source, place: answer.value }] : []))
  const lowest = tips.toSorted((one, other) => one.place.height - other.place.height)[0]?.place
  if (lowest === undefined) return nobody(answers.map(({ answer }) => answer))
  const hashes = await Promise.all(
    tips.map(async ({ source, place }) =>
      place.height === lowest.height ? ok(place.hash) : source.blockHash(lowest.height, call),
    ),
  )
  return common(valuesOf(hashes)) === null ? FORKED : ok(lowest)
}

async function blockHash(sources: readonly ChainPort[], height: number, call: Call): Answer<string | null> {
  const answers = await Promise.all(sources.map((source) => source.blockHash(height, call)))
  const values = valuesOf(answers)
  if (values.length === 0) return nobody(answers)
  const hash = common(values)
  return hash === null ? FORKED : ok(hash.value)
}

/**
 * Merges what several sources say about one transaction or spender. A block beats a mempool, and all must name the same
 * block. Of two transactions in mempools, the one that pays more has replaced the other, or will.
 */
function merged(known: readonly ChainTransaction[]): Result<ChainTransaction | null, ChainFault> {
  const mined = known.filter(({ block }) => block !== null)
  if (mined.length === 0)
    return ok(known.toSorted((one, other) => (other.feeSats ?? 0) - (one.feeSats ?? 0))[0] ?? null)
  return common(mined.map(({ txid, block }) => `${txid} in ${block?.hash ?? ''}`)) === null
    ? FORKED
    : ok(mined[0] ?? null)
}

async function transaction(sources: readonly ChainPort[], txid: string, call: Call): Answer<ChainTransaction | null> {
  const answers = await Promise.all(sources.map((source) => source.transaction(txid, call)))
  const values = valuesOf(answers)
  return values.length === 0 ? nobody(answers) : merged(values.filter((value) => value !== null))
}

/** Merges the answers of the sources that show a spender; null when none does. */
function presence(spends: readonly Spend[]): Result<Spend | null, ChainFault> {
  const spender = merged(spends.flatMap((spend) => spend.spender ?? []))
  if (!spender.ok || spender.value === null) return spender.ok ? ok(null) : spender
  const shown = spends.filter((spend) => spend.spender?.txid === spender.value?.txid)
  const own = OWN_ORDER.findLast((each) => shown.some((spend) => spend.own === each)) ?? 'unknown'
  const valueSats = shown.find((spend) => spend.valueSats !== null)?.valueSats ?? null
  return ok({ own, valueSats, spender: spender.value })
}

/** Merges the answers when no source shows a spender: the result knows no more than the source that knows least. */
function absence(spends: readonly Spend[]): Result<Spend, ChainFault> {
  const own = OWN_ORDER.find((each) => spends.some((spend) => spend.own === each)) ?? 'unknown'
  if (own === 'unknown') return ok({ own, valueSats: null, spender: null })
  const valueSats = common(spends.map((spend) => spend.valueSats))
  return valueSats === null ? FORKED : ok({ own, valueSats: valueSats.value, spender: null })
}

/**
 * One source is enough to prove a spender. Absence needs every source, at the same tip before and after the
 * question: a source that lags, or follows another branch, does not know the latest spenders.
 */
async function spend(sources: readonly ChainPort[], outpoint: Outpoint, hint: SpendHint, call: Call): Answer<Spend> {
  const tips = () => Promise.all(sources.map((source) => source.tip(call)))
  const before = await tips()
  const answers = await Promise.all(sources.map((source) => source.spend(outpoint, hint, call)))
  const present = presence(valuesOf(answers))
  if (!present.ok) return present
  if (present.value !== null) return ok(present.value)
  const places = [...before, ...(await tips())]
  const silent = [...answers, ...places].find((answer) => !answer.ok)
  if (silent !== undefined) return silent
  return common(valuesOf(places).map(({ hash }) => hash)) === null
    ? unreachable('the chain sources are not at one tip')
    : absence(valuesOf(answers))
}

/** The highest estimate: a splice gets stuck by too low a feerate. */
async function feeRateSatPerKw(sources: readonly ChainPort[], targetBlocks: number, call: Call): Answer<number | null> {
  const answers = await Promise.all(sources.map((source) => source.feeRateSatPerKw(targetBlocks, call)))
  const values = valuesOf(answers)
  const estimates = values.filter((value) => value !== null)
  if (values.length === 0) return nobody(answers)
  return ok(estimates.length === 0 ? null : Math.max(...estimates))
}

async function broadcast(sources: readonly ChainPort[], hex: string, call: Call): Answer<void> {
  const answers = await Promise.all(sources.map((source) => source.broadcast(hex, call)))
  return answers.some((answer) => answer.ok) ? ok(undefined) : nobody(answers)
}

/**
 * Combines several chain sources. What any source shows exists; absence needs all of them, on one chain.
 * Sources that contradict each other are a fault. A single source is returned as it is.
 */
export function severalSources(sources: readonly [ChainPort, ...ChainPort[]]): ChainPort {
  if (sources.length === 1) return sources[0]
  return {
    tip: (call) => tip(sources, call),
    blockHash: (height, call) => blockHash(sources, height, call),
    transaction: (txid, call) => transaction(sources, txid, call),
    spend: (outpoint, hint, call) => spend(sources, outpoint, hint, call),
    feeRateSatPerKw: (targetBlocks, call) => feeRateSatPerKw(sources, targetBlocks, call),
    broadcast: (hex, call) => broadcast(sources, hex, call),
  }
}
