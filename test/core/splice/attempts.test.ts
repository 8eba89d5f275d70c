import { describe, expect, test } from 'vitest'
import { afterReason, FailureReason } from '../../../core/splice/failure.ts'
import { SpliceState, type Attempt, type CommandResult, type Splice } from '../../../core/splice/splice.ts'
import { step } from '../../../core/splice/step.ts'
import { transitions } from '../../../core/splice/transitions.ts'
import { aTxid, FUNDING, context, NOW, policy } from '../../../harness/values.ts'
import {
  aCandidate,
  aNotExecutedAttempt,
  anAttempt,
  aRefusedAttempt,
  taken,
} from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'

const ELSEWHERE = `${aTxid('9')}:1`

function refused(refusal: 'invalid' | 'config' | 'not_now' | 'in_flight', message = 'no'): CommandResult {
  return { type: 'refused', class: refusal, message }
}

function answer(splice: Splice, result: CommandResult, id = 'attempt-1', overlapGuard = true, jitter = 0.5) {
  return step(splice, { type: 'attempt_answered', id, result, overlapGuard, jitter }, context)
}

const waiting = (attempts: Attempt[] = [anAttempt({ result: null })]): Splice => aSubmittedSplice({ attempts })

describe('to journal an attempt', () => {
  const start = (splice: Splice, submittedOn = FUNDING, fenceMs: number | null = 120_000) => {
    const baseline = { claimableSats: 1, reservedSats: 2 }
    return step(splice, { type: 'attempt_started', id: 'new', submittedOn: submittedOn, fenceMs, baseline }, context)
  }

  test('it is unanswered, with its funding outpoint, its fence and the baseline of its signs', () => {
    const { splice, actions } = start(aLiveSplice({ quietSince: 1, lastLookAt: 1, nextAttemptAt: 1 }))
    expect(actions).toEqual([])
    expect(splice).toMatchObject({
      state: 'submitted',
      submittedOn: FUNDING,
      baseline: { claimableSats: 1, reservedSats: 2 },
      attemptSerial: 1,
      leaseHeld: true,
      quietSince: null,
      lastLookAt: null,
      nextAttemptAt: null,
    })
    expect(splice.attempts).toMatchObject([
      {
        id: 'new',
        number: 1,
        startedAt: NOW,
        fenceAt: NOW + 120_000,
        result: null,
        notExecuted: null,
        count: 1,
      },
    ])
    expect(splice.events.map((event) => event.type)).toEqual(['splice.submitted'])
  })

  test('without a fence there is none', () => {
    expect(start(aLiveSplice(), FUNDING, null).splice.attempts[0]?.fenceAt).toBeNull()
  })

  test('with another alive, the baseline and the funding outpoint stay', () => {
    const { splice } = start(aSubmittedSplice())
    expect(splice.baseline).toEqual({ claimableSats: 0, reservedSats: 0 })
    expect(splice.attempts.map((attempt) => attempt.number)).toEqual([1, 2])
    expect(() => start(aSubmittedSplice(), ELSEWHERE)).toThrow('every attempt is proven not executed')
  })

  test('with every other dead, both are taken anew, and the record says so', () => {
    const { splice } = start(aSubmittedSplice({ attempts: [aNotExecutedAttempt()] }), ELSEWHERE)
    expect(splice).toMatchObject({ submittedOn: ELSEWHERE, baseline: { claimableSats: 1, reservedSats: 2 } })
    expect(splice.timeline.at(-1)?.why).toBe('attempt 2 on a new funding outpoint')
  })

  test('a new funding outpoint is one that was not the funding outpoint before', () => {
    const why = (splice: Splice) => start(splice).splice.timeline.at(-1)?.why
    expect(why(aLiveSplice())).toBe('attempt 1')
    expect(why(aSubmittedSplice({ attempts: [aNotExecutedAttempt()] }))).toBe('attempt 2')
  })

  test('a resubmission is no second outcome', () => {
    const first = start(aLiveSplice()).splice
    expect(start(first).splice.events).toHaveLength(1)
  })
})

