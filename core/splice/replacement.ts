import { createHash } from 'node:crypto'
import { attemptsUsed } from './budget.ts'
import { BUMP_ATTEMPTS } from './policy.ts'
import type { Attempt, Bump, Candidate, BalanceSignals, Splice } from './splice.ts'
import type { Verdict } from './verdict.ts'

/** 1 sat/vB: what Bitcoin Core up to version 29 requires on top before it relays a replacement. */
export const RELAY_STEP_SAT_PER_KW = 250
/** A feerate is computed from a fee and a weight, so it may come out slightly below what was asked for. */
const ROUNDING = 0.99

/**
 * The id of a fee bump. It is unique per splice and idempotency key of a client, or number of the splice's own policy.
 */
export function bumpIdOf(spliceId: string, by: Bump['by'], key: string): string {
  return 'bmp_' + createHash('sha256').update(`${spliceId} ${by} ${key}`).digest('hex')
}

/** The bump that is open; null if there is none. */
export function openBumpOf(splice: Splice): Bump | null {
  return splice.bumps.find((bump) => bump.outcome === null) ?? null
}

/**
 * The least feerate of a replacement in sat per 1000 weight: 25/24 of the last one, or 25 more if that is
 * larger (BOLT 2, `tx_init_rbf`; LDK `min_rbf_feerate`).
 */
export function replacementFloorSatPerKw(lastSatPerKw: number): number {
  return Math.max(Math.ceil((lastSatPerKw * 25) / 24), lastSatPerKw + 25)
}

/**
 * The feerate to ask for if the node takes one and the client named none: enough to be relayed everywhere,
 * and at least the estimate.
 */
export function chosenFeeRateSatPerKw(lastSatPerKw: number, estimateSatPerKw: number | null): number {
  const relayed = lastSatPerKw + RELAY_STEP_SAT_PER_KW
  return Math.max(replacementFloorSatPerKw(lastSatPerKw), relayed, estimateSatPerKw ?? 0)
}

/**
 * Whether a candidate is the replacement that a bump wanted: another transaction, at or above the feerate
 * asked for, or above the one before.
 */
export function outbids(bump: Bump, candidate: Candidate): boolean {
  if (candidate.txid === bump.from.txid) return false
  const rate = candidate.feeRateSatPerKw
  // Without a feerate, only a candidate seen after the bump was opened can be its replacement.
  if (rate === null) return candidate.seenAt > bump.openedAt
  if (bump.feeRateSatPerKw !== null) return rate >= bump.feeRateSatPerKw * ROUNDING
  return rate > (bump.from.feeRateSatPerKw ?? 0)
}

/** The candidate that a replacement has to outbid: the best paying one on the newest one's outpoint. */
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
 * The candidate that a node can be asked to replace now: the one in the mempool. If none is visible, because
 * a rising market pushed it out of the mempools, the best paying one on record. null: none stands.
 */
export function standingCandidate(splice: Splice, verdict: Verdict): Candidate | null {
  if (verdict.name === 'pending') return verdict.visible?.candidate ?? null
  return verdict.name === 'unseen' ? candidateToReplace(splice.candidates) : null
}

/** The weight of a candidate's transaction, from its fee and feerate; 0 if they are not known. */
export function weightOf({ feeSats, feeRateSatPerKw }: Candidate): number {
  return feeSats === null || feeRateSatPerKw === null || feeRateSatPerKw === 0
    ? 0
    : Math.ceil((feeSats * 1_000) / feeRateSatPerKw)
}

/** Whether a bump has used up its attempts. */
export function isSpent(bump: Bump): boolean {
  return attemptsUsed(bump) >= BUMP_ATTEMPTS
}

/** Balance signals are rounded to whole satoshis, so a smaller change means nothing. */
const LEAST_MOVE_SATS = 2

/**
 * Whether the balance signals show that a replacement was signed since the bump's first attempt: it lowers the outbound
 * capacity by our part of the difference in fees, and so raises `reservedSats` (docs/reference/ldk.md 7.1, S3).
 * `mostSats` is the most that a replacement can cost; a larger change is Lightning traffic.
 */
export function balanceShowsReplacement(bump: Bump, balanceSignals: BalanceSignals | null, mostSats: number): boolean {
  const now = balanceSignals?.reservedSats ?? null
  const before = bump.baseline?.reservedSats ?? null
  if (now === null || before === null) return false
  return now - before >= LEAST_MOVE_SATS && now - before <= mostSats
}

/**
 * Attempts of bumps that may still take effect if no candidate of ours locks: not proven not executed, and
 * not followed by an attempt that was taken, because the node would have refused that one with another one
 * waiting. Seeing a replacement resolves nothing, because the peer makes replacements too. (If ours locks,
 * the overlap guard drops what is waiting.)
 */
export function unresolvedBumpAttempts({ bumps }: Pick<Splice, 'bumps'>): Attempt[] {
  const all = bumps.flatMap(({ attempts }) => attempts)
  const last = all.findLastIndex(({ result }) => result?.type === 'taken')
  return all.slice(Math.max(0, last)).filter(({ notExecuted }) => notExecuted === null)
}

/** Whether an attempt of a bump may have been taken without a replacement that accounts for it. */
export function hasUnaccountedBump({ bumps }: Pick<Splice, 'bumps'>): boolean {
  return bumps.some((bump) => {
    const accounted = bump.outcome?.result === 'done' ? 1 : 0
    return unresolvedBumpAttempts({ bumps: [bump] }).length > accounted
  })
}

/**
 * The last bump, if it was abandoned while its replacement may still be seen, because it was late or is
 * relayed after all.
 */
export function correctableBump({ bumps }: Pick<Splice, 'bumps'>): Bump | null {
  const last = bumps.at(-1)
  const code = last?.outcome?.code
  return last !== undefined && (code === 'not_relayed' || code === 'budget_spent') ? last : null
}
