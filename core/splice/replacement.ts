import { createHash } from 'node:crypto'
import { attemptsUsed } from './budget.ts'
import { paymentIdOf } from './ids.ts'
import { BUMP_ATTEMPTS } from './policy.ts'
import type { Attempt, Bump, Candidate, BalanceSignals, Splice } from './splice.ts'
import type { Verdict } from './verdict.ts'

/** 1 sat/vB: what Bitcoin Core up to version 29 wants on top before it relays a replacement. */
export const RELAY_STEP_SAT_PER_KW = 250
/** A feerate is measured from a fee and a weight: what was asked for may come out a little lower. */
const ROUNDING = 0.99

/** The id of a fee bump: one per splice and idempotency key of a client, or number of the splice's own policy. */
export function bumpIdOf(spliceId: string, by: Bump['by'], key: string): string {
  return (
    'bmp_' +
    createHash('sha256')
      .update(`${paymentIdOf(spliceId)} ${by} ${key}`)
      .digest('hex')
  )
}

/** The bump that is under way; null: there is none. */
export function openBumpOf(splice: Splice): Bump | null {
  return splice.bumps.find((bump) => bump.outcome === null) ?? null
}

/**
 * The least feerate of a replacement in sat per 1000 weight: the larger of 25/24 of the last one and 25 more (BOLT 2,
 * `tx_init_rbf`; LDK `min_rbf_feerate`).
 */
export function replacementFloorSatPerKw(lastSatPerKw: number): number {
  return Math.max(Math.ceil((lastSatPerKw * 25) / 24), lastSatPerKw + 25)
}

/** What we ask for where the node takes a feerate and the client left it to us: enough to be relayed everywhere, at least the estimate. */
export function chosenFeeRateSatPerKw(lastSatPerKw: number, estimateSatPerKw: number | null): number {
  const relayed = lastSatPerKw + RELAY_STEP_SAT_PER_KW
  return Math.max(replacementFloorSatPerKw(lastSatPerKw), relayed, estimateSatPerKw ?? 0)
}

/** Whether a candidate is what a bump wanted: another one, at or above the feerate asked for, or above the one before. */
export function outbids(bump: Bump, candidate: Candidate): boolean {
  if (candidate.txid === bump.from.txid) return false
  const rate = candidate.feeRateSatPerKw
  // One that was known before is none, whatever it pays.
  if (rate === null) return candidate.seenAt > bump.openedAt
  if (bump.feeRateSatPerKw !== null) return rate >= bump.feeRateSatPerKw * ROUNDING
  return rate > (bump.from.feeRateSatPerKw ?? 0)
}

/** The candidate that a replacement has to outbid: the best paying one of those on the newest one's outpoint. */
export function candidateToReplace(candidates: readonly Candidate[]): Candidate | null {
  const newest = candidates.at(-1)
  if (newest === undefined || newest.feeRateSatPerKw === null) return newest ?? null
  const rivals = candidates.filter(({ spends }) => spends === newest.spends)
  return rivals.reduce((best, each) => (rateOf(each) > rateOf(best) ? each : best), newest)
}

function rateOf({ feeRateSatPerKw }: Candidate): number {
  return feeRateSatPerKw ?? 0
}

/**
 * The candidate that a node can be asked to replace now: the one in the mempool; where none is to be seen, because a rise of
 * the market emptied the mempools of it, the best paying one on record. null: none stands.
 */
export function standingCandidate(splice: Splice, verdict: Verdict): Candidate | null {
  if (verdict.name === 'pending') return verdict.visible?.candidate ?? null
  return verdict.name === 'unseen' ? candidateToReplace(splice.candidates) : null
}

/** The weight of a candidate's transaction, as its fee and feerate tell; 0 where they are not known. */
export function weightOf({ feeSats, feeRateSatPerKw }: Candidate): number {
  return feeSats === null || feeRateSatPerKw === null || feeRateSatPerKw === 0
    ? 0
    : Math.ceil((feeSats * 1_000) / feeRateSatPerKw)
}

/** Whether a bump has used up its attempts. */
export function isSpent(bump: Bump): boolean {
  return attemptsUsed(bump) >= BUMP_ATTEMPTS
}

/** Signs are rounded to whole satoshis: less than this is none. */
const LEAST_MOVE_SATS = 2

/**
 * Whether the node's signs say that a replacement was signed since a bump's first attempt: once it is, the outbound capacity
 * is less by our part of the difference in fees, and so `reservedSats` is more (docs/reference/ldk.md 7.1, S3). `mostSats`: what a
 * replacement can cost at most; a larger move is Lightning traffic.
 */
export function balanceShowsReplacement(
  bump: Bump,
  balanceSignals: BalanceSignals | null,
  mostSats: number,
): boolean {
  const now = balanceSignals?.reservedSats ?? null
  const before = bump.baseline?.reservedSats ?? null
  if (now === null || before === null) return false
  return now - before >= LEAST_MOVE_SATS && now - before <= mostSats
}

/**
 * Attempts of bumps that may still take effect where no candidate of ours locks: not dead, and not followed by one that was
 * taken, which the node would have refused with another one waiting. Whose replacement was seen is not asked: the peer makes
 * replacements too. (Where ours locks, the overlap guard drops what waits.)
 */
export function unresolvedBumpAttempts({ bumps }: Pick<Splice, 'bumps'>): Attempt[] {
  const all = bumps.flatMap(({ attempts }) => attempts)
  const last = all.findLastIndex(({ result }) => result?.type === 'taken')
  return all.slice(Math.max(0, last)).filter(({ notExecuted }) => notExecuted === null)
}

/** Whether an attempt of a bump may have been taken, and no replacement accounts for it. */
export function hasUnaccountedBump({ bumps }: Pick<Splice, 'bumps'>): boolean {
  return bumps.some((bump) => {
    const accounted = bump.outcome?.result === 'done' ? 1 : 0
    return unresolvedBumpAttempts({ bumps: [bump] }).length > accounted
  })
}

/** A bump that was abandoned, while what it asked for may still be seen: its replacement was late, or is relayed after all. */
export function correctableBump({ bumps }: Pick<Splice, 'bumps'>): Bump | null {
  const last = bumps.at(-1)
  const code = last?.outcome?.code
  return last !== undefined && (code === 'not_relayed' || code === 'budget_spent') ? last : null
}