describe('an answer is attached to its attempt in whatever state it comes', () => {
  const notExecuted = { notExecuted: { proof: 'operator', at: 1 }, result: null } as const
  for (const state of SpliceState.options) {
    test.each<CommandResult>([{ type: 'taken' }, { type: 'unknown', message: 'lost' }, refused('not_now')])(
      `${state}: $type`,
      (result) => {
        const splice = aSubmittedSplice({
          state,
          attempts: [anAttempt({ ...notExecuted }), anAttempt({ number: 2 })],
        })
        const { splice: answered, actions } = answer(splice, result)
        expect(answered.attempts.find((attempt) => attempt.id === 'attempt-1')?.result?.type).toBe(result.type)
        expect(answered.state).toBe(state)
        expect(actions).toEqual([])
        expect(transitions[state].attempt_answered).toBeDefined()
      },
    )
  }

  test.each<[string, Attempt['result'], CommandResult, string]>([
    ['taken stays taken', taken(), refused('invalid'), 'taken'],
    ['refused stays refused', aRefusedAttempt().result, { type: 'taken' }, 'refused'],
    ['unknown becomes taken', anAttempt().result, { type: 'taken' }, 'taken'],
    ['unknown becomes refused', anAttempt().result, refused('not_now'), 'refused'],
  ])('%s', (_says, before, after, expected) => {
    const { splice } = answer(waiting([anAttempt({ result: before })]), after)
    expect(splice.attempts[0]?.result?.type).toBe(expected)
  })

  test.each(SpliceState.options)('a refusal of the only one lets it wait again, but ends nothing: %s', (state) => {
    const splice = aSubmittedSplice({ state, attempts: [anAttempt({ result: null })] })
    const answered = answer(splice, refused('not_now')).splice
    expect(answered.state).toBe(state === 'submitted' ? 'queued' : state)
    expect(answered.timeline).toHaveLength(state === 'submitted' ? 1 : 0)
  })

  test('only "not now" means something else while another one is alive', () => {
    const two = waiting([anAttempt(), anAttempt({ number: 2, result: null })])
    const result = (given: CommandResult) => answer(two, given, 'attempt-2', false).splice.attempts[1]?.result
    expect(result({ type: 'taken' })).toEqual({ type: 'taken', at: NOW })
    expect(result(refused('invalid'))).toMatchObject({ class: 'invalid' })
    expect(result(refused('config'))).toMatchObject({ class: 'config' })
  })

  test('an answer to an attempt that is not in the record is counted and ignored', () => {
    const splice = waiting()
    const answered = answer(splice, { type: 'taken' }, 'somebody else')
    expect(answered).toEqual({ splice, actions: [{ type: 'ignored', event: 'attempt_answered' }] })
  })

  test('the time of the answer and its txid are kept; a long text is cut, and made plain', () => {
    const known = answer(waiting(), { type: 'taken', txid: aTxid('9') }).splice
    expect(known.attempts[0]?.result).toEqual({ type: 'taken', txid: aTxid('9'), at: NOW })
    const long = answer(waiting(), { type: 'unknown', message: '€\n' + 'x'.repeat(500) }).splice
    expect(long.attempts[0]?.result).toMatchObject({ message: '??' + 'x'.repeat(118) })
  })
})

