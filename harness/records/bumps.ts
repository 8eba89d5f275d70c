import type { Attempt, Bump, Splice } from '../../core/splice/splice.ts'
import { aSplicing } from '../transactions.ts'
import { FUNDING, NOW } from '../values.ts'
import { aCandidate, anAttempt, taken } from './attempts.ts'
import { aSubmittedSplice } from './splices.ts'

/** The transaction of {@link aPendingSplice}, and one that may take its place; each weighs 596. */
export const FIRST = aSplicing(FUNDING)

export const SECOND = aSplicing(FUNDING, 899_000)

/** One whose transaction, {@link FIRST} at 1000 sat/kw, waits in the mempool since the height 190. */
export function aPendingSplice(overrides: Partial<Splice> = {}): Splice {
  return aSubmittedSplice({
    state: 'pending',
    attempts: [anAttempt({ result: taken() })],
    candidates: [aCandidate({ txid: FIRST.txid, feeSats: 596, seenAtHeight: 190 })],
    ...overrides,
  })
}

/** An attempt of a bump, unanswered, whose fence has passed long ago. */
export function aBumpAttempt(overrides: Partial<Attempt> = {}): Attempt {
  const number = overrides.number ?? 1
  return anAttempt({ id: `bump-attempt-${number}`, number, kind: 'bump', ...overrides })
}

/** An open bump of {@link FIRST}, at the node's price, not asked for yet. */
export function aBump(overrides: Partial<Bump> = {}): Bump {
  return {
    id: 'bmp_1',
    by: 'client',
    bodyHash: 'body',
    feeRateSatPerKw: null,
    from: { txid: FIRST.txid, feeRateSatPerKw: 1_000 },
    attempts: [],
    attemptSerial: overrides.attempts?.length ?? 0,
    baseline: (overrides.attempts?.length ?? 0) > 0 ? { claimableSats: 0, reservedSats: 0 } : null,
    quietSince: null,
    lastLookAt: null,
    inFlightAt: null,
    nextAttemptAt: null,
    openedAt: NOW - 60_000,
    openedAtHeight: 195,
    outcome: null,
    ...overrides,
  }
}

/** The same, ended. */
export function anEndedBump(result: 'done' | 'abandoned', overrides: Partial<Bump> = {}): Bump {
  const txid = result === 'done' ? SECOND.txid : null
  return aBump({ id: 'bmp_0', outcome: { result, code: 'x', message: 'x', txid, at: NOW - 1 }, ...overrides })
}
