import { describe, expect, test } from 'vitest'
import { FailureReason, RefusalClass } from '../../../core/splice/failure.ts'
import { CommandResult, NonExecutionProof, EventType, Proof, Splice, SpliceState } from '../../../core/splice/splice.ts'
import { Network } from '../../../core/bitcoin/network.ts'
import { aTxid, FUNDING, NOW } from '../../../harness/values.ts'
import { aBump, aBumpAttempt, anEndedBump } from '../../../harness/records/bumps.ts'
import { aCandidate, anAttempt } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'

const reads = (overrides: Partial<Splice>): boolean => Splice.safeParse(aSubmittedSplice(overrides)).success
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const bumped = (attempts: number) => aBump({ attempts: many(attempts, (n) => aBumpAttempt({ number: n + 1 })) })
const answered = (result: CommandResult) => ({ attempts: [anAttempt({ result: { ...result, at: NOW } })] })
const line = { at: NOW, status: 'queued', why: 'x', count: 1 } as const
const said = { type: 'splice.anomaly', at: NOW, epoch: 0 } as const
const outcome = { result: 'done', code: 'x', message: 'x', txid: null, at: NOW } as const

describe('a record holds at most', () => {
  test.each<[string, number, (count: number) => Partial<Splice>]>([
    ['attempts', 20, (count) => ({ attempts: many(count, (n) => anAttempt({ number: n + 1 })) })],
    ['steps of an attempt', 12, (n) => ({ attempts: [anAttempt({ steps: many(n, () => ({ name: 'x', at: 1 })) })] })],
    ['fee bumps', 10, (count) => ({ bumps: many(count, () => aBump()) })],
    ['attempts of a fee bump', 6, (count) => ({ bumps: [bumped(count)] })],
    ['candidates', 20, (count) => ({ candidates: many(count, () => aCandidate()) })],
    ['outpoints of its funding history', 50, (count) => ({ fundingHistory: many(count, () => FUNDING) })],
    ['lines of its timeline', 50, (count) => ({ timeline: many(count, () => line) })],
    ['events', 60, (count) => ({ events: many(count, (n) => ({ n: n + 1, ...said })) })],
    ['characters of a line', 300, (count) => ({ timeline: [{ ...line, why: 'x'.repeat(count) }] })],
    [
      'characters of an outcome',
      300,
      (count) => ({ bumps: [aBump({ outcome: { ...outcome, message: 'x'.repeat(count) } })] }),
    ],
    [
      'characters of a refusal',
      200,
      (count) => answered({ type: 'refused', class: 'not_now', message: 'x'.repeat(count) }),
    ],
    ['characters of an unknown answer', 200, (n) => answered({ type: 'unknown', message: 'x'.repeat(n) })],
    ['attempts in its budget', 100, (maxAttempts) => ({ budget: { ...aSubmittedSplice().budget, maxAttempts } })],
    ['satoshis that will ever be', 2_100_000_000_000_000, (amountSats) => ({ amountSats })],
  ])('%s: %i', (_says, limit, holding) => {
    expect(reads(holding(limit))).toBe(true)
    expect(reads(holding(limit + 1))).toBe(false)
  })
})

describe('a record is refused', () => {
  test.each<[string, Partial<Splice>]>([
    ['with an amount of nothing', { amountSats: 0 }],
    ['with part of a satoshi', { amountSats: 1.5 }],
    ['with a budget of no attempt', { budget: { ...aSubmittedSplice().budget, maxAttempts: 0 } }],
    ['without a funding history', { fundingHistory: [] }],
    ['with an funding outpoint that is no outpoint', { submittedOn: aTxid('a') }],
    ['with a candidate that is no transaction', { candidates: [aCandidate({ txid: 'a' })] }],
    ['with a time before all times', { dueAt: -1 }],
    ['with an attempt that stands for none', { attempts: [anAttempt({ count: 0 })] }],
  ])('%s', (_says, overrides) => expect(reads(overrides)).toBe(false))
})