describe('a refusal', () => {
  test('kills its attempt, backs off, and leaves the splice queued', () => {
    const { splice } = answer(waiting(), refused('not_now'))
    expect(splice).toMatchObject({
      state: 'queued',
      stopped: null,
      nextAttemptAt: NOW + 15_000,
      inFlightAt: null,
      attempts: [{ notExecuted: { proof: 'refused', at: NOW }, count: 1 }],
    })
  })

  test('with another attempt alive, the splice stays submitted, and something is in flight', () => {
    const { splice } = answer(
      waiting([anAttempt(), anAttempt({ number: 2, result: null })]),
      refused('not_now'),
      'attempt-2',
    )
    expect(splice.state).toBe('submitted')
    expect(splice.inFlightAt).toBe(NOW)
    expect(splice.attempts[1]?.result).toMatchObject({ class: 'in_flight' })
  })

  test('with every other one dead, "not now" means just that', () => {
    const attempts = [aNotExecutedAttempt(), anAttempt({ number: 2, result: null })]
    const { splice } = answer(waiting(attempts), refused('not_now'), 'attempt-2')
    expect(splice.attempts[1]?.result).toMatchObject({ class: 'not_now' })
    expect(splice.inFlightAt).toBeNull()
  })

  test('refusals of one class are one row with a count; another class is another row', () => {
    const rows = [
      aRefusedAttempt({ count: 4 }),
      aNotExecutedAttempt({ number: 2 }),
      anAttempt({ number: 3, result: null }),
    ]
    const merged = answer(waiting(rows), refused('not_now'), 'attempt-3').splice
    expect(merged.attempts.map(({ number, count }) => [number, count])).toEqual([
      [2, 1],
      [3, 5],
    ])
    expect(merged.nextAttemptAt, 'backed off by the count').toBe(NOW + 30_000 * 16 * 0.5)
    const apart = answer(waiting(rows), refused('config'), 'attempt-3').splice
    expect(apart.attempts.map(({ number, count }) => [number, count])).toEqual([
      [1, 4],
      [2, 1],
      [3, 1],
    ])
  })

  test('what an earlier one announced stays known: the node may have it in flight, unsigned', () => {
    const step = { name: 'splice_update', at: NOW, txid: 'a'.repeat(64) }
    const rows = [aRefusedAttempt({ steps: [step] }), anAttempt({ number: 2, result: null })]
    const { splice } = answer(waiting(rows), refused('not_now'), 'attempt-2')
    expect(splice.attempts).toMatchObject([{ number: 2, count: 2, steps: [step] }])
  })

  test('one that is not answered yet is no refusal to count with', () => {
    const attempts = [anAttempt({ result: null }), anAttempt({ number: 2, result: null })]
    const { splice } = answer(waiting(attempts), refused('not_now'), 'attempt-2')
    expect(splice.attempts.map(({ number, count }) => [number, count])).toEqual([
      [1, 1],
      [2, 1],
    ])
  })

  test('invalid: no further attempt is made', () => {
    const { splice, actions } = answer(waiting(), refused('invalid', 'dust'))
    expect(splice.stopped).toEqual({ code: 'invalid', message: 'dust', at: NOW })
    expect(actions).toEqual([])
  })

  test('config: the node is paused, and the splice waits', () => {
    const { splice, actions } = answer(waiting(), refused('config', 'bad key'))
    expect(actions).toEqual([{ type: 'pause_node', message: 'bad key' }])
    expect(splice).toMatchObject({ state: 'queued', stopped: null })
  })

  test.each(FailureReason.options)('for the reason %s', (reason) => {
    const { splice } = answer(waiting(), { type: 'refused', class: 'not_now', reason, message: 'no' })
    expect(splice.stopped?.code ?? null).toBe(afterReason[reason].then === 'stop' ? reason : null)
  })
})

