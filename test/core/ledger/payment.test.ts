import { describe, expect, test } from 'vitest'
import { finalDepthOf, foreignPaymentOf, isPaymentId, paymentOf, standsAlone } from '../../../core/ledger/payment.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aForeignCandidate, aForeignPayment } from '../../../harness/records/payments.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { aTxid } from '../../../harness/values.ts'
import { aCandidate } from '../../../harness/records/attempts.ts'

const BLOCK = { height: 100, hash: aTxid('b') }
const mined = aCandidate({ txid: aTxid('1'), feeSats: 111, block: BLOCK })
const newer = aCandidate({ txid: aTxid('2'), feeSats: 222 })

describe('the payment of a splice', () => {
  test.each<[string, Partial<Splice>, number | null, string]>([
    ['nothing was seen', { state: 'submitted' }, 100, 'intended'],
    ['nobody can decide, and nothing was seen', { state: 'needs_attention' }, 100, 'intended'],
    ['a candidate was seen', { state: 'pending', candidates: [newer] }, 100, 'pending'],
    ['one has a confirmation', { state: 'confirmed', candidates: [mined, newer] }, 100, 'confirmed'],
    ['one has five', { state: 'confirmed', candidates: [mined] }, 104, 'confirmed'],
    ['one has six', { state: 'confirmed', candidates: [mined] }, 105, 'final'],
    ['nobody knows the tip', { state: 'confirmed', candidates: [mined] }, null, 'confirmed'],
    ['it is settled, and the tip lags', { state: 'settled', candidates: [mined] }, 99, 'final'],
    ['it failed', { state: 'failed', candidates: [newer] }, 100, 'void'],
    ['it was cancelled', { state: 'cancelled' }, 100, 'void'],
  ])('where %s', (_says, overrides, tip, status) => {
    expect(paymentOf(aSplice(overrides), tip, 6).status).toBe(status)
  })

  test('has the figures of the candidate that confirmed, else of the newest', () => {
    const { id, paymentId } = aSplice()
    const settled = paymentOf(aSplice({ state: 'settled', candidates: [mined, newer] }), 107, 6)
    expect(settled).toMatchObject({
      id: paymentId,
      spliceId: id,
      txid: mined.txid,
      feeSats: 111,
      confirmations: 8,
      block: BLOCK,
    })
    const pending = paymentOf(aSplice({ state: 'pending', candidates: [{ ...mined, block: null }, newer] }), 107, 6)
    expect(pending).toMatchObject({ txid: newer.txid, feeSats: 222, confirmations: 0, block: null })
    const third = aCandidate({ txid: aTxid('3') })
    const three = paymentOf(aSplice({ state: 'pending', candidates: [newer, newer, third] }), 107, 6)
    expect(three.txid).toBe(third.txid)
  })

  test('is final at the depth that the channel requires, if that is more', () => {
    expect(finalDepthOf({ finalDepth: 6 }, 3)).toBe(6)
    expect(finalDepthOf({ finalDepth: 6 }, 8)).toBe(8)
    expect(finalDepthOf({ finalDepth: 6 }, null)).toBe(6)
  })
})

describe('a foreign payment', () => {
  const confirmed = aForeignPayment({
    candidates: [aForeignCandidate({ block: BLOCK }), aForeignCandidate({ txid: aTxid('2') })],
  })
  const final = { ...confirmed, final: { at: 1, block: BLOCK } }
  test.each([
    ['pending', aForeignPayment()],
    ['confirmed', confirmed],
    ['final', final],
    ['void', aForeignPayment({ voidAt: 1 })],
  ])('is %s', (status, payment) => {
    expect(foreignPaymentOf(payment, 100)).toMatchObject({ status, spliceId: null, metadata: {} })
  })

  test('has the figures of the candidate that confirmed, else of the newest', () => {
    const newest = { txid: aTxid('2'), feeSats: 7, feeRateSatPerKw: 8, amountSats: -9, contributionSats: 10 }
    const candidates = [aForeignCandidate({ block: BLOCK, contributionSats: 11 }), aForeignCandidate(newest)]
    const { id, kind, node, network, channelId, createdAt } = confirmed
    expect(foreignPaymentOf({ ...confirmed, candidates }, 102)).toEqual({
      ...{ id, kind, node, network, channelId, createdAt, candidates },
      status: 'confirmed',
      spliceId: null,
      amountSats: 70_000,
      contributionSats: 11,
      txid: aTxid('1'),
      feeSats: 300,
      feeRateSatPerKw: 1_000,
      block: BLOCK,
      confirmations: 3,
      metadata: {},
    })
    const waiting = aForeignPayment({ candidates: [aForeignCandidate(), aForeignCandidate(newest)] })
    expect(foreignPaymentOf(waiting, 102)).toMatchObject({ ...newest, block: null, confirmations: 0 })
  })

  test('that ours absorbed stands for itself only if it confirmed after all, for good or with ours given up', () => {
    const ours = (state: Splice['state']): Splice => aSplice({ state })
    const absorbed = { absorbedBy: aTxid('5') }
    expect(standsAlone(aForeignPayment(absorbed), ours('failed'))).toBe(false)
    expect(standsAlone({ ...confirmed, ...absorbed }, ours('pending'))).toBe(false)
    expect(standsAlone({ ...confirmed, ...absorbed }, ours('failed'))).toBe(true)
    expect(standsAlone({ ...confirmed, ...absorbed }, ours('cancelled'))).toBe(true)
    expect(standsAlone({ ...final, ...absorbed }, ours('needs_attention'))).toBe(true)
  })
})

test('ids of payments and of splices cannot be taken for each other', () => {
  expect(isPaymentId(aTxid('a'))).toBe(true)
  expect(isPaymentId(aSplice().id)).toBe(false)
  expect(isPaymentId(aTxid('A'))).toBe(false)
  expect(isPaymentId(`${aTxid('a')}a`)).toBe(false)
  expect(isPaymentId(`a${aTxid('a')}`)).toBe(false)
})
