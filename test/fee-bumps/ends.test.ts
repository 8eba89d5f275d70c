import { describe, expect, test } from 'vitest'
import { MAX_SPLICE_BYTES, checkedSplice, storable } from '../../adapters/store/assertions.ts'
import { advance } from '../../core/decision/advance.ts'
import type { Observation } from '../../core/decision/observation.ts'
import type { Attempt, Bump, Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { aTxid, FUNDING, context, NOW, policy, TIP } from '../../harness/values.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST, SECOND } from '../../harness/records/bumps.ts'
import { aCandidate, anAttempt, aRefusedAttempt } from '../../harness/records/attempts.ts'
import { aChainWith } from '../../harness/looks/chain.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'

describe('after settling, whatever may still be queued at the node is watched for', () => {
  const watch = { from: FUNDING, untilHeight: null }
  const one = [aBumpAttempt()]
  const two = [aBumpAttempt(), aBumpAttempt({ number: 2 })]
  const refused = [aRefusedAttempt({ kind: 'bump' })]
  test.each<[string, Bump[], boolean]>([
    ['no bump', [], false],
    ['a bump that was done with its only attempt', [anEndedBump('done', { attempts: one })], false],
    [
      'a bump that was done, with two attempts that may have been taken',
      [anEndedBump('done', { attempts: two })],
      true,
    ],
    [
      'one that was given up after it was asked for, beside one that was done',
      [anEndedBump('abandoned', { attempts: one }), anEndedBump('done', { attempts: one })],
      true,
    ],
    ['a bump that was given up before it was asked for', [anEndedBump('abandoned')], false],
    ['a bump that was only refused', [anEndedBump('abandoned', { attempts: refused })], false],
    ['a bump that was given up after it was asked for', [anEndedBump('abandoned', { attempts: one })], true],
    [
      'two that were done, each with its attempt',
      [anEndedBump('done', { attempts: one }), anEndedBump('done', { attempts: one })],
      false,
    ],
  ])('%s', (_says, bumps, watched) => {
    const { splice, actions } = step(aPendingSplice({ state: 'confirmed', bumps }), { type: 'settled' }, context)
    expect(splice.watch).toEqual(watched ? watch : null)
    expect(actions).toEqual([])
  })

  test('the attempts of a bump cost the splice none', () => {
    const attempts: Attempt[] = []
    const splice = aPendingSplice({
      state: 'confirmed',
      attempts,
      bumps: [anEndedBump('done', { attempts: one })],
    })
    expect(step(splice, { type: 'settled' }, context).splice.watch).toBeNull()
  })
})

describe('a fee over the ceiling is reported, once, when it is first known', () => {
  const budget = { ...aPendingSplice().budget, maxFeeRateSatPerKw: 1_500, maxFeeSats: 1_000 }
  const MESSAGE = 'the fee of a transaction is over the ceiling'

  function look(splice: Splice, feeSats: number | null, observation: Partial<Observation> = {}) {
    const seen = aPendingObservation({ chain: aChainWith(SECOND, { feeSats }), ...observation })
    const { splice: after, actions } = advance(splice, seen, context)
    return {
      after,
      actions,
      lines: after.timeline.filter(({ why }) => why.startsWith(MESSAGE)).map(({ why }) => why),
    }
  }

  // 894 sat of weight 596 are 1500 sat/kw.
  test.each<[string, Splice['budget'], number | null, boolean]>([
    ['just at the ceiling', budget, 894, false],
    ['over the feerate', budget, 895, true],
    ['over the fee alone', { ...budget, maxFeeRateSatPerKw: null }, 1_001, true],
    ['just at the fee', { ...budget, maxFeeRateSatPerKw: null }, 1_000, false],
    ['no ceiling', { ...budget, maxFeeRateSatPerKw: null, maxFeeSats: null }, 1_000_000, false],
    ['not known', budget, null, false],
  ])('%s', (_says, given, feeSats, over) => {
    const { actions, lines } = look(aPendingSplice({ budget: given, bumps: [aBump()] }), feeSats)
    expect(actions).toEqual(over ? [{ type: 'alarm', message: MESSAGE }] : [])
    expect(lines).toEqual(over ? [`${MESSAGE}: ${SECOND.txid}`] : [])
  })

  test('not again in later looks, nor when it confirms', () => {
    const first = look(aPendingSplice({ budget }), 895)
    const second = look(first.after, 895)
    const third = look(second.after, 895, { chain: aChainWith(SECOND, { feeSats: 895, height: TIP }) })
    expect([first, second, third].map(({ actions }) => actions.length)).toEqual([1, 0, 0])
    expect(third.lines).toEqual(first.lines)
  })

  test('of a first transaction as well, and the splice goes on', () => {
    const submitted = aPendingSplice({ state: 'submitted', candidates: [], budget })
    const { after, actions } = look(submitted, 895)
    expect(actions).toEqual([{ type: 'alarm', message: MESSAGE }])
    expect(after.state).toBe('pending')
  })

  test('one that was known before is not reported', () => {
    const candidates = [aCandidate({ txid: SECOND.txid, feeSats: 9_000, feeRateSatPerKw: 9_000 })]
    expect(look(aPendingSplice({ candidates, budget }), 9_000).actions).toEqual([])
  })
})

describe('the record stays within 64 KB', () => {
  /** A bump with as many rows as it can come to, their texts so long. */
  const steps = [{ name: 'splice_update_secured', at: NOW, txid: aTxid('f') }]
  function aFullBump(n: number, text: string): Bump {
    const id = (row: number) => `0190a3b4-5c6d-7e8f-9a0b-${String(n * 10 + row).padStart(12, '0')}`
    const refused = (['not_now', 'in_flight', 'config'] as const).map((refusal, row) =>
      aRefusedAttempt({
        id: id(row),
        number: row + 1,
        kind: 'bump',
        count: 99,
        result: {
          type: 'refused',
          class: refusal,
          reason: 'PeerDisconnected',
          message: text.slice(0, 80),
          at: NOW,
        },
      }),
    )
    const unknown = [3, 4, 5].map((row) =>
      aBumpAttempt({
        id: id(row),
        number: row + 1,
        steps: row === 5 ? steps : steps.map(({ name, at }) => ({ name, at })),
        result: { type: 'unknown', message: text.slice(0, 80), at: NOW },
      }),
    )
    return anEndedBump('abandoned', {
      id: `bmp_${aTxid('a')}`,
      bodyHash: aTxid('b'),
      feeRateSatPerKw: 100_000,
      attempts: [...refused, ...unknown],
      openedAtHeight: 900_000,
      inFlightAt: NOW,
      nextAttemptAt: NOW,
      outcome: { result: 'abandoned', code: 'budget_spent', message: 'x'.repeat(60), txid: null, at: NOW },
    })
  }

  /** With bumps, attempts, candidates, funding history, timeline and metadata at their limits. */
  function aFullSplice(text: string): Splice {
    const row = (n: number) => `0190a3b4-5c6d-7e8f-9a0b-${String(n).padStart(12, '0')}`
    const block = { height: 900_000, hash: aTxid('e') }
    return aPendingSplice({
      bumps: Array.from({ length: 10 }, (_, n) => aFullBump(n, text)),
      attempts: Array.from({ length: 20 }, (_, n) =>
        anAttempt({
          id: row(n),
          number: n + 1,
          steps,
          result: { type: 'unknown', message: text, at: NOW },
        }),
      ),
      candidates: Array.from({ length: 20 }, () => aCandidate({ feeRateSatPerKw: 100_000, block })),
      timeline: Array.from({ length: 50 }, (_, n) => ({
        at: NOW + n,
        status: 'pending' as const,
        why: `fee bump: attempt ${n}`,
        count: 1,
      })),
      fundingHistory: Array.from({ length: 50 }, () => FUNDING),
      metadata: { order: 'x'.repeat(2_000) },
      budget: { maxAttempts: 10, deadline: NOW, maxFeeRateSatPerKw: 100_000, maxFeeSats: 100_000 },
    })
  }
  const bytes = (splice: Splice): number => Buffer.byteLength(JSON.stringify(splice))
  const stored = (splice: Splice): unknown => storable(checkedSplice(splice), MAX_SPLICE_BYTES, 'splice')

  test('with texts of a line', () => {
    const full = aFullSplice('FailedPrecondition: splice already pending')
    expect(stored(full)).toEqual(full)
    expect(bytes(full)).toBeGreaterThan(50_000)
  })

  test('with texts as long as answers may leave them, but for the bumps', () => {
    const full = { ...aFullSplice('x'.repeat(120)), bumps: [] }
    expect(stored(full)).toEqual(full)
  })

  test('with texts as long as answers may leave them', () => {
    expect(() => stored(aFullSplice('x'.repeat(120)))).not.toThrow()
  })

  test('a text of a node is cut before it is kept', () => {
    const splice = aPendingSplice({ bumps: [aBump({ attempts: [aBumpAttempt({ result: null })] })] })
    const result = { type: 'refused', class: 'invalid', message: 'é'.repeat(10_000) } as const
    const answered = step(splice, { type: 'bump_answered', id: 'bump-attempt-1', result, jitter: 0 }, context)
    expect(bytes(answered.splice) - bytes(splice)).toBeLessThan(2_000)
    expect(stored(answered.splice)).toEqual(answered.splice)
  })
})

test('a bump of a splice from before bumps were kept has none, and is opened as any', () => {
  const old = { ...aPendingSplice(), bumps: undefined, autoBumpAfterBlocks: undefined }
  const read = checkedSplice(JSON.parse(JSON.stringify(old)))
  expect(read.bumps).toEqual([])
  expect(read.autoBumpAfterBlocks).toBeNull()
  expect(read.candidates[0]?.txid).toBe(FIRST.txid)
  expect(advance(read, aPendingObservation(), { now: NOW, policy }).splice.bumps).toEqual([])
})
