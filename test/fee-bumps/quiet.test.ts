import { describe, expect, test } from 'vitest'
import type { Bump, Splice } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import { step } from '../../core/splice/step.ts'
import type { Verdict, VerdictName } from '../../core/splice/verdict.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST } from '../../harness/records/bumps.ts'
import { aCandidate, aRefusedAttempt, taken } from '../../harness/records/attempts.ts'
import { aVerdict } from '../../harness/verdicts.ts'
import { NOW, policy } from '../../harness/values.ts'

const candidate = aCandidate({ txid: FIRST.txid, feeSats: 596, seenAtHeight: 190 })
const standing: Partial<Verdict> = {
  name: 'pending',
  candidates: [candidate],
  visible: { candidate, weight: 1_000 },
  balanceSignals: { claimableSats: 0, reservedSats: 0 },
}
const alive = { attempts: [aBumpAttempt({ fenceAt: NOW - 600_000 })] }

function look(splice: Splice, verdict: Partial<Verdict> = {}, now: Instant = NOW): Splice {
  const noted = aVerdict({ ...standing, ...verdict })
  return step(splice, { type: 'looked', verdict: noted }, { now, policy }).splice
}

/** What a look notes of a bump's quiet: since when, and when it was last looked at. */
function quiet(bump: Partial<Bump>, verdict: Partial<Verdict> = {}, now: Instant = NOW) {
  const { quietSince, lastLookAt } = look(aPendingSplice({ bumps: [aBump(bump)] }), verdict, now).bumps[0] ?? {}
  return [quietSince, lastLookAt]
}

describe('quiet of a bump begins', () => {
  test('with the first look in which nothing stirs', () => {
    expect(quiet(alive)).toEqual([NOW, NOW])
  })

  test('and goes on while looks are at most 90 s apart', () => {
    const since = NOW - 120_000
    expect(quiet({ ...alive, quietSince: since, lastLookAt: NOW - 90_000 })).toEqual([since, NOW])
    expect(quiet({ ...alive, quietSince: since, lastLookAt: NOW - 90_001 })).toEqual([NOW, NOW])
    expect(quiet({ ...alive, quietSince: null, lastLookAt: NOW - 1 })).toEqual([NOW, NOW])
    expect(quiet({ ...alive, quietSince: since, lastLookAt: null }), 'no look to go on from').toEqual([NOW, NOW])
  })

  test('and begins anew after a gap, however long it had lasted', () => {
    expect(quiet({ ...alive, quietSince: NOW - 7_200_000, lastLookAt: NOW - 3_600_000 })).toEqual([NOW, NOW])
  })

  test('not before the fence, nor before an answer, nor before the node said that something is under way', () => {
    const since = { quietSince: NOW - 60_000, lastLookAt: NOW - 1 }
    const fenced = { attempts: [aBumpAttempt({ fenceAt: NOW - 5_000 })] }
    expect(quiet({ ...fenced, ...since })).toEqual([NOW - 5_000, NOW])
    const now = { attempts: [aBumpAttempt({ fenceAt: NOW })] }
    expect(quiet({ ...now, ...since }), 'a fence that falls now').toEqual([NOW, NOW])
    const answered = { attempts: [aBumpAttempt({ fenceAt: NOW + 5_000, result: taken(NOW - 7_000) })] }
    expect(quiet({ ...answered, ...since })).toEqual([NOW - 7_000, NOW])
    expect(quiet({ ...alive, ...since, inFlightAt: NOW - 3_000 })).toEqual([NOW - 3_000, NOW])
    expect(quiet({ ...alive, ...since, inFlightAt: NOW - 90_000 })).toEqual([NOW - 60_000, NOW])
  })

  test('from the answer of the last one of several', () => {
    const attempts = [
      aBumpAttempt({ result: taken(NOW - 9_000) }),
      aBumpAttempt({ number: 2, result: taken(NOW - 4_000) }),
    ]
    expect(quiet({ attempts, quietSince: NOW - 60_000, lastLookAt: NOW - 1 })).toEqual([NOW - 4_000, NOW])
  })
})

