import { describe, expect, test } from 'vitest'
import { SpliceState, type Bump, type Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST, SECOND } from '../../harness/records/bumps.ts'
import { aCandidate, aRefusedAttempt } from '../../harness/records/attempts.ts'
import { context, NOW } from '../../harness/values.ts'
import { answer, asked, newest, refused, said, starting } from '../../harness/records/bump-steps.ts'

const opening = (overrides = {}) => ({
  type: 'bump_opened' as const,
  id: 'bmp_2',
  by: 'client' as const,
  bodyHash: 'body',
  feeRateSatPerKw: null,
  tipHeight: 200,
  ...overrides,
})

describe('a bump is opened', () => {
  test('of the newest candidate, with nothing sent yet, and a line in the timeline', () => {
    const candidates = [aCandidate({ txid: FIRST.txid }), aCandidate({ txid: SECOND.txid, feeRateSatPerKw: 1_500 })]
    const { splice, actions } = step(aPendingSplice({ candidates }), opening({ feeRateSatPerKw: 2_000 }), context)
    expect(actions).toEqual([])
    expect(splice.bumps).toEqual([
      aBump({
        id: 'bmp_2',
        feeRateSatPerKw: 2_000,
        from: { txid: SECOND.txid, feeRateSatPerKw: 1_500 },
        openedAt: NOW,
        openedAtHeight: 200,
      }),
    ])
    expect(splice.timeline.at(-1)).toMatchObject({
      at: NOW,
      status: 'pending',
      why: 'a fee bump was requested',
    })
    expect(said(splice)).toEqual([])
  })

  test('of the best paying one, where the newest pays less', () => {
    const candidates = [
      aCandidate({ txid: FIRST.txid, feeRateSatPerKw: 2_000 }),
      aCandidate({ txid: SECOND.txid, feeRateSatPerKw: 1_500 }),
    ]
    const { splice } = step(aPendingSplice({ candidates }), opening(), context)
    expect(newest(splice).from).toEqual({ txid: FIRST.txid, feeRateSatPerKw: 2_000 })
  })

  test.each<[string, Partial<Splice>]>([
    ['while another is open', { bumps: [aBump()] }],
    ['without a candidate', { candidates: [] }],
    ['after ten', { bumps: Array.from({ length: 10 }, (_, n) => anEndedBump('done', { id: `b${n}` })) }],
  ])('not %s', (_says, overrides) => {
    const splice = aPendingSplice(overrides)
    expect(step(splice, opening(), context)).toEqual({
      splice,
      actions: [{ type: 'ignored', event: 'bump_opened' }],
    })
  })

  test('the tenth is opened', () => {
    const nine = Array.from({ length: 9 }, (_, n) => anEndedBump('abandoned', { id: `b${n}` }))
    expect(step(aPendingSplice({ bumps: nine }), opening(), context).splice.bumps).toHaveLength(10)
  })

  test.each(SpliceState.options.filter((state) => state !== 'pending'))(
    'of one that is %s: ignored, as is an attempt',
    (state) => {
      const splice = aPendingSplice({ state, bumps: [aBump()] })
      for (const event of [opening(), starting()])
        expect(step(splice, event, context)).toEqual({
          splice,
          actions: [{ type: 'ignored', event: event.type }],
        })
    },
  )
})

describe('an attempt is journalled before it is sent', () => {
  test('as the bump’s own: neither the splice’s attempts, nor its lease, nor its state change', () => {
    const before = aPendingSplice({ bumps: [anEndedBump('abandoned'), aBump({ nextAttemptAt: NOW - 1 })] })
    const { splice, actions } = step(before, starting(), context)
    expect(actions).toEqual([])
    expect(newest(splice)).toEqual(
      aBump({
        attempts: [aBumpAttempt({ id: 'b', startedAt: NOW, fenceAt: NOW + 120_000, result: null })],
        attemptSerial: 1,
        baseline: { claimableSats: 5, reservedSats: 6 },
      }),
    )
    const { bumps, timeline, ...rest } = before
    expect(splice).toMatchObject(rest)
    expect(splice.bumps[0]).toEqual(bumps[0])
    expect(splice.timeline.slice(timeline.length).map(({ why }) => why)).toEqual(['fee bump: attempt 1'])
  })

  test('a later one is numbered on, keeps the first baseline, and starts quiet anew', () => {
    const before = asked({ quietSince: NOW - 200_000, lastLookAt: NOW - 1 })
    const bump = newest(step(before, starting({ fenceMs: null }), context).splice)
    expect(bump).toMatchObject({
      attemptSerial: 2,
      baseline: { claimableSats: 0, reservedSats: 0 },
      quietSince: null,
      lastLookAt: null,
    })
    expect(bump.attempts.map(({ number, fenceAt }) => [number, fenceAt === null])).toEqual([
      [1, false],
      [2, true],
    ])
  })

  test('numbers are never used twice, although refusals are merged', () => {
    const once = answer(asked(), refused('not_now')).splice
    const twice = answer(step(once, starting(), context).splice, refused('not_now'), 'b').splice
    expect(newest(twice).attempts.map(({ id, number, count }) => [id, number, count])).toEqual([['b', 2, 2]])
    expect(newest(twice).attemptSerial).toBe(2)
  })

  test('without an open bump there is nothing to journal: a bug, and said so', () => {
    expect(() => step(aPendingSplice(), starting(), context)).toThrow('an attempt needs an open bump')
  })
})

