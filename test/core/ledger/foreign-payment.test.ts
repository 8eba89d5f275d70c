import { describe, expect, test } from 'vitest'
import { NO_AMOUNTS, amountsOf, kindOf } from '../../../core/ledger/transaction-amounts.ts'
import type { ForeignKind, ForeignPayment } from '../../../core/ports/records.ts'
import { confirmedOf, isAtRest, merge, type Moment, type News } from '../../../core/ledger/foreign-payment.ts'
import type { BlockRef } from '../../../core/bitcoin/block.ts'
import { outpointOf } from '../../../core/bitcoin/outpoint.ts'
import { aForeignCandidate, aForeignPayment } from '../../../harness/records/payments.ts'
import { aTxid, FUNDING } from '../../../harness/values.ts'
import { aCommitment, aSplicing, aTransaction, onChain, P2WPKH, P2WSH } from '../../../harness/transactions.ts'

const [FIRST, SECOND, OURS] = [aTxid('1'), aTxid('2'), aTxid('3')]
const BLOCK: BlockRef = { height: 100, hash: aTxid('b') }
const OTHER_BLOCK: BlockRef = { height: 101, hash: aTxid('c') }
const at = (tipHeight: number, overrides: Partial<Moment> = {}): Moment => ({
  now: 1_000,
  tipHeight,
  finalDepth: 6,
  idleBlocks: 2016,
  ...overrides,
})
const seen = (txid: string, block: BlockRef | null, ours: string | null = null): News => ({
  type: 'seen',
  spender: { txid, block, amounts: NO_AMOUNTS, ours },
})
const nobody: News = { type: 'seen', spender: null }
const confirmed = (block = BLOCK): ForeignPayment => merge(aForeignPayment(), seen(FIRST, block), at(100))
const final = (): ForeignPayment => merge({ ...confirmed(), kind: 'foreign_splice' }, seen(FIRST, BLOCK), at(105))

describe('a classification', () => {
  const kinds: ForeignKind[] = ['unclassified', 'channel_close', 'foreign_splice']
  test('never downgrades', () => {
    for (const [n, from] of kinds.entries()) {
      for (const [m, to] of kinds.entries()) {
        const merged = merge(aForeignPayment({ kind: from }), { type: 'classified', kind: to }, at(100))
        expect(merged.kind).toBe(kinds[Math.max(n, m)])
      }
    }
  })

  test('leaves an open an open, and makes no other payment one', () => {
    for (const kind of kinds)
      expect(merge(aForeignPayment({ kind: 'channel_open' }), { type: 'classified', kind }, at(100)).kind).toBe(
        'channel_open',
      )
    expect(merge(aForeignPayment(), { type: 'classified', kind: 'channel_open' }, at(100)).kind).toBe('unclassified')
  })

  test('and a wallet view, however late, change neither confirmation nor the figures of another candidate', () => {
    const before = merge(final(), { type: 'found', txid: SECOND, amounts: NO_AMOUNTS, kind: 'unclassified' }, at(110))
    const late: News[] = [
      { type: 'classified', kind: 'unclassified' },
      {
        type: 'found',
        txid: SECOND,
        amounts: { feeSats: 9, feeRateSatPerKw: 9, amountSats: 9 },
        kind: 'channel_close',
      },
      { type: 'wallet', txid: SECOND, contributionSats: 5 },
    ]
    for (const news of late) {
      const after = merge(before, news, at(200))
      expect(confirmedOf(after)).toEqual(confirmedOf(before))
      expect([after.final, after.kind]).toEqual([before.final, 'foreign_splice'])
    }
  })
})