describe('quiet of a bump ends', () => {
  const since = { ...alive, quietSince: NOW - 60_000, lastLookAt: NOW - 1 }
  const names: VerdictName[] = [
    'final',
    'confirmed',
    'replaced',
    'closed',
    'foreign',
    'foreign_pending',
    'unattributed',
    'absent',
  ]
  test.each<[string, Partial<Bump>, Partial<Verdict>]>([
    ['the peer goes away', since, { peerConnected: false }],
    ['the peer goes away, and the chain source with it', since, { peerConnected: false, name: 'not_known' }],
    ['a negotiation runs', since, { negotiating: true }],
    ['a fence has not passed', { ...since, attempts: [aBumpAttempt({ fenceAt: NOW + 1 })] }, {}],
    ['an attempt has no fence', { ...since, attempts: [aBumpAttempt({ fenceAt: null, result: null })] }, {}],
    [
      'one of two attempts has none',
      { ...since, attempts: [aBumpAttempt(), aBumpAttempt({ number: 2, fenceAt: null, result: null })] },
      {},
    ],
    ...names.map((name): [string, Partial<Bump>, Partial<Verdict>] => [
      `the transaction does not stand in the mempool: ${name}`,
      since,
      { name },
    ]),
  ])('%s', (_says, bump, verdict) => expect(quiet(bump, verdict)).toEqual([null, null]))

  test('and begins anew afterwards', () => {
    const away = look(aPendingSplice({ bumps: [aBump(since)] }), { peerConnected: false })
    expect(look(away, {}, NOW + 60_000).bumps[0]).toMatchObject({ quietSince: NOW + 60_000 })
  })
})

describe('quiet of a bump is neither broken nor counted', () => {
  const since = { ...alive, quietSince: NOW - 60_000, lastLookAt: NOW - 1 }
  test.each<[string, Partial<Verdict>]>([
    ['without a look at the node', { peerConnected: null }],
    ['without a look at the node, the transaction gone', { peerConnected: null, name: 'unseen' }],
    ['while the chain source says nothing', { name: 'not_known' }],
  ])('%s', (_says, verdict) => expect(quiet(since, verdict)).toEqual([NOW - 60_000, NOW - 1]))

  test.each<[string, Partial<Bump>]>([
    ['not asked for yet', { attempts: [] }],
    ['refused', { attempts: [aRefusedAttempt({ kind: 'bump' })] }],
    ['closed', { ...alive, outcome: anEndedBump('done').outcome }],
  ])('where no attempt of it can still be at the node: %s', (_says, bump) => {
    expect(quiet(bump)).toEqual([null, null])
  })

  test.each<[string, Partial<Verdict>]>([
    ['by the candidate that stands, which stirs for the splice', { isBusy: true }],
    ['by a replacement that was signed', { balanceSignals: { claimableSats: -500, reservedSats: 0 } }],
    ['by a small Lightning payment', { balanceSignals: { claimableSats: 0, reservedSats: 20_000 } }],
    ['by a large Lightning payment', { balanceSignals: { claimableSats: -25_000, reservedSats: 400_000 } }],
    ['where the node tells no signs', { balanceSignals: null }],
    ['while the transaction is not to be seen', { name: 'unseen', visible: null }],
  ])('%s', (_says, verdict) => expect(quiet(since, verdict)).toEqual([NOW - 60_000, NOW]))
})

test('only the open bump is noted, and nothing else of the splice', () => {
  const closed = anEndedBump('abandoned', alive)
  const before = aPendingSplice({ bumps: [closed, aBump(alive)] })
  const after = look(before)
  expect(after.bumps[0]).toEqual(closed)
  expect(after.bumps[1]).toEqual({ ...before.bumps[1], quietSince: NOW, lastLookAt: NOW })
  expect({ ...after, bumps: [] }).toEqual({ ...before, bumps: [] })
})
