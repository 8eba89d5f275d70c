import type { Attempt, Candidate, Splice } from '../../core/splice/splice.ts'
import { NOW } from './values.ts'
import { aSplice } from '../records/splices.ts'
import { aSpliceId, aTxid } from '../values.ts'

const FUNDING = `${aTxid('f')}:0`
const DAY = 86_400_000

const attempt: Attempt = {
  id: 'a',
  number: 1,
  kind: 'submit',
  submittedOn: FUNDING,
  startedAt: NOW + 2_000,
  fenceAt: NOW + 122_000,
  steps: [],
  result: { type: 'taken', at: NOW + 3_000 },
  notExecuted: null,
  seenDisconnectedAt: null,
  count: 1,
}

const candidate: Candidate = {
  txid: aTxid('2'),
  spends: FUNDING,
  feeSats: 620,
  feeRateSatPerKw: 1_000,
  seenAt: NOW + 20_000,
  seenAtHeight: 208,
  block: null,
}

/** The nth splice of acme, live, and due in a day. */
function aLive(n: number, overrides: Partial<Splice>): Splice {
  return aSplice({
    id: aSpliceId(n),
    generation: 4,
    submittedOn: FUNDING,
    events: [{ n: 1, type: 'splice.accepted', at: NOW, epoch: 0 }],
    eventSerial: 1,
    createdAt: NOW + n,
    updatedAt: NOW + 60_000,
    dueAt: NOW + DAY,
    timeline: [{ at: NOW, status: 'queued', why: 'accepted', count: 1 }],
    ...overrides,
  })
}

/** A splice that waits for its channel's peer; nothing was submitted. */
export function queued(n: number, overrides: Partial<Splice> = {}): Splice {
  return aLive(n, {
    submittedOn: null,
    waitingFor: { code: 'peer', message: 'Waiting for the peer to connect.' },
    ...overrides,
  })
}

/** A splice whose only attempt may have been taken. */
export function submitted(n: number, overrides: Partial<Splice> = {}): Splice {
  return aLive(n, {
    state: 'submitted',
    attempts: [{ ...attempt, result: { type: 'unknown', message: 'timed out', at: NOW } }],
    attemptSerial: 1,
    waitingFor: { code: 'quiet', message: 'Waiting for three minutes of quiet on the channel.' },
    leaseHeld: true,
    ...overrides,
  })
}

/** A splice whose transaction waits, at 4 sat/vB under a ceiling of 20. */
export function pending(n: number, overrides: Partial<Splice> = {}): Splice {
  return aLive(n, {
    state: 'pending',
    attempts: [attempt],
    attemptSerial: 1,
    candidates: [candidate],
    leaseHeld: true,
    waitingFor: { code: 'confirmation', message: 'Waiting for the transaction to confirm.' },
    timeline: [
      { at: NOW, status: 'queued', why: 'accepted', count: 1 },
      { at: NOW + 2_000, status: 'submitted', why: 'journalled, about to be sent', count: 1 },
      { at: NOW + 20_000, status: 'pending', why: 'a transaction of this splice was seen', count: 1 },
    ],
    ...overrides,
  })
}

/** A splice that cannot be decided, with an attempt that may have been taken. */
export function inNeed(n: number, overrides: Partial<Splice> = {}): Splice {
  return submitted(n, {
    state: 'needs_attention',
    attention: { code: 'deadline', message: 'The deadline passed while an attempt may still take effect.' },
    waitingFor: null,
    ...overrides,
  })
}

/** A splice that settled. */
export function settled(n: number, overrides: Partial<Splice> = {}): Splice {
  return pending(n, {
    state: 'settled',
    candidates: [{ ...candidate, block: { height: 203, hash: aTxid('b') } }],
    waitingFor: null,
    lockedAt: NOW + 50_000,
    settledAt: NOW + 60_000,
    leaseHeld: false,
    watch: null,
    publishedThrough: 1,
    dueAt: null,
    ...overrides,
  })
}