describe('a spender', () => {
  test('confirms the candidate that was seen, and no other', () => {
    const both = merge(confirmed(), seen(SECOND, OTHER_BLOCK), at(101))
    expect(both.candidates.map(({ txid, block }) => [txid, block])).toEqual([
      [FIRST, null],
      [SECOND, OTHER_BLOCK],
    ])
  })

  test('forgets no figure that was known', () => {
    expect(confirmedOf(confirmed())).toMatchObject({ feeSats: 300, amountSats: 70_000 })
  })

  test.each([
    [104, 6, null],
    [105, 6, BLOCK],
    [106, 8, null],
    [107, 8, BLOCK],
  ])('at the height of %i, with final depth %i, graduates it or not', (tip, finalDepth, block) => {
    const graduated = merge(aForeignPayment(), seen(FIRST, BLOCK), at(tip, { finalDepth }))
    expect(graduated.final?.block ?? null).toEqual(block)
  })

  test('that shows it un-confirmed puts it back to pending, and another candidate graduates it again', () => {
    const pending = merge(final(), seen(FIRST, null), at(110))
    expect(pending).toMatchObject({ id: FIRST, final: null, candidates: [{ block: null }] })
    expect(isAtRest(pending)).toBe(false)
    const again = merge(pending, seen(SECOND, OTHER_BLOCK), at(106))
    expect(again).toMatchObject({ id: FIRST, final: { block: OTHER_BLOCK } })
    expect(merge(final(), nobody, at(110))).toMatchObject({ final: null, candidates: [{ block: null }] })
  })

  test('in another block at final depth only notes that block', () => {
    const moved = merge(final(), seen(FIRST, OTHER_BLOCK), at(106, { now: 2_000 }))
    expect(moved.final).toEqual({ at: 1_000, block: OTHER_BLOCK })
  })

  test('of a source that is behind says nothing', () => {
    for (const news of [nobody, seen(FIRST, null), seen(SECOND, null)])
      expect(merge(final(), news, at(99))).toEqual(final())
    const found: News = { type: 'found', txid: SECOND, amounts: NO_AMOUNTS, kind: 'unclassified' }
    const two = merge(confirmed(), found, at(100))
    expect(merge(two, nobody, at(99)), 'of one that is not final yet').toEqual(two)
    expect(confirmedOf(merge(two, nobody, at(100))), 'at its height it is not behind').toBeNull()
  })

  test('of nobody notes how far the outpoint is unspent: not in the newest blocks, where a reorg may spend it', () => {
    expect(merge(aForeignPayment(), nobody, at(100)).unspentThroughHeight).toBe(94)
    expect(merge(aForeignPayment(), nobody, at(5)).unspentThroughHeight).toBe(0)
    expect(merge(aForeignPayment(), seen(FIRST, null), at(100)).unspentThroughHeight).toBe(94)
    const spent = merge(aForeignPayment({ unspentThroughHeight: 90 }), seen(FIRST, BLOCK), at(100))
    expect(spent.unspentThroughHeight, 'it is spent').toBe(90)
  })

  test('in the mempool ends no wait, in a block it does', () => {
    const waiting = aForeignPayment({ idleSinceHeight: 50, voidAt: 5 })
    expect(merge(waiting, seen(FIRST, null), at(100))).toMatchObject({ idleSinceHeight: 50, voidAt: 5 })
    expect(merge(waiting, seen(FIRST, BLOCK), at(100))).toMatchObject({ idleSinceHeight: null, voidAt: null })
  })

  test('of one that was not known adds it, and the node was not asked about it yet', () => {
    const [, added] = merge(aForeignPayment(), seen(SECOND, null), at(100)).candidates
    expect(added).toEqual({
      txid: SECOND,
      ...NO_AMOUNTS,
      contributionSats: null,
      contributionAsked: false,
      seenAt: 1_000,
      block: null,
    })
  })

  test('of a source that lags above its block makes nothing shallower', () => {
    expect(merge(final(), seen(FIRST, BLOCK), at(101)).final).toEqual(final().final)
  })

  test('of a transaction of ours absorbs it, and what is foreign is confirmed no more', () => {
    const absorbed = merge(confirmed(), seen(OURS, OTHER_BLOCK, aTxid('5')), at(106))
    expect(absorbed).toMatchObject({ absorbedBy: aTxid('5'), final: { block: OTHER_BLOCK } })
    expect(absorbed.candidates).toEqual([{ ...aForeignCandidate() }])
    expect(isAtRest(absorbed)).toBe(true)
  })

  test('of what is foreign after all keeps who absorbed it: who reads decides', () => {
    const absorbed = merge(aForeignPayment(), seen(OURS, null, aTxid('5')), at(100))
    expect(merge(absorbed, seen(FIRST, BLOCK), at(100))).toMatchObject({ absorbedBy: aTxid('5') })
  })
})

