import type { ChainFault, ChainTransaction, SpendHint } from '../ports/chain.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import { outpointOf, splitOutpoint } from '../bitcoin/outpoint.ts'
import type { Call, ChainPort } from '../ports/ports.ts'
import type { Result } from '../values/result.ts'
import { err, ok } from '../values/result.ts'
import type { ParsedTransaction } from '../bitcoin/transaction.ts'
import { fundingInputs, fundingOutputs, isCommitment, parseTransaction } from '../bitcoin/transaction.ts'

/** A transaction that spends the funding history, and whether it carries our effect (design section 4). */
export type FundingSpender = {
  readonly spends: Outpoint
  readonly tx: ChainTransaction
  readonly parsed: ParsedTransaction
  /** `unknown`: a splice-in whose two witnesses, node and chain, do not agree yet. */
  readonly effect: 'ours' | 'none' | 'unknown'
}

/** One outpoint of the funding history and who spends it. */
export type FundingSpend = {
  readonly outpoint: Outpoint
  readonly own: 'unknown' | 'mempool' | 'confirmed'
  readonly valueSats: number | null
  readonly spender: FundingSpender | null
}

/** No walk asks for more transactions than this; beyond it nothing is known (limits on everything). */
const MAX_LOOKS = 200
/** A walk back to the time of a backup passes every splice since then, and may be longer. */
const MAX_LOOKS_BACK = 1_000

/** Where a walk along a channel's funding outpoints starts and should arrive. */
export type Walk = {
  readonly from: Outpoint
  /** The node's current funding outpoint; null where the node did not tell. */
  readonly current: Outpoint | null
  /** Funding outpoints known from earlier looks. */
  readonly known: readonly Outpoint[]
  /** What earlier looks know of who spends an outpoint. */
  readonly hintOf: (outpoint: Outpoint) => SpendHint
  /** Decides what a spender's effect is; the value is that of the outpoint that it spends. */
  readonly effectOf: (
    spends: Outpoint,
    valueSats: number | null,
    parsed: ParsedTransaction,
  ) => Promise<FundingSpender['effect']>
}

/** A walk's spends, oldest first, and whether it arrived at the current funding outpoint. */
export type Walked = { readonly fundingSpends: readonly FundingSpend[]; readonly reachedFunding: boolean }

/**
 * Walks from an outpoint along the transactions that spend it, mempool included (design section 2): each funding outpoint
 * of the channel and who spends it. Where the node tells no current funding (it is unreachable, or the channel is gone) every
 * output that was spent as a funding is followed: none of our effect may stay unseen.
 */
export async function walkFundingHistory(
  walk: Walk,
  chain: ChainPort,
  call: Call,
): Promise<Result<Walked, ChainFault>> {
  const told = await outpointsTold(walk, chain, call)
  if (!told.ok) return told
  const fundingSpends: FundingSpend[] = []
  const queue: Outpoint[] = [walk.from]
  // What a transaction made cannot be spent below its block.
  const madeAt = new Map<Outpoint, number>()
  for (let looks = 0; queue.length > 0; looks++) {
    const outpoint = queue.shift()
    if (outpoint === undefined || looks >= MAX_LOOKS) return ok({ fundingSpends, reachedFunding: false })
    const seen = await look(outpoint, hintFor(outpoint, walk, madeAt), walk, chain, call)
    if (!seen.ok) return seen
    if (told.value.includes(outpoint) || spentAsFunding(seen.value)) {
      fundingSpends.push(seen.value)
      const next = following(seen.value, walk, told.value)
      const height = seen.value.spender?.tx.block?.height
      if (height !== undefined) for (const made of next) madeAt.set(made, height)
      queue.push(...next)
    }
  }
  return ok({
    fundingSpends,
    reachedFunding: walk.current === null || fundingSpends.some((hop) => hop.outpoint === walk.current),
  })
}

function hintFor(outpoint: Outpoint, walk: Walk, madeAt: ReadonlyMap<Outpoint, number>): SpendHint {
  const hint = walk.hintOf(outpoint)
  const made = madeAt.get(outpoint)
  if (made === undefined) return hint
  return { ...hint, unspentThroughHeight: Math.max(hint.unspentThroughHeight ?? 0, made - 1) }
}

/** Every funding outpoint that the node has told us of, and those between the last of them and the current one. */
async function outpointsTold(
  walk: Walk,
  chain: ChainPort,
  call: Call,
): Promise<Result<Outpoint[], ChainFault>> {
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

/** The steps from a known funding outpoint to the current one, oldest first; none: there is no path, or (not `complete`) a transaction on it is not known. */
export type Path = { readonly steps: readonly Step[]; readonly complete: boolean }

/** Finds the path from one of the known funding outpoints to the current one, backwards. */
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

/** The funding outpoints that a hop's spender may have made; none at the end of the funding history. */
function following(hop: FundingSpend, walk: Walk, told: readonly Outpoint[]): Outpoint[] {
  const spender = hop.spender
  if (spender === null || isCommitment(spender.parsed, hop.outpoint)) return []
  const next = told.find((outpoint) => splitOutpoint(outpoint).txid === spender.tx.txid)
  if (next !== undefined) return [next]
  if (walk.current !== null) return []
  return fundingOutputs(spender.parsed).map((output) => outpointOf(spender.tx.txid, output.vout))
}

function spentAsFunding(hop: FundingSpend): boolean {
  return hop.spender !== null && fundingInputs(hop.spender.parsed).includes(hop.outpoint)
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
 * Walks back from the current funding outpoint to blocks older than an instant, through the inputs that can be fundings,
 * and answers the first transaction for which `isOurs` holds (gate `no_earlier_effect` after a restore). Beyond the limit nothing is known:
 * a fault.
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
    if (visited.size >= MAX_LOOKS_BACK) return unknown('the funding history is longer than can be walked')
    visited.add(txid)
    const found = await chain.transaction(txid, call)
    if (!found.ok) return found
    if (found.value === null) return unknown('a transaction of the funding history is not known')
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
