import { describe, expect, test } from 'vitest'
import {
  bumpIdOf,
  candidateToReplace,
  chosenFeeRateSatPerKw,
  hasUnaccountedBump,
  isSpent,
  unresolvedBumpAttempts,
  openBumpOf,
  outbids,
  replacementFloorSatPerKw,
  balanceShowsReplacement,
  standingCandidate,
  weightOf,
} from '../../core/splice/replacement.ts'
import type { Attempt, Bump, BalanceSignals } from '../../core/splice/splice.ts'
import type { Verdict, VerdictName } from '../../core/splice/verdict.ts'
import { aSpliceId, aTxid, NOW } from '../../harness/values.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST, SECOND } from '../../harness/records/bumps.ts'
import { aCandidate, aRefusedAttempt, taken } from '../../harness/records/attempts.ts'
import { aVerdict } from '../../harness/verdicts.ts'

describe('the id of a bump', () => {
  test('is the same for the same splice, asker and key, and another one wherever one of them differs', () => {
    const [mine, other] = [aSpliceId(1), aSpliceId(2)]
    const ids = [
      bumpIdOf(mine, 'client', '1'),
      bumpIdOf(mine, 'client', '2'),
      bumpIdOf(mine, 'policy', '1'),
      bumpIdOf(other, 'client', '1'),
    ]
    expect(new Set(ids).size).toBe(4)
    expect(bumpIdOf(mine, 'client', '1')).toBe(ids[0])
    for (const id of ids) expect(id).toMatch(/^bmp_[0-9a-f]{64}$/)
  })

  test('does not contain the key of a client', () => {
    expect(bumpIdOf(aSpliceId(1), 'client', 'deadbeefdeadbeef')).not.toContain('deadbeef')
  })
})

describe('the open bump of a splice', () => {
  const open = aBump()
  test.each<[string, Bump[], Bump | null]>([
    ['no bump', [], null],
    ['ended ones alone', [anEndedBump('done'), anEndedBump('abandoned')], null],
    ['an open one', [open], open],
    ['an open one behind ended ones', [anEndedBump('abandoned'), anEndedBump('done'), open], open],
  ])('%s', (_says, bumps, expected) => expect(openBumpOf(aPendingSplice({ bumps }))).toEqual(expected))
})

describe('the least feerate of a replacement: 25/24 of the last one, and 25 sat/kw more', () => {
  test.each([
    [0, 25],
    [253, 278],
    [576, 601],
    [599, 624],
    // Both rules agree at 600; from there on the factor is the larger one.
    [600, 625],
    [601, 627],
    [624, 650],
    [1_000, 1_042],
    [2_400, 2_500],
    [24_000, 25_000],
  ])('after %i it is %i', (last, floor) => expect(replacementFloorSatPerKw(last)).toBe(floor))
})

describe('what is asked for where the client leaves the feerate to us', () => {
  test.each<[string, number, number | null, number]>([
    ['1 sat/vB more, without an estimate', 1_000, null, 1_250],
    ['1 sat/vB more, with a low estimate', 1_000, 1_249, 1_250],
    ['the estimate where it is more', 1_000, 1_251, 1_251],
    ['both rules agree at 6000', 6_000, null, 6_250],
    ['25/24 where that is more', 7_200, null, 7_500],
    ['25/24, with a low estimate', 7_200, 7_499, 7_500],
    ['the estimate over 25/24', 7_200, 9_000, 9_000],
  ])('%s', (_says, last, estimate, chosen) => expect(chosenFeeRateSatPerKw(last, estimate)).toBe(chosen))
})