describe('candidates', () => {
  test('are twenty at most, and one in a block is never dropped', () => {
    let payment = confirmed()
    for (let n = 0; n < 30; n++) {
      const txid = n.toString(16).padStart(64, 'e')
      payment = merge(payment, { type: 'found', txid, amounts: NO_AMOUNTS, kind: 'unclassified' }, at(100))
    }
    expect(payment.candidates).toHaveLength(20)
    expect(payment.candidates[0]?.txid).toBe(FIRST)
    expect(payment.candidates.at(-1)?.txid).toBe((29).toString(16).padStart(64, 'e'))
  })
})

describe('an open', () => {
  const open = (): ForeignPayment => aForeignPayment({ kind: 'channel_open', spends: null })
  const idle = (payment: ForeignPayment, tip: number): ForeignPayment =>
    merge(payment, { type: 'idle', idle: true }, at(tip))

  test('is void after 2016 blocks in which nothing of it is to be seen', () => {
    const missed = idle(open(), 100)
    expect(idle(missed, 2115).voidAt).toBeNull()
    const over = idle(missed, 2116)
    expect(over.voidAt).toBe(1_000)
    expect(isAtRest(over)).toBe(true)
  })

  test('that is seen again, or confirms after all, is not', () => {
    const over = idle(idle(open(), 100), 2116)
    expect(merge(over, { type: 'idle', idle: false }, at(2117))).toMatchObject({
      idleSinceHeight: null,
      voidAt: null,
    })
    expect(merge(over, seen(FIRST, { height: 2117, hash: 'h' }), at(2117)).voidAt).toBeNull()
  })
})

describe('what is at rest', () => {
  test('is final and classified, or void, and nothing else', () => {
    expect(isAtRest(aForeignPayment())).toBe(false)
    expect(isAtRest(confirmed())).toBe(false)
    expect(isAtRest({ ...final(), kind: 'unclassified' })).toBe(false)
    expect(isAtRest(final())).toBe(true)
  })
})

describe('what a spender is', () => {
  const splicing = aSplicing(FUNDING)
  const closing = aTransaction({
    inputs: [{ outpoint: FUNDING }],
    outputs: [{ script: P2WPKH, amountSats: 9 }],
  })
  test.each([
    ['a commitment', aCommitment(FUNDING), [], 'channel_close'],
    ['what funds nothing anew', closing, [], 'channel_close'],
    ['what could fund a channel', splicing, [], 'unclassified'],
    ['what made a funding that the node named', splicing, [outpointOf(splicing.txid, 0)], 'foreign_splice'],
    ['what made another output', splicing, [outpointOf(splicing.txid, 1)], 'unclassified'],
  ] as const)('%s', (_says, built, fundings, kind) => {
    expect(kindOf(built.parsed, FUNDING, fundings)).toBe(kind)
  })

  test('its figures are those of the transaction, and the change of capacity where one output can be meant', () => {
    const { parsed } = splicing
    const tx = onChain(splicing)
    const figures = { feeSats: 300, feeRateSatPerKw: Math.floor(300_000 / parsed.weight) }
    expect(amountsOf(tx, parsed, 1_000_000, 'unclassified', [])).toEqual({ ...figures, amountSats: -100_000 })
    expect(amountsOf(tx, parsed, null, 'unclassified', []).amountSats).toBeNull()
    expect(amountsOf(tx, parsed, 1_000_000, 'channel_close', []).amountSats).toBe(-1_000_000)
    expect(amountsOf({ ...tx, feeSats: null }, parsed, null, 'unclassified', [])).toEqual(NO_AMOUNTS)
    const two = aTransaction({
      inputs: [{ outpoint: FUNDING }],
      outputs: [P2WSH, P2WSH].map((script, n) => ({ script, amountSats: 500_000 + n })),
    })
    expect(amountsOf(onChain(two), two.parsed, 1_000_000, 'unclassified', []).amountSats).toBeNull()
    const named = [outpointOf(two.txid, 1)]
    expect(amountsOf(onChain(two), two.parsed, 1_000_000, 'foreign_splice', named).amountSats).toBe(-499_999)
  })
})
