import { describe, expect, test } from 'vitest'
import type { NodeLook } from '../../../core/ports/node.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aChannel, capabilities } from '../../../harness/looks/node.ts'
import { aCandidate, aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aChannelSeen } from '../../../harness/records/states.ts'
import { aCommitment, aSplicing } from '../../../harness/transactions.ts'
import { FUNDING, NOW, aTxid } from '../../../harness/values.ts'
import { NEXT, atDepth, moved, onNext, ours, rival, seen, spent, verdict, type Given } from './verdict-of.ts'

describe('balanceSignals', () => {
  // The baseline of the submitted splice is 0 and 0; half of its amount is 25,000.
  const cases: (readonly [string, Given['channel'], boolean])[] = [
    ['nothing moved', {}, false],
    ['claimable down by just under half', { claimableSats: 575_001 }, false],
    ['claimable down by exactly half', { claimableSats: 575_000 }, true],
    ['claimable up by exactly half', { claimableSats: 625_000 }, true],
    ['the fee of the close is counted in', { claimableSats: 575_000, closeFeeSats: 1 }, false],
    ['the node does not tell', { claimableSats: null }, false],
    ['reserved up by just under half', { outboundMsat: 575_001_000, claimableSats: 575_001 }, false],
    ['reserved up by exactly half', { outboundMsat: 575_000_000, claimableSats: 575_000 }, true],
    ['a payment that went to the peer', { outboundMsat: 1_000, inboundMsat: 999_999_000, claimableSats: 1 }, false],
    ['a negotiation', { negotiation: 'active' }, true],
    ['none', { negotiation: 'none' }, false],
    ['a candidate, as the node reports it', { candidates: [{ txid: ours.txid, signed: false }] }, true],
    ['none, as the node reports it', { candidates: [] }, false],
  ]
  test.each(cases)('%s', (_says, channel, isBusy) => expect(verdict({ channel: channel ?? {} }).isBusy).toBe(isBusy))

  test('a spent funding stirs, a foreign lock does not, and without a look nothing is said', () => {
    expect(verdict({ chain: spent(null, 'none') }).isBusy).toBe(true)
    expect(verdict({ chain: null }).isBusy).toBe(true)
    expect(verdict({ chain: moved(190, 'none'), channel: onNext }).isBusy).toBe(false)
    expect(verdict({ channel: null }), 'the channel is gone, and its peer with it').toMatchObject({
      channelGone: true,
      peerConnected: false,
      isBusy: false,
    })
    expect(verdict({ node: null, channel: null, chain: null }).isBusy).toBe(false)
  })

  const away = aChannel({ channelId: 'd'.repeat(64) })
  const picks = (node: Partial<NodeLook>, leaseScope: 'channel' | 'node' = 'node') =>
    verdict({ node: { capabilities: capabilities({ leaseScope: leaseScope }), ...node } }).isBusy
  test('a node that picks the channel itself may have picked another one that it lists', () => {
    expect(picks({})).toBe(false)
    expect(picks({ channels: [aChannel(), away] })).toBe(true)
    expect(picks({ channels: [aChannel(), { ...away, closing: true }] })).toBe(false)
    expect(picks({ channels: [aChannel(), away] }, 'channel')).toBe(false)
  })

  test('what a node lists as paid out since the first living attempt may be ours, whatever the channel', () => {
    const startedAt = anAttempt().startedAt
    const paid = (at: number, amountSats = 50_000) => picks({ payouts: [{ txid: ours.txid, amountSats, at }] })
    expect(paid(startedAt)).toBe(true)
    expect(paid(startedAt - 60_000), 'its clock may be behind').toBe(true)
    expect(paid(startedAt - 60_001), 'an earlier one').toBe(false)
    expect(paid(startedAt, 50_001), 'another amount').toBe(false)
    const splice = aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })
    const payouts = [{ txid: ours.txid, amountSats: 50_000, at: NOW }]
    expect(verdict({ splice, node: { payouts } }).isBusy, 'no attempt is alive').toBe(false)
  })

  test('without a baseline no sign has moved', () => {
    const splice = aSubmittedSplice({ baseline: null })
    expect(verdict({ splice, channel: { claimableSats: 0 } }).isBusy).toBe(false)
  })
})

