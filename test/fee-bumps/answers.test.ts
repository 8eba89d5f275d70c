import { describe, expect, test } from 'vitest'
import { SpliceState, type Bump, type CommandResult } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { transitions } from '../../core/splice/transitions.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, SECOND } from '../../harness/records/bumps.ts'
import { anAttempt, aRefusedAttempt, taken } from '../../harness/records/attempts.ts'
import { context, NOW } from '../../harness/values.ts'
import { answer, asked, newest, refused, said, starting, type Refused } from '../../harness/records/bump-steps.ts'

describe('an answer is attached to its attempt', () => {
  test.each<[string, CommandResult]>([
    ['taken', { type: 'taken' }],
    ['taken, with the txid', { type: 'taken', txid: SECOND.txid }],
    ['unknown', { type: 'unknown', message: 'timed out' }],
  ])('%s: the attempt may live, nothing is said, nobody backs off', (_says, result) => {
    const { splice, actions } = answer(asked(), result)
    expect(actions).toEqual([])
    expect(newest(splice)).toEqual({
      ...newest(asked()),
      attempts: [aBumpAttempt({ result: { ...result, at: NOW } })],
    })
    expect(said(splice)).toEqual([])
  })

  test('of the right one of two', () => {
    const two = asked({
      attempts: [aBumpAttempt({ result: null }), aBumpAttempt({ number: 2, result: null })],
    })
    const results = (id: string) =>
      newest(answer(two, { type: 'taken' }, id).splice).attempts.map(({ result }) => result?.type ?? null)
    expect(results('bump-attempt-1')).toEqual(['taken', null])
    expect(results('bump-attempt-2')).toEqual([null, 'taken'])
  })

  test('a known answer is never changed, an unknown one is', () => {
    for (const first of [{ type: 'taken' } as const, refused('not_now')]) {
      const once = answer(asked(), first).splice
      for (const second of [{ type: 'taken' } as const, refused('invalid')])
        expect(answer(once, second)).toEqual({
          splice: once,
          actions: [{ type: 'ignored', event: 'bump_answered' }],
        })
    }
    const unknown = answer(asked(), { type: 'unknown', message: '' }).splice
    expect(newest(answer(unknown, { type: 'taken' }).splice).attempts[0]?.result?.type).toBe('taken')
    expect(newest(answer(unknown, refused('not_now')).splice).attempts[0]?.notExecuted?.proof).toBe('refused')
  })

  test('of an attempt that nobody knows is ignored', () => {
    const splice = asked()
    for (const id of ['attempt-1', 'x'])
      expect(answer(splice, { type: 'taken' }, id)).toEqual({
        splice,
        actions: [{ type: 'ignored', event: 'bump_answered' }],
      })
  })

  test('a text without bounds is cut', () => {
    const message = 'x'.repeat(1_000)
    for (const result of [refused('not_now', { message }), { type: 'unknown', message } as const])
      expect(newest(answer(asked(), result).splice).attempts[0]?.result).toMatchObject({
        message: 'x'.repeat(80),
      })
  })

  test('a text is kept in plain characters', () => {
    const message = 'caf\u00e9 \u0000\n\u{1f600}'
    const [attempt] = newest(answer(asked(), { type: 'unknown', message }).splice).attempts
    const kept = attempt?.result?.type === 'unknown' ? attempt.result.message : ''
    expect(kept).toMatch(/^caf[\x20-\x7e]+$/)
  })
})