describe('a later submission that was taken proves the earlier ones dead', () => {
  const two = [anAttempt(), anAttempt({ number: 2, result: null }), anAttempt({ number: 3 })]
  const rules = (splice: Splice) => splice.attempts.map((attempt) => attempt.notExecuted?.proof ?? null)

  test('on a node with the overlap guard, for a splice-out, and the earlier ones only', () => {
    expect(rules(answer(waiting(two), { type: 'taken' }, 'attempt-2').splice)).toEqual(['overlap_guard', null, null])
  })

  test('not without the guard', () => {
    expect(rules(answer(waiting(two), { type: 'taken' }, 'attempt-2', false).splice)).toEqual([null, null, null])
  })

  test('not for a splice-in', () => {
    const splice: Splice = { ...waiting(two), kind: 'splice_in' }
    expect(rules(answer(splice, { type: 'taken' }, 'attempt-2').splice)).toEqual([null, null, null])
  })

  test('not where the answer is unknown', () => {
    expect(rules(answer(waiting(two), { type: 'unknown', message: '' }, 'attempt-2').splice)).toEqual([
      null,
      null,
      null,
    ])
  })

  test('not by an unknown answer that comes after one taken, which a node without the guard may have given', () => {
    const attempts = [anAttempt(), anAttempt({ number: 2, result: taken() }), anAttempt({ number: 3, result: null })]
    const { splice } = answer(waiting(attempts), { type: 'unknown', message: '' }, 'attempt-3')
    expect(rules(splice)).toEqual([null, null, null])
  })

  test('one that is dead already keeps its proof', () => {
    const attempts = [aNotExecutedAttempt(), anAttempt({ number: 2, result: null })]
    expect(rules(answer(waiting(attempts), { type: 'taken' }, 'attempt-2').splice)).toEqual(['process_restarted', null])
  })
})

describe('a reason that the node reports', () => {
  const hear = (splice: Splice, reason: FailureReason, at = NOW) => {
    const { splice: heard, actions } = step(splice, { type: 'reason_heard', reason, at }, context)
    expect(actions).toEqual([])
    return heard
  }
  const started = anAttempt({ startedAt: NOW - 10 })

  test.each(FailureReason.options)('%s', (reason) => {
    const heard = hear(waiting([started]), reason)
    const then = afterReason[reason].then
    expect(heard.stopped?.code ?? null).toBe(then === 'stop' ? reason : null)
    expect(heard.inFlightAt).toBe(then === 'in_flight' ? NOW : null)
    expect(heard.state).toBe('submitted')
    expect(heard.attempts).toEqual([started])
    expect(heard.timeline.map((line) => line.why)).toContain(`the node reported ${reason}`)
  })

  const later = anAttempt({ number: 2, startedAt: NOW - 5 })
  test.each<[string, Splice, number, boolean]>([
    ['before the attempt started', waiting([started]), NOW - 11, false],
    ['when it started', waiting([started]), NOW - 10, false],
    ['just after it started', waiting([started]), NOW - 9, true],
    ['after the first but before the second', waiting([started, later]), NOW - 6, false],
    ['with every attempt dead', waiting([aNotExecutedAttempt({ startedAt: NOW - 10 })]), NOW, false],
    ['with a candidate seen', { ...waiting([started]), candidates: [aCandidate()] }, NOW, false],
  ])('%s', (_says, splice, at, counts) => {
    const heard = hear(splice, 'CounterpartyAborted', at)
    expect(heard.stopped !== null).toBe(counts)
    if (!counts) expect(heard).toBe(splice)
  })

  test('the first one that ends submitting stands', () => {
    const first = hear(waiting([started]), 'ChannelClosing')
    expect(hear(first, 'LocallyCanceled').stopped?.code).toBe('ChannelClosing')
  })
})