describe('a node that is not the one that was', () => {
  const older = (fundingSince: number): Given => ({
    more: { channelState: aChannelSeen({ earlier: [FUNDING], fundingSince }) },
  })
  const fundingHistory = aSubmittedSplice({ fundingHistory: [FUNDING, NEXT] })
  const cases: (readonly [string, Given, boolean])[] = [
    ['on the newest funding', { splice: fundingHistory, channel: onNext }, false],
    ['on an older funding of the funding history', { splice: fundingHistory }, true],
    ['on one that was seen earlier', { more: { channelState: aChannelSeen({ earlier: [FUNDING] }) } }, true],
    ['on none that it names', { channel: { funding: null } }, false],
    ['without the channel', { channel: null }, false],
    ['on one that nobody saw', { channel: { funding: `${aTxid('9')}:0` } }, false],
    ['another node id', { node: { nodeId: `02${'9'.repeat(64)}` } }, true],
    ['another network', { node: { network: 'bitcoin' } }, true],
    ['no look', { node: null, channel: null }, false],
    ['seen earlier, in a look from just after the lock', { ...older(NOW - 1) }, true],
    ['seen earlier, in a look from before the lock', { ...older(NOW) }, false],
    ['on an older funding, never written down', { splice: fundingHistory, more: { channelState: null } }, false],
  ]
  test.each(cases)('%s', (_says, given, back) => expect(verdict(given).nodeWentBack).toBe(back))

  test('what another node says is not taken for its word', () => {
    const node = {
      nodeId: `02${'9'.repeat(64)}`,
      capabilities: capabilities({ nonExecutionProofs: ['quiet_absence'] }),
    }
    expect(verdict({ node })).toMatchObject({
      peerConnected: null,
      balanceSignals: null,
      isBusy: false,
      nonExecutionProofs: [],
      channelGone: false,
    })
    expect(verdict({ node, channel: null }).channelGone).toBe(false)
  })

  test('the funding history grows by what the node stands on, along the walk, and never back', () => {
    const chain = moved(190, 'none')
    expect(verdict({ chain, channel: onNext }).fundingHistory).toEqual([FUNDING, NEXT])
    expect(verdict({ chain }).fundingHistory).toEqual([FUNDING])
    expect(verdict({ channel: onNext }).fundingHistory, 'not on the walk').toEqual([FUNDING])
    expect(verdict({ chain, channel: { funding: null } }).fundingHistory).toEqual([FUNDING])
    const further = {
      fundingSpends: [...chain.fundingSpends, aFundingSpend({ outpoint: `${aTxid('9')}:0` })],
    }
    expect(verdict({ chain: further, channel: onNext }).fundingHistory, 'no further').toEqual([FUNDING, NEXT])
    const earlier = { channelState: aChannelSeen({ earlier: [NEXT] }) }
    expect(verdict({ chain, channel: onNext, more: earlier }).fundingHistory).toEqual([FUNDING])
  })
})

describe('the watch', () => {
  const watched = aSubmittedSplice({ state: 'settled', watch: { from: FUNDING, untilHeight: null } })
  const second = aSplicing(NEXT)
  const both = (height: number | null) => [
    ...spent(190).fundingSpends,
    aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, second, 'none', height) }),
  ]
  const close = (height: number | null) => [
    aFundingSpend({ spender: aFundingSpender(FUNDING, aCommitment(FUNDING), 'none', height) }),
  ]
  const elsewhere: Splice = { ...watched, watch: { from: `${aTxid('9')}:0`, untilHeight: null } }
  test.each<[string, Splice, ReturnType<typeof aFundingSpend>[], boolean]>([
    ['nothing is spent', watched, [aFundingSpend()], false],
    ['the first outpoint is spent', watched, moved(190).fundingSpends, false],
    ['both are spent, the second six deep', watched, both(atDepth(6)), true],
    ['both are spent, the second five deep', watched, both(atDepth(5)), false],
    ['both are spent, the second in the mempool', watched, both(null), false],
    ['the first is spent by a close, final', watched, close(atDepth(6)), true],
    ['the first is spent by a close, five deep', watched, close(atDepth(5)), false],
    ['the watched outpoint is not on the walk', elsewhere, both(190), false],
    ['the same, and the walk ends in a close', elsewhere, close(atDepth(6)), false],
    ['one was spent before the watch', { ...watched, watch: { from: NEXT, untilHeight: null } }, both(190), false],
    ['one beside them is spent', watched, [...moved(190).fundingSpends, ...spent(190).fundingSpends], false],
    ['nothing is watched', { ...watched, watch: null }, both(190), false],
  ])('%s', (_says, splice, fundingSpends, expected) =>
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends } }).watchedSpent).toBe(expected),
  )
})

test('a replacement that the node signed and no source shows is one that none of the candidates is', () => {
  const splice = aSubmittedSplice({ candidates: [seen, aCandidate({ txid: rival.txid })] })
  const reported = (txid: string, signed: boolean) =>
    verdict({ splice, channel: { candidates: [{ txid, signed }] } }).signedUnseen
  expect(reported(ours.txid, true)).toBe(false)
  expect(reported(aTxid('9'), true)).toBe(true)
  expect(reported(aTxid('9'), false)).toBe(false)
  expect(verdict({ splice }).signedUnseen).toBe(false)
})
