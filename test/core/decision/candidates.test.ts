import { describe, expect, test } from 'vitest'
import { candidatesNow, secondEffectOf, visibleCandidate } from '../../../core/decision/candidates.ts'
import { isOverCeiling } from '../../../core/splice/budget.ts'
import type { FundingSpend } from '../../../core/chain/funding-history.ts'
import type { Candidate, Splice } from '../../../core/splice/splice.ts'
import { aTxid, FUNDING } from '../../../harness/values.ts'
import { aBump, aBumpAttempt, FIRST } from '../../../harness/records/bumps.ts'
import { aCandidate, anAttempt } from '../../../harness/records/attempts.ts'
import { aChannel } from '../../../harness/looks/node.ts'
import { aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aSplicing, fundingOf } from '../../../harness/transactions.ts'

const NEXT = fundingOf(FIRST)
const LATER = aSplicing(NEXT)
const ELSEWHERE = `${aTxid('9')}:0`

const spentBy = (outpoint: string, built: typeof FIRST, height: number | null): FundingSpend =>
  aFundingSpend({ outpoint, spender: aFundingSpender(outpoint, built, 'ours', height) })
const now = (candidates: Candidate[], fundingSpends: FundingSpend[]): Candidate[] =>
  candidatesNow(aSubmittedSplice({ candidates }), fundingSpends, null)

const first = aCandidate({ txid: FIRST.txid })
const later = aCandidate({ txid: LATER.txid, spends: NEXT })
const inBlock = { height: 190, hash: aTxid('d') }

describe('a recorded candidate is what the walk shows of it now', () => {
  test('each has its own block, not that of another one', () => {
    const found = now([later, first], [spentBy(FUNDING, FIRST, 190), spentBy(NEXT, LATER, 195), aFundingSpend()])
    expect(found.map(({ block }) => block?.height)).toEqual([195, 190])
  })

  test('one whose outpoint was not walked keeps the block that it had', () => {
    const away = aCandidate({ txid: aTxid('8'), spends: ELSEWHERE, block: inBlock })
    expect(now([away], [aFundingSpend()])).toEqual([away])
  })

  test('one that was recorded on another outpoint has the block in which it is found', () => {
    const misnamed = { ...first, spends: ELSEWHERE }
    expect(now([misnamed], [spentBy(FUNDING, FIRST, 190)])[0]?.block?.height).toBe(190)
  })

  test('one without a fee gets it when it is seen, and keeps the one that it has', () => {
    const unpriced = { ...first, feeSats: null, feeRateSatPerKw: null }
    const priced = { feeSats: 300, feeRateSatPerKw: Math.floor(300_000 / FIRST.parsed.weight) }
    expect(now([unpriced], [spentBy(FUNDING, FIRST, null)])).toEqual([{ ...unpriced, ...priced }])
    expect(now([unpriced], [aFundingSpend()])).toEqual([unpriced])
    const other = { ...first, feeSats: 7, feeRateSatPerKw: 7 }
    expect(now([other], [spentBy(FUNDING, FIRST, null)])).toEqual([other])
  })

  test('a source that does not tell the fee leaves fee and feerate unknown', () => {
    const hop = spentBy(FUNDING, FIRST, null)
    const spender = hop.spender && { ...hop.spender, tx: { ...hop.spender.tx, feeSats: null } }
    expect(now([], [{ ...hop, spender }])).toMatchObject([{ feeSats: null, feeRateSatPerKw: null }])
  })
})

describe('a second effect is one beside the one in a block', () => {
  const shown = [spentBy(FUNDING, FIRST, 190), spentBy(NEXT, LATER, null)]

  test('whichever of the two was recorded first', () => {
    const confirmed = { ...first, block: inBlock }
    expect(secondEffectOf([later, confirmed], shown)).toBe(LATER.txid)
    expect(secondEffectOf([confirmed, later], shown)).toBe(LATER.txid)
  })

  test('and not a replacement of the same outpoint, nor the same one again', () => {
    const confirmed = { ...first, block: inBlock }
    expect(secondEffectOf([confirmed, { ...later, spends: FUNDING }], shown)).toBeNull()
    expect(secondEffectOf([confirmed, { ...confirmed, spends: NEXT }], shown)).toBeNull()
  })
})

test('the one that stands is the one in a block, else the first that is shown', () => {
  const fundingSpends = [
    aFundingSpend({ outpoint: ELSEWHERE }),
    spentBy(FUNDING, FIRST, null),
    spentBy(NEXT, LATER, 195),
  ]
  const confirmed = { ...later, block: inBlock }
  const standing = visibleCandidate([first, confirmed], fundingSpends)
  expect(standing).toEqual({ candidate: confirmed, weight: LATER.parsed.weight })
  expect(visibleCandidate([{ ...first, block: inBlock }, confirmed], fundingSpends)?.candidate.txid).toBe(FIRST.txid)
  expect(visibleCandidate([later, first], fundingSpends)?.candidate).toBe(first)
  expect(visibleCandidate([aCandidate()], fundingSpends)).toBeNull()
})

describe('a fee ceiling', () => {
  const budget = { ...aLiveSplice().budget, maxFeeSats: 300, maxFeeRateSatPerKw: 1_000 }
  test.each<[string, Partial<Candidate>, boolean | null]>([
    ['kept', { feeSats: 300, feeRateSatPerKw: 1_000 }, false],
    ['missed by the fee', { feeSats: 301, feeRateSatPerKw: 1_000 }, true],
    ['missed by the feerate', { feeSats: 300, feeRateSatPerKw: 1_001 }, true],
    ['and an unknown fee', { feeSats: null, feeRateSatPerKw: 1_001 }, null],
    ['and an unknown feerate', { feeSats: 301, feeRateSatPerKw: null }, null],
  ])('%s', (_says, overrides, over) => {
    expect(isOverCeiling(aLiveSplice({ budget }), aCandidate(overrides))).toBe(over)
    if (over !== null) expect(isOverCeiling(aLiveSplice(), aCandidate(overrides))).toBe(false)
  })
})

describe('what the node reports as signed, and no source shows,', () => {
  const txid = aTxid('7')
  const told = [{ name: 'splice_signed', at: 1, txid }]
  const unknown = { type: 'unknown', message: '', at: 2 } as const
  const reported = (splice: Partial<Splice>): string[] => {
    const channel = aChannel({ funding: FUNDING, candidates: [{ txid, signed: true }] })
    return candidatesNow(aSubmittedSplice({ attempts: [], ...splice }), [aFundingSpend()], channel).map(
      (each) => each.txid,
    )
  }

  test('is a candidate if a submission announced it', () => {
    expect(reported({ attempts: [anAttempt({ steps: told, result: unknown })] })).toEqual([txid])
    expect(reported({})).toEqual([])
  })

  test('as a replacement is one only if it was answered: beside a signed one it may be unsigned still', () => {
    const attempt = (result: ReturnType<typeof aBumpAttempt>['result']) => ({
      bumps: [aBump({ attempts: [aBumpAttempt({ steps: told, result })] })],
    })
    expect(reported(attempt(unknown))).toEqual([])
    expect(reported(attempt(null))).toEqual([])
    expect(reported(attempt({ type: 'taken', txid, at: 2 }))).toEqual([txid])
  })
})
