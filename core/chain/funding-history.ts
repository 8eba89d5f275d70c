import type { ChainFault, ChainTransaction, SpendHint } from '../ports/chain.ts'
import { outpointOf, splitOutpoint, type Outpoint } from '../bitcoin/outpoint.ts'
import type { Call, ChainPort } from '../ports/ports.ts'
import { err, ok, type Result } from '../values/result.ts'
import {
  fundingInputs,
  fundingOutputs,
  isCommitment,
  parseTransaction,
  type ParsedTransaction,
} from '../bitcoin/transaction.ts'

/** A transaction that spends a funding outpoint, and whether it has our splice's effect. */
export type FundingSpender = {
  readonly spends: Outpoint
  readonly tx: ChainTransaction
  readonly parsed: ParsedTransaction
  /** `unknown`: a splice-in on which node and chain do not agree yet. */
  readonly effect: 'ours' | 'none' | 'unknown'
}

/** One outpoint of the funding history and its spender. */
export type FundingSpend = {
  readonly outpoint: Outpoint
  readonly own: 'unknown' | 'mempool' | 'confirmed'
  readonly valueSats: number | null
  readonly spender: FundingSpender | null
}

/** Transactions that a walk asks for at most. Beyond it the walk counts as not having arrived. */
const MAX_LOOKS = 200
/** The same for a walk back to the time of a backup, which passes every splice since then. */
const MAX_LOOKS_BACK = 1_000

/** A walk along a channel's funding outpoints: start, destination, and what is already known. */
export type Walk = {
  readonly from: Outpoint
  /** The node's current funding outpoint; null: the node did not report one. */
  readonly current: Outpoint | null
  /** Funding outpoints known from earlier looks. */
  readonly known: readonly Outpoint[]
  /** What earlier looks know of an outpoint's spender. */
  readonly hintOf: (outpoint: Outpoint) => SpendHint
  /** Judges a spender's effect. `valueSats` is the value of the outpoint that it spends. */
  readonly effectOf: (
    spends: Outpoint,
    valueSats: number | null,
    parsed: ParsedTransaction,
  ) => Promise<FundingSpender['effect']>
}

/** A walk's spends, oldest first, and whether it arrived at the current funding outpoint. */
export type Walked = { readonly fundingSpends: readonly FundingSpend[]; readonly reachedFunding: boolean }

/**
 * Walks from an outpoint along the transactions that spend it, mempool included, and returns each funding
 * outpoint of the channel with its spender. If the node reports no current funding outpoint (it is
 * unreachable, or the channel is gone), the walk follows every output that was spent like a funding output,
 * so that no transaction with our effect is missed.
 */
export async function walkFundingHistory(
  walk: Walk,
  chain: ChainPort,
  call: Call,
): Promise<Result<Walked, ChainFault>> {
  const named = await namedOutpoints(walk, chain, call)
  if (!named.ok) return named
  const fundingSpends: FundingSpend[] = []
  const queue: Outpoint[] = [walk.from]
  // An output cannot be spent below the block of the transaction that created it.
  const createdAtHeight = new Map<Outpoint, number>()
  for (let looks = 0; queue.length > 0; looks++) {
    const outpoint = queue.shift()
    if (outpoint === undefined || looks >= MAX_LOOKS) return ok({ fundingSpends, reachedFunding: false })
    const spend = await look(outpoint, hintFor(outpoint, walk, createdAtHeight), walk, chain, call)
    if (!spend.ok) return spend
    if (named.value.includes(outpoint) || spentAsFunding(spend.value)) {
      fundingSpends.push(spend.value)
      const next = following(spend.value, walk, named.value)
      const height = spend.value.spender?.tx.block?.height
      if (height !== undefined) for (const created of next) createdAtHeight.set(created, height)
      queue.push(...next)
    }
  }
  return ok({
    fundingSpends,
    reachedFunding: walk.current === null || fundingSpends.some((spend) => spend.outpoint === walk.current),
  })
}

function hintFor(outpoint: Outpoint, walk: Walk, createdAtHeight: ReadonlyMap<Outpoint, number>): SpendHint {
  const hint = walk.hintOf(outpoint)
  const height = createdAtHeight.get(outpoint)
  if (height === undefined) return hint
  return { ...hint, unspentThroughHeight: Math.max(hint.unspentThroughHeight ?? 0, height - 1) }
}

/** Every funding outpoint that the node has reported, and those between the last of them and the current one. */
async function namedOutpoints(walk: Walk, chain: ChainPort, call: Call): Promise<Result<Outpoint[], ChainFault>> {
  const known = [walk.from, ...walk.known]
  if (walk.current === null || known.includes(walk.current)) return ok(known)
  const path = await pathBack(walk.current, known, chain, call)
  return path.ok ? ok([...known, ...path.value.steps.map((step) => step.outpoint)]) : path
}

