import type { ChainFault } from '../ports/chain.ts'
import type { FollowedChain } from '../ports/records.ts'
import type { Call, ChainPort } from '../ports/ports.ts'
import { ok, type Result } from '../values/result.ts'
import type { Instant } from '../values/instant.ts'

/** Blocks remembered per network. A deeper reorg goes unnoticed. */
const BLOCKS_KEPT = 300
/** Blocks below the first tip that are remembered too: twice the depth at which anything is final. */
const BLOCKS_BELOW = 12
/** Blocks for which every sweep looks up an orphaned block again, because the table's index may lag. */
const ORPHANED_FOR = 100

/**
 * Follows the chain from its last recorded state to the tip, and records the blocks that a reorg removed.
 * Costs one call per new or removed block. A source that is behind the record changes nothing. null: the
 * chain moved during the walk; the next sweep tries again.
 */
export async function followChain(
  before: FollowedChain | null,
  now: Instant,
  chain: ChainPort,
  call: Call,
): Promise<Result<FollowedChain | null, ChainFault>> {
  const tip = await chain.tip(call)
  if (!tip.ok) return tip
  const { height, hash } = tip.value
  if (before === null) return begin(height, hash, now, chain, call)
  if (hash === before.hash) return ok(before)
  const common = await commonHeight(before, height, chain, call)
  if (!common.ok) return common
  // The source is behind: all its blocks are in the record.
  if (height < before.height && common.value === height) return ok(before)
  const kept = before.hashes.slice(0, Math.max(0, common.value - lowest(before) + 1))
  const from = kept.length === 0 ? Math.min(lowest(before), height) - BLOCKS_BELOW : common.value + 1
  const added = await hashesBetween(Math.max(0, from), height, chain, call)
  if (!added.ok || added.value === null) return added.ok ? ok(null) : added
  const removed = before.hashes
    .slice(kept.length)
    .map((old, n) => ({ height: lowest(before) + kept.length + n, hash: old }))
  const orphans = [...before.orphans, ...removed].filter(
    (orphan) => orphan.height > height - ORPHANED_FOR && !added.value?.includes(orphan.hash),
  )
  const hashes = [...kept, ...added.value].slice(-BLOCKS_KEPT)
  return ok({ height, hash, seenAt: now, hashes, orphans: orphans.slice(-BLOCKS_KEPT) })
}

/** The first look also records the blocks below the tip that a reorg may still remove. */
async function begin(
  height: number,
  hash: string,
  now: Instant,
  chain: ChainPort,
  call: Call,
): Promise<Result<FollowedChain | null, ChainFault>> {
  const hashes = await hashesBetween(Math.max(0, height - BLOCKS_BELOW), height, chain, call)
  if (!hashes.ok || hashes.value === null) return hashes.ok ? ok(null) : hashes
  return ok({ height, hash, seenAt: now, hashes: hashes.value, orphans: [] })
}

/**
 * Whether a reorg of this block would be noticed: sweeps have recorded it, or it is deeper than their record.
 * False for a block that arrived since the last sweep.
 */
export function isFollowed(seen: FollowedChain | null, block: { height: number; hash: string }): boolean {
  if (seen === null) return false
  return block.height < lowest(seen) || seen.hashes[block.height - lowest(seen)] === block.hash
}

function lowest(seen: FollowedChain): number {
  return seen.height - seen.hashes.length + 1
}

/** The height of the highest block that record and chain share; one below the record if they share none. */
async function commonHeight(
  before: FollowedChain,
  tipHeight: number,
  chain: ChainPort,
  call: Call,
): Promise<Result<number, ChainFault>> {
  let height = Math.min(before.height, tipHeight)
  for (; height >= lowest(before); height--) {
    const hash = await chain.blockHash(height, call)
    if (!hash.ok) return hash
    if (hash.value === before.hashes[height - lowest(before)]) break
  }
  return ok(height)
}

/** The hashes of a range of heights, both included; null: the chain moved during the walk. */
async function hashesBetween(
  from: number,
  to: number,
  chain: ChainPort,
  call: Call,
): Promise<Result<string[] | null, ChainFault>> {
  const hashes: string[] = []
  for (let height = Math.max(from, to - BLOCKS_KEPT + 1); height <= to; height++) {
    const hash = await chain.blockHash(height, call)
    if (!hash.ok) return hash
    if (hash.value === null) return ok(null)
    hashes.push(hash.value)
  }
  return ok(hashes)
}