describe('a late answer changes no outcome', () => {
  const results: CommandResult[] = [
    { type: 'taken' },
    { type: 'unknown', message: '' },
    refused('not_now'),
    refused('invalid'),
    refused('in_flight', { reason: 'CannotInitiateRbf' }),
  ]
  const standing = SpliceState.options.filter((state) => transitions[state].bump_answered !== undefined)

  test('it is taken in every state in which a splice with a bump can stand', () => {
    expect(standing).toEqual(['pending', 'confirmed', 'settled', 'failed', 'cancelled', 'needs_attention'])
  })

  test.each(standing)('to a closed bump of one that is %s', (state) => {
    for (const ended of ['done', 'abandoned'] as const)
      for (const result of results) {
        const { outcome } = anEndedBump(ended)
        const { splice, actions } = answer(asked({ outcome }, { state }), result)
        expect(newest(splice).outcome, result.type).toEqual(outcome)
        expect(newest(splice).attempts[0]?.result).toMatchObject({ type: result.type, at: NOW })
        expect(splice.state).toBe(state)
        expect(said(splice), 'nothing is said').toEqual([])
        expect(actions).toEqual([])
      }
  })

  test('to a closed bump, while another one is open: the open one is left alone', () => {
    const open = aBump({ id: 'bmp_2', attempts: [aBumpAttempt({ id: 'other' })] })
    const closed = anEndedBump('abandoned', { attempts: [aBumpAttempt({ result: null })] })
    for (const result of results) {
      const { splice } = answer(aPendingSplice({ bumps: [closed, open] }), result)
      expect(splice.bumps[1]).toEqual(open)
      expect(splice.bumps[0]?.attempts[0]?.result?.type).toBe(result.type)
    }
  })

  test('a credential that is refused pauses the node, even late', () => {
    const { outcome } = anEndedBump('abandoned')
    const { actions } = answer(asked({ outcome }), refused('config', { message: 'macaroon' }))
    expect(actions).toEqual([{ type: 'pause_node', message: 'macaroon' }])
  })
})