const FULL = aSubmittedSplice({
  network: 'signet',
  userChannelId: 'user-1',
  notBefore: 1,
  autoBumpAfterBlocks: 2,
  metadata: { order: '42' },
  unspentThroughHeight: 3,
  baseline: { claimableSats: 4, reservedSats: -5 },
  attempts: [
    anAttempt({
      steps: [{ name: 'update', at: 6, txid: aTxid('1') }],
      result: { type: 'refused', class: 'invalid', reason: 'ContributionInvalid', message: 'no', at: 7 },
      notExecuted: { proof: 'refused', at: 8 },
      seenDisconnectedAt: 9,
    }),
    anAttempt({ number: 2, result: { type: 'taken', txid: aTxid('2'), at: 10 } }),
  ],
  candidates: [aCandidate({ seenAtHeight: 11, block: { height: 12, hash: aTxid('3') } })],
  bumps: [
    anEndedBump('done'),
    aBump({
      by: 'policy',
      feeRateSatPerKw: 13,
      attempts: [aBumpAttempt()],
      quietSince: 14,
      lastLookAt: 15,
      inFlightAt: 16,
      nextAttemptAt: 17,
    }),
  ],
  reorgedAtHeight: 18,
  unseenSinceHeight: 19,
  foreignSinceHeight: 20,
  lockedAt: 21,
  quietSince: 22,
  lastLookAt: 23,
  inFlightAt: 24,
  nextAttemptAt: 25,
  cancelRequestedAt: 26,
  stopped: { code: 'over', message: 'over', at: 27 },
  failure: { code: 'failure', message: 'failure', proof: 'operator' },
  attention: { code: 'attention', message: 'attention' },
  waitingFor: { code: 'waiting', message: 'waiting' },
  watch: { from: FUNDING, untilHeight: 28 },
  anomaly: { txid: aTxid('4'), at: 29 },
  events: [{ n: 1, ...said }],
  eventSerial: 1,
  emitted: ['splice.anomaly'],
  timeline: [line],
  settledAt: 30,
})

test('what is written is read again as it was, down to the last field', () => {
  expect(Splice.parse(FULL)).toEqual(FULL)
})

test('a record from before a field was there is read, with the field empty', () => {
  const empty = { autoBumpAfterBlocks: null, unspentThroughHeight: null, bumps: [], reorgedAtHeight: null }
  const old = Object.fromEntries(Object.entries(FULL).filter(([field]) => !(field in empty)))
  expect(Splice.parse(old)).toEqual({ ...FULL, ...empty })
})

describe('a word that was ever stored can always be read', () => {
  test.each<[string, { readonly options: readonly string[] }, string]>([
    ['networks', Network, 'bitcoin testnet testnet4 signet regtest'],
    ['states', SpliceState, 'queued submitted pending confirmed settled failed cancelled needs_attention'],
    ['classes of refusals', RefusalClass, 'invalid config not_now in_flight'],
    ['proofs', Proof, 'never_taken none_executed funding_spent channel_closed operator'],
    [
      'proofs of death',
      NonExecutionProof,
      'refused channel_closed conflict_final operator process_restarted overlap_guard quiet_absence ' +
        'no_return_not_reached disconnected_since single_commitment node_idle',
    ],
    [
      'reasons',
      FailureReason,
      'Unknown PeerDisconnected CounterpartyAborted NegotiationError ContributionInvalid LocallyCanceled ' +
        'ChannelClosing FeeRateTooLow CannotInitiateRbf',
    ],
    [
      'events',
      EventType,
      'splice.accepted splice.submitted splice.pending splice.confirmed splice.settled splice.failed ' +
        'splice.cancelled splice.needs_attention splice.reorged splice.corrected splice.bumped ' +
        'splice.bump_failed splice.anomaly',
    ],
  ])('%s', (_says, { options }, words) => expect(options).toEqual(expect.arrayContaining(words.split(' '))))
})