describe('whether a candidate is what a bump wanted', () => {
  const from = (feeRateSatPerKw: number | null) => ({ from: { txid: FIRST.txid, feeRateSatPerKw } })
  const rate = (feeRateSatPerKw: number | null) => aCandidate({ txid: SECOND.txid, feeRateSatPerKw })
  test.each<[string, Partial<Bump>, ReturnType<typeof rate>, boolean]>([
    ['the same transaction, whatever it pays', {}, aCandidate({ txid: FIRST.txid }), false],
    ['the same transaction, of an unknown feerate', {}, aCandidate({ txid: FIRST.txid, feeRateSatPerKw: null }), false],
    ['another one, a little more', {}, rate(1_001), true],
    ['another one, the same feerate', {}, rate(1_000), false],
    ['another one, less', {}, rate(999), false],
    ['another one, of an unknown feerate', {}, rate(null), true],
    [
      'one of an unknown feerate that was known when it was asked for',
      { openedAt: NOW },
      aCandidate({ txid: SECOND.txid, feeRateSatPerKw: null, seenAt: NOW }),
      false,
    ],
    ['another one, after one of an unknown feerate', from(null), rate(1), true],
    ['another one that pays nothing, after one of an unknown feerate', from(null), rate(0), false],
    ['exactly what was asked for', { feeRateSatPerKw: 2_000 }, rate(2_000), true],
    ['what was asked for, but for rounding', { feeRateSatPerKw: 2_000 }, rate(1_980), true],
    ['more than rounding below what was asked for', { feeRateSatPerKw: 2_000 }, rate(1_979), false],
    ['of an unknown feerate where one was asked for', { feeRateSatPerKw: 2_000 }, rate(null), true],
    [
      'what was asked for, after one of an unknown feerate',
      { feeRateSatPerKw: 2_000, ...from(null) },
      rate(1_500),
      false,
    ],
  ])('%s', (_says, bump, candidate, wanted) => expect(outbids(aBump(bump), candidate)).toBe(wanted))
})

describe('a bump has three attempts that may be taken', () => {
  const unknown = (number: number) => aBumpAttempt({ number })
  const refused = (number: number) => aRefusedAttempt({ id: `r${number}`, number, kind: 'bump' })
  test.each<[string, Attempt[], boolean]>([
    ['none', [], false],
    ['two', [unknown(1), unknown(2)], false],
    ['three', [unknown(1), unknown(2), unknown(3)], true],
    ['one not answered yet', [unknown(1), unknown(2), aBumpAttempt({ number: 3, result: null })], true],
    ['a taken one counts', [unknown(1), unknown(2), aBumpAttempt({ number: 3, result: taken() })], true],
    ['refusals do not', [unknown(1), unknown(2), refused(3), refused(4), refused(5)], false],
  ])('%s', (_says, attempts, spent) => expect(isSpent(aBump({ attempts }))).toBe(spent))
})

describe('whether the signs say that a replacement was signed, which costs at most 900 sat', () => {
  const asked = aBump({ attempts: [aBumpAttempt()] })
  const reserved = (sats: number | null): BalanceSignals => ({ claimableSats: 0, reservedSats: sats })

  test.each<[string, BalanceSignals | null, boolean]>([
    ['no look', null, false],
    ['nothing moved', reserved(0), false],
    ['not told', { claimableSats: null, reservedSats: null }, false],
    ['a satoshi, which is rounding', reserved(1), false],
    ['the outbound capacity is less', reserved(2), true],
    ['less by the most that it can cost', reserved(900), true],
    ['less by more: a Lightning payment in flight', reserved(901), false],
    ['the outbound capacity is more', reserved(-2), false],
    ['what a close would pay moved alone', { claimableSats: -60, reservedSats: 0 }, false],
    ['what a close would pay is not told', { claimableSats: null, reservedSats: 60 }, true],
  ])('%s', (_says, balanceSignals, expected) =>
    expect(balanceShowsReplacement(asked, balanceSignals, 900)).toBe(expected),
  )

  test('it is measured from the baseline, and says nothing without one', () => {
    const bump = aBump({ attempts: [aBumpAttempt()], baseline: { claimableSats: 0, reservedSats: 700 } })
    expect(balanceShowsReplacement(bump, reserved(701), 900)).toBe(false)
    expect(balanceShowsReplacement(bump, reserved(702), 900)).toBe(true)
    expect(balanceShowsReplacement(bump, reserved(1_600), 900)).toBe(true)
    expect(balanceShowsReplacement(aBump(), reserved(60), 900)).toBe(false)
    const half = aBump({ baseline: { claimableSats: 0, reservedSats: null } })
    expect(balanceShowsReplacement(half, reserved(60), 900)).toBe(false)
    const below = aBump({ baseline: { claimableSats: 0, reservedSats: -60 } })
    expect(balanceShowsReplacement(below, reserved(null), 900), 'not told any more').toBe(false)
  })
})

