import { describe, expect, test } from 'vitest'
import { aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aCandidate, anAttempt } from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aCommitment, aSplicing } from '../../../harness/transactions.ts'
import { FUNDING, aTxid } from '../../../harness/values.ts'
import { NEXT, atDepth, moved, onNext, ours, rival, seen, spent, verdict } from './verdict-of.ts'

describe('a chain source that is behind says nothing about a reorg', () => {
  const inBlock = aCandidate({ txid: ours.txid, block: { height: 190, hash: aTxid('d') } })
  const splice = aSubmittedSplice({ state: 'confirmed', candidates: [inBlock] })
  const at = (height: number, fundingSpends = spent(null).fundingSpends) => ({
    fundingSpends,
    tip: { height, hash: aTxid('e') },
  })

  test('the block of the candidate is above its tip', () => {
    const found = verdict({ splice, chain: at(189) })
    expect(found).toMatchObject({ name: 'not_known', candidates: [inBlock], blockMoved: false })
  })

  test('its tip is where the block of the candidate was', () => {
    const found = verdict({ splice, chain: at(190) })
    expect(found).toMatchObject({ name: 'pending', candidates: [{ block: null }], blockMoved: true })
  })

  test('it is in the same block, or in another one', () => {
    expect(verdict({ splice, chain: spent(190) }).blockMoved).toBe(false)
    const waiting = aCandidate({ txid: rival.txid })
    const beside = { ...splice, candidates: [waiting, inBlock] }
    expect(verdict({ splice: beside, chain: spent(190) }).blockMoved, 'beside another').toBe(false)
    const left = {
      ...beside,
      candidates: [waiting, { ...inBlock, block: { height: 190, hash: aTxid('7') } }],
    }
    expect(verdict({ splice: left, chain: spent(190) }).blockMoved, 'beside another').toBe(true)
    const other = { ...inBlock, block: { height: 190, hash: aTxid('7') } }
    expect(verdict({ splice: { ...splice, candidates: [other] }, chain: spent(190) }).blockMoved).toBe(true)
    expect(verdict({ splice: aSubmittedSplice({ candidates: [seen] }), chain: spent(190) }).blockMoved).toBe(false)
  })
})

test('a close is final only when everything on the way to it is', () => {
  const walked = (splicing: number, closing: number) => ({
    fundingSpends: [
      ...spent(atDepth(splicing), 'none').fundingSpends,
      aFundingSpend({
        outpoint: NEXT,
        spender: aFundingSpender(NEXT, aCommitment(NEXT), 'none', atDepth(closing)),
      }),
    ],
  })
  const splice = aSubmittedSplice({ fundingHistory: [FUNDING, NEXT] })
  expect(verdict({ splice, chain: walked(9, 5) })).toMatchObject({
    name: 'closed',
    depth: 5,
    atFinalDepth: false,
  })
  expect(verdict({ splice, chain: walked(9, 6) })).toMatchObject({
    name: 'closed',
    depth: 6,
    atFinalDepth: true,
  })
})

describe('what has our effect and is not ours', () => {
  const unexplained = { name: 'foreign_pending', effectWithoutAttempt: ours.txid, candidates: [] } as const

  test('a splice without an attempt has no candidates', () => {
    expect(verdict({ splice: aLiveSplice(), chain: spent(null) })).toMatchObject(unexplained)
  })

  test('what spends an outpoint before the first funding outpoint is not explained by an attempt on a later one', () => {
    const splice = aSubmittedSplice({
      fundingHistory: [FUNDING, NEXT],
      submittedOn: NEXT,
      attempts: [anAttempt({ submittedOn: NEXT })],
    })
    expect(verdict({ splice, chain: moved(190), channel: onNext })).toMatchObject({
      candidates: [],
      effectWithoutAttempt: ours.txid,
    })
  })

  test('what spends the funding outpoint, or an outpoint after it, is', () => {
    const splice = aSubmittedSplice({ fundingHistory: [FUNDING] })
    const later = aSplicing(NEXT)
    const fundingSpends = [
      ...spent(190, 'none').fundingSpends,
      aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, later, 'ours') }),
    ]
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends }, channel: onNext })).toMatchObject({
      name: 'pending',
      effectWithoutAttempt: null,
    })
  })

  test('what was paid since a backup is reported, but not of one that has ended', () => {
    const chain = { earlierEffect: aTxid('9') }
    expect(verdict({ chain }).effectWithoutAttempt).toBe(aTxid('9'))
    const ended = aSubmittedSplice({ state: 'failed' })
    expect(verdict({ splice: ended, chain }).effectWithoutAttempt).toBeNull()
  })

  test('a second one beside the one in a block is an anomaly as soon as it is seen', () => {
    const later = aSplicing(NEXT)
    const second = (height: number | null) => ({
      fundingSpends: [
        ...spent(190).fundingSpends,
        aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, later, 'ours', height) }),
      ],
    })
    expect(verdict({ chain: second(195), channel: onNext }).secondEffect).toBe(later.txid)
    expect(verdict({ chain: second(null), channel: onNext }).secondEffect).toBe(later.txid)
    expect(verdict({ chain: spent(190), channel: onNext }).secondEffect).toBeNull()
    const both = aSubmittedSplice({ candidates: [seen, aCandidate({ txid: later.txid, spends: NEXT })] })
    expect(verdict({ splice: both, chain: spent(190) }).secondEffect, 'not seen now').toBeNull()
    const bumped = aSubmittedSplice({ candidates: [aCandidate({ txid: rival.txid }), seen] })
    expect(verdict({ splice: bumped, chain: spent(190) }).secondEffect, 'of the same outpoint').toBeNull()
    expect(verdict({ splice: both, chain: spent(null) }).secondEffect, 'none in a block').toBeNull()
  })
})

test('where the walk forks, an output that nobody spent says nothing of what was spent beside it', () => {
  const fundingSpends = [
    ...spent(atDepth(9), 'none').fundingSpends,
    aFundingSpend({ outpoint: `${ours.txid}:1` }),
    aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, aSplicing(NEXT), 'none', atDepth(6)) }),
  ]
  expect(verdict({ chain: { fundingSpends: fundingSpends }, node: null, channel: null })).toMatchObject({
    name: 'foreign_pending',
    depth: 6,
  })
})
