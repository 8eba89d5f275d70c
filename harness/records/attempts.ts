import type { Attempt, Candidate } from '../../core/splice/splice.ts'
import { ACCEPTED_AT, FUNDING, NOW, aTxid } from '../values.ts'

/** An unanswered attempt whose fence has passed long ago. */
export function anAttempt(overrides: Partial<Attempt> = {}): Attempt {
  const number = overrides.number ?? 1
  return {
    id: `attempt-${number}`,
    number,
    kind: 'submit',
    submittedOn: FUNDING,
    startedAt: ACCEPTED_AT,
    fenceAt: ACCEPTED_AT + 120_000,
    steps: [],
    result: { type: 'unknown', message: '', at: ACCEPTED_AT + 1_000 },
    notExecuted: null,
    seenDisconnectedAt: null,
    count: 1,
    ...overrides,
  }
}

export function aNotExecutedAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return anAttempt({ notExecuted: { proof: 'process_restarted', at: NOW - 1 }, ...overrides })
}

export function aRefusedAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return anAttempt({
    result: { type: 'refused', class: 'not_now', message: 'not now', at: ACCEPTED_AT + 1_000 },
    notExecuted: { proof: 'refused', at: ACCEPTED_AT + 1_000 },
    ...overrides,
  })
}

export function taken(at = ACCEPTED_AT + 1_000): Attempt['result'] {
  return { type: 'taken', at }
}

export function aCandidate(overrides: Partial<Candidate> = {}): Candidate {
  return {
    txid: aTxid('c'),
    spends: FUNDING,
    feeSats: 300,
    feeRateSatPerKw: 1_000,
    seenAt: NOW - 1,
    seenAtHeight: null,
    block: null,
    ...overrides,
  }
}