describe('a bump ends once', () => {
  const done = { type: 'bump_done', txid: SECOND.txid } as const
  const abandoned = { type: 'bump_abandoned', code: 'x', message: 'because' } as const
  const quiet = { quietSince: NOW - 5, lastLookAt: NOW - 5 }

  test('done, with the transaction that was seen', () => {
    const { splice, actions } = step(asked(quiet), done, context)
    expect(actions).toEqual([])
    expect(newest(splice)).toMatchObject({
      outcome: { result: 'done', code: 'replaced', txid: SECOND.txid, at: NOW },
      quietSince: null,
      lastLookAt: null,
    })
    expect(said(splice)).toEqual(['splice.bumped'])
    expect(splice.timeline.at(-1)?.why).toBe('fee bump done')
  })

  test('abandoned, with the reason', () => {
    const { splice, actions } = step(asked(quiet), abandoned, context)
    expect(actions).toEqual([])
    expect(newest(splice)).toMatchObject({
      outcome: { result: 'abandoned', code: 'x', message: 'because', txid: null, at: NOW },
      quietSince: null,
      lastLookAt: null,
    })
    expect(said(splice)).toEqual(['splice.bump_failed'])
    expect(splice.timeline.at(-1)?.why).toBe('fee bump abandoned: because')
  })

  test('with a text that fits', () => {
    const { splice } = step(asked(), { ...abandoned, message: 'x'.repeat(1_000) }, context)
    expect(newest(splice).outcome?.message).toHaveLength(200)
    expect(splice.timeline.at(-1)?.why.length).toBeLessThanOrEqual(300)
  })

  test.each([done, abandoned])('keeping of what was refused only the last: $type', (event) => {
    const [first, last] = [1, 4].map((number) => aRefusedAttempt({ id: `r${number}`, number, kind: 'bump' }))
    if (first === undefined || last === undefined) throw new Error('two')
    const alive = [aBumpAttempt({ number: 2 }), aBumpAttempt({ number: 3 })]
    const kept = (attempts: Bump['attempts']) =>
      newest(step(asked({ attempts }), event, context).splice).attempts.map(({ number }) => number)
    expect(kept([first, ...alive])).toEqual([2, 3])
    expect(kept([first, ...alive, last])).toEqual([2, 3, 4])
    expect(kept([first, last])).toEqual([4])
    expect(kept([])).toEqual([])
  })

  test('what is closed, or was never opened, is left alone', () => {
    for (const bumps of [[], [anEndedBump('done')], [anEndedBump('abandoned')]])
      for (const event of [done, abandoned]) {
        const splice = aPendingSplice({ bumps })
        expect(step(splice, event, context)).toEqual({
          splice,
          actions: [{ type: 'ignored', event: event.type }],
        })
      }
  })

  test('each bump says its own end: events of bumps are not said once in an epoch', () => {
    let splice = aPendingSplice()
    for (const [n, event] of [done, abandoned, done, abandoned].entries()) {
      splice = step(splice, opening({ id: `b${n}` }), context).splice
      splice = step(splice, event, context).splice
    }
    expect(said(splice)).toEqual(['splice.bumped', 'splice.bump_failed', 'splice.bumped', 'splice.bump_failed'])
    expect(splice.events.map(({ n }) => n)).toEqual([1, 2, 3, 4])
  })
})
