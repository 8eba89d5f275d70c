import { describe, expect, test } from 'vitest'
import { balanceMoved, balanceSignalsOf } from '../../../core/decision/balance-signals.ts'
import { aChannel } from '../../../harness/looks/node.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'

test('the signs are what a close would pay beyond the balance, and what of the value is in neither balance', () => {
  const channel = aChannel({
    capacitySats: 1_000_000,
    outboundMsat: 600_000_999,
    inboundMsat: 300_000_999,
    claimableSats: 599_000,
    closeFeeSats: 700,
  })
  expect(balanceSignalsOf(channel)).toEqual({ claimableSats: -300, reservedSats: 100_000 })
  expect(balanceSignalsOf({ ...channel, closeFeeSats: null }).claimableSats).toBe(-1_000)
  expect(balanceSignalsOf({ ...channel, claimableSats: null }).claimableSats).toBeNull()
})

describe('a sign has moved by half the amount of 50,000, up or down', () => {
  const none = { claimableSats: null, reservedSats: null }
  test.each<[string, { before: number | null; now: number | null }, boolean]>([
    ['just under half', { before: 100, now: 25_099 }, false],
    ['half, up', { before: 100, now: 25_100 }, true],
    ['half, down', { before: 100, now: -24_900 }, true],
    ['not told before', { before: null, now: 90_000 }, false],
    ['not told now', { before: 90_000, now: null }, false],
  ])('%s', (_says, { before, now }, moved) => {
    const splice = (key: 'claimableSats' | 'reservedSats') => aSubmittedSplice({ baseline: { ...none, [key]: before } })
    for (const key of ['claimableSats', 'reservedSats'] as const)
      expect(balanceMoved(splice(key), { ...none, [key]: now }), key).toBe(moved)
  })

  test('without a baseline nothing has', () => {
    expect(balanceMoved(aSubmittedSplice({ baseline: null }), { claimableSats: 0, reservedSats: 0 })).toBe(false)
  })
})
