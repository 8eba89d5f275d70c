import type { ChainFault, ChainTransaction } from './chain.ts'
import type { Hop, Sighting } from './observation.ts'
import type { Outpoint } from './outpoint.ts'
import { outpointOf, splitOutpoint } from './outpoint.ts'
import type { Call, ChainPort } from './ports.ts'
import type { Result } from './result.ts'
import { err, ok } from './result.ts'
import type { ParsedTransaction } from './transaction.ts'
import { fundingInputs, fundingOutputs, isCommitment, parseTransaction } from './transaction.ts'

/** No channel is walked further than this; beyond it nothing is known (limits on everything). */
const MAX_HOPS = 50
/** Splices of one channel that may have locked between two looks without the node having told us of each. */
const MAX_UNTOLD_HOPS = 8

/** Where a walk along a channel's funding outpoints starts and should arrive. */
export type Walk = {
  readonly from: Outpoint
  /** The node's current funding outpoint; null where the node did not tell. */
  readonly current: Outpoint | null
  /** Funding outpoints known from earlier looks. */
  readonly known: readonly Outpoint[]
  /** Decides what a spender's effect is. */
  readonly effectOf: (
    spends: Outpoint,
    parsed: ParsedTransaction,
    tx: ChainTransaction,
  ) => Promise<Sighting['effect']>
}

/** A walk's hops, oldest first, and whether it arrived at the current funding outpoint. */
export type Walked = { readonly hops: readonly Hop[]; readonly reachedFunding: boolean }

/**
 * Walks from an outpoint along the transactions that spend it, mempool included (design section 2): each funding outpoint
 * of the channel and who spends it.
 */
export async function walkLineage(
  walk: Walk,
  chain: ChainPort,
  call: Call,
): Promise<Result<Walked, ChainFault>> {
  const hops: Hop[] = []
  let outpoint: Outpoint | null = walk.from
  let reached = walk.current === null
  while (outpoint !== null && hops.length < MAX_HOPS) {
    const seen: Result<Hop, ChainFault> = await look(outpoint, walk, chain, call)
    if (!seen.ok) return seen
    hops.push(seen.value)
    reached ||= outpoint === walk.current
    const next: Result<Outpoint | null, ChainFault> = await nextFunding(
      seen.value,
      walk,
      reached,
      chain,
      call,
    )
    if (!next.ok) return next
    outpoint = next.value
  }
  return ok({ hops, reachedFunding: reached && hops.length < MAX_HOPS })
}

async function look(
  outpoint: Outpoint,
  walk: Walk,
  chain: ChainPort,
  call: Call,
): Promise<Result<Hop, ChainFault>> {
  const spend = await chain.spend(outpoint, call)
  if (!spend.ok) return spend
  const tx = spend.value.spender
  if (tx === null) return ok({ outpoint, own: spend.value.own, spender: null })
  const parsed = parseTransaction(tx.hex)
  if (parsed?.txid !== tx.txid || !parsed.inputs.some((input) => input.outpoint === outpoint)) {
    return err({
      class: 'unreachable',
      message: 'the chain source named a spender that does not spend the outpoint',
    })
  }
  const effect = await walk.effectOf(outpoint, parsed, tx)
  return ok({ outpoint, own: spend.value.own, spender: { spends: outpoint, tx, parsed, effect } })
}

/** The funding outpoint that a spender made, where it is known or can be found; null at the end of the walk. */
async function nextFunding(
  hop: Hop,
  walk: Walk,
  reached: boolean,
  chain: ChainPort,
  call: Call,
): Promise<Result<Outpoint | null, ChainFault>> {
  const spender = hop.spender
  if (spender === null || isCommitment(spender.parsed, hop.outpoint)) return ok(null)
  const told = [walk.current, ...walk.known].find(
    (outpoint) => outpoint !== null && splitOutpoint(outpoint).txid === spender.tx.txid,
  )
  if (told) return ok(told)
  if (reached || walk.current === null) return ok(null)
  return findTowards(spender.parsed, walk.current, chain, call, MAX_UNTOLD_HOPS)
}

/** Which output of a transaction leads on to the current funding outpoint, through splices that nobody told us of. */
async function findTowards(
  parsed: ParsedTransaction,
  current: Outpoint,
  chain: ChainPort,
  call: Call,
  depth: number,
): Promise<Result<Outpoint | null, ChainFault>> {
  for (const output of depth === 0 ? [] : fundingOutputs(parsed)) {
    const outpoint = outpointOf(parsed.txid, output.vout)
    if (outpoint === current) return ok(outpoint)
    const spend = await chain.spend(outpoint, call)
    if (!spend.ok) return spend
    const next = spend.value.spender === null ? null : parseTransaction(spend.value.spender.hex)
    if (next === null) continue
    const found = await findTowards(next, current, chain, call, depth - 1)
    if (!found.ok) return found
    if (found.value !== null) return ok(outpoint)
  }
  return ok(null)
}

/**
 * Walks back from the current funding outpoint to blocks older than an instant, through the inputs that can be fundings,
 * and answers the first transaction for which `isOurs` holds (gate 6 after a restore). Beyond the limit nothing is known:
 * a fault.
 */
export async function walkBack(
  current: Outpoint,
  untilSeconds: number,
  isOurs: (parsed: ParsedTransaction, tx: ChainTransaction) => Promise<boolean>,
  chain: ChainPort,
  call: Call,
): Promise<Result<string | null, ChainFault>> {
  const queue = [splitOutpoint(current).txid]
  const visited = new Set<string>()
  while (queue.length > 0) {
    const txid = queue.shift()
    if (txid === undefined || visited.has(txid)) continue
    if (visited.size >= MAX_HOPS)
      return err({ class: 'unreachable', message: 'the lineage is longer than can be walked' })
    visited.add(txid)
    const found = await chain.transaction(txid, call)
    if (!found.ok) return found
    if (found.value === null)
      return err({ class: 'unreachable', message: 'a transaction of the lineage is not known' })
    if (found.value.block !== null && found.value.block.time < untilSeconds) continue
    const parsed = parseTransaction(found.value.hex)
    if (parsed === null)
      return err({ class: 'unreachable', message: 'a transaction of the lineage cannot be read' })
    if (await isOurs(parsed, found.value)) return ok(txid)
    queue.push(...fundingInputs(parsed).map((outpoint) => splitOutpoint(outpoint).txid))
  }
  return ok(null)
}