describe('the candidate that a replacement has to outbid', () => {
  const rated = (digit: string, feeRateSatPerKw: number | null, spends = `${aTxid('a')}:0`) =>
    aCandidate({ txid: aTxid(digit), feeRateSatPerKw, spends })
  test.each<[string, ReturnType<typeof rated>[], string | null]>([
    ['none', [], null],
    ['the only one', [rated('1', 1_000)], '1'],
    ['the newest, where it pays best', [rated('1', 1_000), rated('2', 2_000)], '2'],
    ['an older one that pays more', [rated('1', 2_000), rated('2', 1_000)], '1'],
    ['the newest of two that pay the same', [rated('1', 1_000), rated('2', 1_000)], '2'],
    ['the newest, where what it pays is not known', [rated('1', 2_000), rated('2', null)], '2'],
    ['not one of an unknown feerate before it', [rated('1', null), rated('2', 1)], '2'],
    ['not one on another outpoint', [rated('1', 9_000, `${aTxid('b')}:0`), rated('2', 1_000)], '2'],
  ])('%s', (_says, candidates, digit) =>
    expect(candidateToReplace(candidates)?.txid ?? null).toBe(digit === null ? null : aTxid(digit)),
  )
})

describe('the candidate that a node can be asked to replace now', () => {
  const candidates = [aCandidate({ txid: FIRST.txid }), aCandidate({ txid: SECOND.txid, feeRateSatPerKw: 1_500 })]
  const visible = { candidate: aCandidate({ txid: FIRST.txid }), weight: 596 }
  test.each<[VerdictName, Verdict['visible'], string | null]>([
    ['pending', visible, FIRST.txid],
    ['pending', null, null],
    ['unseen', null, SECOND.txid],
    ['confirmed', visible, null],
    ['final', visible, null],
    ['replaced', null, null],
    ['closed', null, null],
    ['not_known', null, null],
    ['absent', null, null],
    ['unattributed', null, null],
  ])('%s', (name, shown, txid) => {
    const verdict = aVerdict({ name, visible: shown, candidates })
    expect(standingCandidate(aPendingSplice({ candidates }), verdict)?.txid ?? null).toBe(txid)
  })
})

test.each<[number | null, number | null, number]>([
  [596, 1_000, 596],
  [300, 503, 597],
  [0, 1_000, 0],
  [null, 1_000, 0],
  [300, null, 0],
  [300, 0, 0],
])('a fee of %s sat at %s sat/kw is of a transaction of weight %i', (feeSats, feeRateSatPerKw, weight) =>
  expect(weightOf(aCandidate({ feeSats, feeRateSatPerKw }))).toBe(weight),
)

describe('whether an attempt of a bump may still be at the node, and no replacement accounts for it', () => {
  const unknown = (number: number) => aBumpAttempt({ number })
  const answered = (number: number) => aBumpAttempt({ number, result: taken() })
  const refused = aRefusedAttempt({ id: 'r', number: 9, kind: 'bump' })
  test.each<[string, Attempt[], number[]]>([
    ['none', [], []],
    ['refused', [refused], []],
    ['not answered', [unknown(1), unknown(2)], [1, 2]],
    ['taken', [answered(1)], [1]],
    ['not answered, then taken: the node would have refused the second', [unknown(1), answered(2)], [2]],
    ['taken, then not answered', [answered(1), unknown(2)], [1, 2]],
    ['taken twice', [answered(1), unknown(2), answered(3)], [3]],
    ['a refusal in between', [answered(1), refused, unknown(2)], [1, 2]],
  ])('%s', (_says, attempts, living) => {
    const bumps = [aBump({ attempts })]
    expect(unresolvedBumpAttempts({ bumps }).map(({ number }) => number)).toEqual(living)
    expect(hasUnaccountedBump({ bumps })).toBe(living.length > 0)
    const done = aBump({ attempts, outcome: anEndedBump('done').outcome })
    expect(hasUnaccountedBump({ bumps: [done] }), 'one of them led to the replacement').toBe(living.length > 1)
    const abandoned = aBump({ attempts, outcome: anEndedBump('abandoned').outcome })
    expect(hasUnaccountedBump({ bumps: [done, abandoned] })).toBe(living.length > 0)
  })

  test('one that was proven not executed is accounted for, and so are those before one that the node took, in any bump', () => {
    const notExecuted = aBumpAttempt({ notExecuted: { proof: 'channel_closed', at: 1 } })
    expect(hasUnaccountedBump({ bumps: [aBump({ attempts: [notExecuted] })] })).toBe(false)
    const bumps = [aBump({ attempts: [unknown(1), answered(2)] }), aBump({ attempts: [unknown(3), answered(4)] })]
    expect(unresolvedBumpAttempts({ bumps }).map(({ number }) => number)).toEqual([4])
    const after = [aBump({ attempts: [answered(1)] }), aBump({ attempts: [unknown(2)] })]
    expect(unresolvedBumpAttempts({ bumps: after }).map(({ number }) => number)).toEqual([1, 2])
  })
})