describe('a refusal', () => {
  test('that was not executed costs no attempt: it is proven not executed, and the next one waits', () => {
    const { splice, actions } = answer(asked(), refused('not_now'))
    expect(actions).toEqual([])
    expect(newest(splice)).toMatchObject({
      outcome: null,
      inFlightAt: null,
      nextAttemptAt: NOW + 15_000,
      attempts: [{ notExecuted: { proof: 'refused', at: NOW }, count: 1, result: { class: 'not_now', at: NOW } }],
    })
    expect(splice.nextAttemptAt, "the splice's own backoff is another").toBeNull()
    expect(splice.inFlightAt).toBeNull()
    expect(said(splice)).toEqual([])
  })

  test('of a kind is one row, with a count, and the wait grows with it', () => {
    let splice = asked()
    const waits: number[] = []
    for (let n = 1; n <= 8; n++) {
      splice = answer(splice, refused('not_now'), n === 1 ? 'bump-attempt-1' : `b${n}`).splice
      waits.push((newest(splice).nextAttemptAt ?? 0) - NOW)
      expect(newest(splice).attempts.map(({ count }) => count)).toEqual([n])
      splice = step(splice, starting({ id: `b${n + 1}` }), context).splice
    }
    // Half of 30 s, doubled each time, up to half an hour.
    expect(waits).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000])
  })

  test('of another kind is another row', () => {
    const once = answer(asked(), refused('not_now')).splice
    const twice = answer(step(once, starting(), context).splice, refused('config'), 'b').splice
    expect(newest(twice).attempts.map(({ count }) => count)).toEqual([1, 1])
  })

  test.each<[string, Bump['attempts'], 'not_now' | 'in_flight']>([
    ['alone', [], 'not_now'],
    ['beside a refused one', [aRefusedAttempt({ id: 'r', kind: 'bump' })], 'not_now'],
    ['beside one that may live', [aBumpAttempt({ id: 'r' })], 'in_flight'],
    ['beside one that was taken', [aBumpAttempt({ id: 'r', result: taken() })], 'in_flight'],
  ])('for now, %s', (_says, others, meant) => {
    const splice = asked({ attempts: [...others, aBumpAttempt({ number: 2, result: null })] })
    const bump = newest(answer(splice, refused('not_now'), 'bump-attempt-2').splice)
    expect(bump.attempts.at(-1)?.result).toMatchObject({ class: meant })
    expect(bump.inFlightAt).toBe(meant === 'in_flight' ? NOW : null)
  })

  test('of a request that is invalid ends the bump, also beside one that may live', () => {
    const splice = asked({ attempts: [aBumpAttempt({ id: 'r' }), aBumpAttempt({ number: 2, result: null })] })
    const bump = newest(answer(splice, refused('invalid'), 'bump-attempt-2').splice)
    expect(bump).toMatchObject({ inFlightAt: null, outcome: { code: 'refused' } })
    expect(bump.attempts.at(-1)?.result).toMatchObject({ class: 'invalid' })
  })

  test('makes the next wait longer only by refusals of its own kind', () => {
    const before = aRefusedAttempt({ id: 'r', kind: 'bump', count: 3 })
    const splice = asked({ attempts: [before, aBumpAttempt({ number: 2, result: null })] })
    const waited = (class_: Refused['class']) =>
      (newest(answer(splice, refused(class_), 'bump-attempt-2').splice).nextAttemptAt ?? 0) - NOW
    expect(waited('config')).toBe(15_000)
    expect(waited('not_now')).toBe(120_000)
  })

  test('an attempt of the splice itself does not make it in flight: its candidate is what is to be replaced', () => {
    const splice = asked({}, { attempts: [anAttempt(), anAttempt({ number: 2 })] })
    expect(newest(answer(splice, refused('not_now')).splice).attempts[0]?.result).toMatchObject({
      class: 'not_now',
    })
  })

  test('in flight is kept when a later refusal says nothing of it', () => {
    const splice = asked({ inFlightAt: NOW - 5 })
    expect(newest(answer(splice, refused('config')).splice).inFlightAt).toBe(NOW - 5)
    expect(newest(answer(splice, refused('in_flight')).splice).inFlightAt).toBe(NOW)
  })

  test('of the credential pauses the node; the bump stays open and backs off', () => {
    const { splice, actions } = answer(asked(), refused('config', { message: 'macaroon' }))
    expect(actions).toEqual([{ type: 'pause_node', message: 'macaroon' }])
    expect(newest(splice)).toMatchObject({ outcome: null, nextAttemptAt: NOW + 15_000 })
  })

  const nothing = ['nothing_to_replace', 'the node has nothing left to replace'] as const
  test.each<[string, Refused, string, string]>([
    ['invalid', refused('invalid'), 'refused', 'the node refused'],
    ['CannotInitiateRbf', refused('not_now', { reason: 'CannotInitiateRbf' }), ...nothing],
    ['CannotInitiateRbf, invalid', refused('invalid', { reason: 'CannotInitiateRbf' }), ...nothing],
  ])("%s ends the bump, in words that are not the node's, and the splice goes on", (...given) => {
    const [, result, code, message] = given
    const { splice, actions } = answer(asked(), { ...result, message: 'macaroon' })
    expect(actions).toEqual([])
    expect(newest(splice).outcome).toMatchObject({ result: 'abandoned', code, message, txid: null, at: NOW })
    expect(newest(splice).attempts[0]?.notExecuted?.proof).toBe('refused')
    expect(splice).toMatchObject({ state: 'pending', stopped: null, failure: null })
    expect(said(splice)).toEqual(['splice.bump_failed'])
  })

  test.each(['FeeRateTooLow', 'PeerDisconnected', 'NegotiationError', 'Unknown'] as const)(
    'for %s does not end it',
    (reason) => {
      const { splice } = answer(asked(), refused('not_now', { reason }))
      expect(newest(splice).outcome).toBeNull()
    },
  )

  test('that ends the bump and is of the credential does both', () => {
    const { splice, actions } = answer(asked(), refused('config', { reason: 'CannotInitiateRbf' }))
    expect(newest(splice).outcome?.code).toBe('nothing_to_replace')
    expect(actions).toEqual([{ type: 'pause_node', message: 'no' }])
  })

  test('ends only its own bump', () => {
    const closed = anEndedBump('done')
    const { splice } = answer(asked({}, { bumps: [closed, newest(asked())] }), refused('invalid'))
    expect(splice.bumps[0]).toEqual(closed)
    expect(splice.bumps[1]?.outcome?.code).toBe('refused')
  })
})
