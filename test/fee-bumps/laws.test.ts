import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBumpGates } from '../../core/decision/fee-bump-gates.ts'
import { classify } from '../../core/decision/classify.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import { isSpent, openBumpOf } from '../../core/splice/replacement.ts'
import { Splice as SpliceSchema, type Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { FUNDING, NOW, policy } from '../../harness/values.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'
import { aPendingSplice, SECOND } from '../../harness/records/bumps.ts'

const SPLICES_OWN = [
  'id',
  'state',
  'kind',
  'amountSats',
  'address',
  'script',
  'submittedOn',
  'baseline',
  'attempts',
  'attemptSerial',
  'candidates',
  'budget',
  'stopped',
  'failure',
  'nextAttemptAt',
  'quietSince',
  'inFlightAt',
  'leaseHeld',
  'epoch',
  'watch',
] as const

const states = fc.oneof(
  { weight: 9, arbitrary: fc.constant('pending' as const) },
  { weight: 1, arbitrary: fc.constantFrom('confirmed', 'settled', 'failed', 'needs_attention') },
)
const result = fc.oneof(
  fc.constant({ type: 'taken' as const }),
  fc.record({ type: fc.constant('unknown' as const), message: fc.string() }),
  fc.record({
    type: fc.constant('refused' as const),
    class: fc.constantFrom('not_now', 'not_now', 'not_now', 'config', 'in_flight', 'invalid'),
    message: fc.string(),
  }),
  fc.constant({
    type: 'refused' as const,
    class: 'not_now' as const,
    reason: 'CannotInitiateRbf' as const,
    message: '',
  }),
)
const move = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ move: fc.constant('open' as const), by: fc.constantFrom('client', 'policy') }),
  },
  { weight: 8, arbitrary: fc.record({ move: fc.constant('start' as const) }) },
  { weight: 6, arbitrary: fc.record({ move: fc.constant('answer' as const), back: fc.constant(0), result }) },
  { weight: 3, arbitrary: fc.record({ move: fc.constant('answer' as const), back: fc.nat(6), result }) },
  { weight: 2, arbitrary: fc.record({ move: fc.constant('done' as const) }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constant('abandon' as const) }) },
  { weight: 4, arbitrary: fc.record({ move: fc.constant('state' as const), state: states }) },
)
type Move = typeof move extends fc.Arbitrary<infer M> ? M : never

/** The gate `attempts` keeps the driver from a fourth attempt: nothing else of the situation matters here. */
function mayStart(splice: Splice): boolean {
  const observation = aPendingObservation()
  const verdict = classify(splice, observation, policy)
  const readings = readBumpGates({ splice, observation, verdict, now: NOW, policy })
  return splice.state === 'pending' && readings.some(({ name, shut }) => name === 'attempts' && shut === null)
}

function eventOf(splice: Splice, made: Move, serial: number, sent: string[]): SpliceEvent | null {
  switch (made.move) {
    case 'open':
      return {
        type: 'bump_opened',
        id: `bmp-${serial}`,
        by: made.by,
        bodyHash: '',
        feeRateSatPerKw: null,
        tipHeight: serial,
      }
    case 'start': {
      if (!mayStart(splice)) return null
      const id = `attempt-${serial}`
      sent.push(id)
      const baseline = { claimableSats: 0, reservedSats: 0 }
      return { type: 'bump_started', id, submittedOn: FUNDING, fenceMs: 1, baseline }
    }
    case 'answer': {
      const id = sent.at(-1 - made.back)
      return id === undefined ? null : { type: 'bump_answered', id, result: made.result, jitter: 0.5 }
    }
    case 'done':
      return { type: 'bump_done', txid: SECOND.txid }
    case 'abandon':
      return { type: 'bump_abandoned', code: 'x', message: 'x' }
    case 'state':
      return null
  }
}

function held(before: Splice, after: Splice): void {
  for (const key of SPLICES_OWN) expect(after[key], key).toEqual(before[key])
  expect(after.bumps.filter(({ outcome }) => outcome === null).length).toBeLessThanOrEqual(1)
  expect(after.bumps.length).toBeLessThanOrEqual(10)
  for (const bump of after.bumps) {
    const maybeTaken = bump.attempts.filter(({ result: known }) => known?.type !== 'refused')
    expect(maybeTaken.length).toBeLessThanOrEqual(3)
    expect(bump.attempts.length).toBeLessThanOrEqual(6)
    expect(new Set(bump.attempts.map(({ number }) => number)).size).toBe(bump.attempts.length)
    for (const attempt of bump.attempts) {
      expect(attempt.kind).toBe('bump')
      expect(attempt.notExecuted !== null).toBe(attempt.result?.type === 'refused')
    }
  }
  for (const [n, bump] of before.bumps.entries()) {
    expect(after.bumps[n]?.id).toBe(bump.id)
    if (bump.outcome !== null) expect(after.bumps[n]?.outcome).toEqual(bump.outcome)
  }
}

const ended = ({ bumps }: Splice): number => bumps.filter(({ outcome }) => outcome !== null).length
const saidOfBumps = ({ emitted: said, eventSerial }: Splice): number =>
  said.every((type) => type === 'splice.bumped' || type === 'splice.bump_failed') ? eventSerial : NaN

test('whatever order the events of bumps come in, the laws of bumps hold', () => {
  let [attempts, spent, full] = [0, 0, 0]
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 120, size: 'max' }), (moves) => {
      let splice = aPendingSplice()
      const sent: string[] = []
      for (const [serial, made] of moves.entries()) {
        if (made.move === 'state') splice = { ...splice, state: made.state }
        const event = eventOf(splice, made, serial, sent)
        if (event === null) continue
        const after = step(splice, event, { now: NOW + serial, policy }).splice
        held(splice, after)
        // An end of a bump is said exactly once.
        expect(saidOfBumps(after)).toBe(ended(after))
        splice = after
      }
      attempts += sent.length
      spent += splice.bumps.filter(isSpent).length
      full += splice.bumps.length === 10 ? 1 : 0
      SpliceSchema.parse({ ...splice, events: splice.events.slice(-20) })
    }),
    { numRuns: 300, seed: 20_261_130 },
  )
  // The walks reach the bounds that they are to keep.
  expect(attempts).toBeGreaterThan(1_000)
  expect(spent).toBeGreaterThan(50)
  expect(full).toBeGreaterThan(0)
})

test('a bump that ends is closed for good: nothing but a new one makes one open', () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 40, size: 'max' }), (moves) => {
      const opened = step(
        aPendingSplice(),
        { type: 'bump_opened', id: 'first', by: 'client', bodyHash: '', feeRateSatPerKw: null, tipHeight: 1 },
        { now: NOW, policy },
      ).splice
      let splice = step(opened, { type: 'bump_abandoned', code: 'x', message: 'x' }, { now: NOW, policy }).splice
      const sent: string[] = []
      for (const [serial, made] of moves.entries()) {
        if (made.move === 'open') continue
        const event = eventOf(splice, made, serial, sent)
        if (event !== null && event.type !== 'bump_started') splice = step(splice, event, { now: NOW, policy }).splice
        expect(openBumpOf(splice)).toBeNull()
      }
    }),
    { numRuns: 100, seed: 20_261_130 },
  )
})