describe('a retry that an operator allows', () => {
  const attended = (overrides: Partial<Splice> = {}): Splice =>
    aSubmittedSplice({
      state: 'needs_attention',
      attention: { code: 'unproven', message: '' },
      stopped: { code: 'deadline', message: '', at: 1 },
      cancelRequestedAt: 1,
      foreignSinceHeight: 7,
      nextAttemptAt: NOW + 1,
      ...overrides,
    })
  const retry = (splice: Splice, deadline: number | null = null) =>
    step(splice, { type: 'retry_requested', attempts: 2, deadline }, context)

  test('goes on where an attempt is alive, or waits for its turn', () => {
    expect(retry(attended()).splice.state).toBe('submitted')
    expect(retry(attended()).actions).toEqual([])
    expect(retry(attended({ attempts: [aNotExecutedAttempt()] })).splice.state).toBe('queued')
    expect(retry(attended()).splice).toMatchObject({
      stopped: null,
      cancelRequestedAt: null,
      attention: null,
      foreignSinceHeight: null,
      nextAttemptAt: null,
      budget: { maxAttempts: 3 },
    })
  })

  test.each([
    ['one that has not passed stays', NOW + 1, null, NOW + 1],
    ['one that passes now moves a day on', NOW, null, NOW + 86_400_000],
    ['the one given counts', NOW + 1, NOW + 5, NOW + 5],
  ])('the deadline: %s', (_says, before, asked, after) => {
    const splice = attended({ budget: { ...aLiveSplice().budget, deadline: before } })
    expect(retry(splice, asked).splice.budget.deadline).toBe(after)
  })

  test('is ignored once a candidate was seen, and in any other state', () => {
    const seen = attended({ candidates: [aCandidate()] })
    expect(retry(seen)).toEqual({ splice: seen, actions: [{ type: 'ignored', event: 'retry_requested' }] })
    for (const state of SpliceState.options.filter((other) => other !== 'needs_attention'))
      expect(retry(attended({ state })).actions, state).toEqual([{ type: 'ignored', event: 'retry_requested' }])
  })
})

describe('a record that came out of a backup', () => {
  const restore = (splice: Splice, fenceMs: number | null = 120_000) => {
    const event = { type: 'restored', generation: 4, id: 'r', submittedOn: ELSEWHERE, fenceMs } as const
    return step(splice, event, { now: NOW, policy })
  }

  test('gets an attempt that stands for whatever was submitted since, and needs attention', () => {
    const { splice, actions } = restore(aLiveSplice())
    expect(splice).toMatchObject({
      state: 'needs_attention',
      generation: 4,
      submittedOn: ELSEWHERE,
      attention: { code: 'restored' },
      attempts: [
        {
          id: 'r',
          submittedOn: ELSEWHERE,
          fenceAt: NOW + 120_000,
          result: { type: 'unknown' },
          notExecuted: null,
        },
      ],
    })
    expect(splice.events.map(({ type }) => type)).toEqual(['splice.needs_attention'])
    expect(actions).toMatchObject([{ type: 'alarm' }])
  })

  test('on a node without a fence, nobody hung up: no quiet proves that attempt dead', () => {
    const { splice } = restore(aLiveSplice(), null)
    expect(splice.attempts).toMatchObject([{ id: 'r', fenceAt: null, result: null, notExecuted: null }])
  })

  test('in a record with room, nothing is dropped for it', () => {
    const { splice } = restore(aSubmittedSplice({ attempts: [aNotExecutedAttempt()] }))
    expect(splice.attempts.map(({ number }) => number)).toEqual([1, 2])
  })

  test('in a record that is full of attempts, a dead row makes room for it', () => {
    const attempts = Array.from({ length: 20 }, (_, n) =>
      n === 3 ? aNotExecutedAttempt({ number: 4 }) : anAttempt({ number: n + 1 }),
    )
    const numbers = restore(aSubmittedSplice({ attempts, attemptSerial: 20 })).splice.attempts.map(
      ({ number }) => number,
    )
    expect(numbers).toHaveLength(20)
    expect(numbers).not.toContain(4)
    expect(numbers.at(-1)).toBe(21)
  })

  test('keeps its funding outpoint while an attempt is alive, and moves it where all are dead', () => {
    expect(restore(aSubmittedSplice()).splice).toMatchObject({
      submittedOn: FUNDING,
      attempts: [{ submittedOn: FUNDING }, { submittedOn: FUNDING }],
    })
    expect(restore(aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })).splice.submittedOn).toBe(ELSEWHERE)
  })
})