/** A transaction that moved a channel from one funding outpoint to the next. */
export type Step = {
  readonly outpoint: Outpoint
  readonly spends: Outpoint
  readonly tx: ChainTransaction
  readonly parsed: ParsedTransaction
}

/**
 * The steps from a known funding outpoint to the current one, oldest first. No steps: there is no path, or,
 * if not `complete`, one of its transactions is unknown.
 */
export type Path = { readonly steps: readonly Step[]; readonly complete: boolean }

/** Finds the path from a known funding outpoint to the current one, searching backwards. */
export async function pathBack(
  current: Outpoint,
  known: readonly Outpoint[],
  chain: ChainPort,
  call: Call,
): Promise<Result<Path, ChainFault>> {
  const queue: { outpoint: Outpoint; after: readonly Step[] }[] = [{ outpoint: current, after: [] }]
  const visited = new Set<string>()
  let complete = true
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const next = queue.shift()
    if (next === undefined) break
    const { outpoint, after } = next
    const { txid, vout } = splitOutpoint(outpoint)
    if (visited.has(txid)) continue
    visited.add(txid)
    const found = await chain.transaction(txid, call)
    if (!found.ok) return found
    const parsed = found.value === null ? null : parseTransaction(found.value.hex)
    if (found.value === null || parsed === null) {
      complete = false
      continue
    }
    const step = { outpoint, tx: found.value, parsed }
    const start = parsed.inputs.find((input) => known.includes(input.outpoint))
    if (start !== undefined) return ok({ steps: [{ ...step, spends: start.outpoint }, ...after], complete })
    for (const spends of fundingInputs(parsed, parsed.outputs[vout]?.script))
      queue.push({ outpoint: spends, after: [{ ...step, spends }, ...after] })
  }
  return ok({ steps: [], complete })
}

/** The funding outpoints that a spender may have created; none at the end of the funding history. */
function following(spend: FundingSpend, walk: Walk, named: readonly Outpoint[]): Outpoint[] {
  const spender = spend.spender
  if (spender === null || isCommitment(spender.parsed, spend.outpoint)) return []
  const next = named.find((outpoint) => splitOutpoint(outpoint).txid === spender.tx.txid)
  if (next !== undefined) return [next]
  if (walk.current !== null) return []
  return fundingOutputs(spender.parsed).map((output) => outpointOf(spender.tx.txid, output.vout))
}

function spentAsFunding(spend: FundingSpend): boolean {
  return spend.spender !== null && fundingInputs(spend.spender.parsed).includes(spend.outpoint)
}

async function look(
  outpoint: Outpoint,
  hint: SpendHint,
  walk: Walk,
  chain: ChainPort,
  call: Call,
): Promise<Result<FundingSpend, ChainFault>> {
  const spend = await chain.spend(outpoint, hint, call)
  if (!spend.ok) return spend
  const { own, valueSats, spender: tx } = spend.value
  if (tx === null) return ok({ outpoint, own, valueSats, spender: null })
  const parsed = parseTransaction(tx.hex)
  if (parsed?.txid !== tx.txid || !parsed.inputs.some((input) => input.outpoint === outpoint)) {
    return err({
      class: 'unreachable',
      message: 'the chain source named a spender that does not spend the outpoint',
    })
  }
  const effect = await walk.effectOf(outpoint, valueSats, parsed)
  return ok({ outpoint, own, valueSats, spender: { spends: outpoint, tx, parsed, effect } })
}

/**
 * Walks back from the current funding outpoint, through inputs that can be funding outpoints, to blocks older than
 * `untilSeconds` (unix time). Returns the txid of the first transaction for which `isOurs` holds, or null. Beyond its
 * limit the walk knows nothing and returns a fault. Gate `no_earlier_effect` uses it after a restore of the table.
 */
export async function walkBack(
  current: Outpoint,
  untilSeconds: number,
  isOurs: (parsed: ParsedTransaction) => Promise<boolean>,
  chain: ChainPort,
  call: Call,
): Promise<Result<string | null, ChainFault>> {
  const queue = [current]
  const visited = new Set<string>()
  while (queue.length > 0) {
    const { txid, vout } = splitOutpoint(queue.shift() ?? current)
    if (visited.has(txid)) continue
    if (visited.size >= MAX_LOOKS_BACK) return unknown('the funding history is too long to walk back')
    visited.add(txid)
    const found = await chain.transaction(txid, call)
    if (!found.ok) return found
    if (found.value === null) return unknown('a transaction of the funding history is unknown')
    if (found.value.block !== null && found.value.block.time < untilSeconds) continue
    const parsed = parseTransaction(found.value.hex)
    if (parsed === null) return unknown('a transaction of the funding history cannot be read')
    if (await isOurs(parsed)) return ok(txid)
    queue.push(...fundingInputs(parsed, parsed.outputs[vout]?.script))
  }
  return ok(null)
}

function unknown(message: string): { readonly ok: false; readonly error: ChainFault } {
  return err({ class: 'unreachable', message })
}
