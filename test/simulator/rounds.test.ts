import { describe, expect, test } from 'vitest'
import { minRbfFeeRateSatPerKw } from '../../simulator/ldk/contribution.ts'
import { ADDRESS, CALL } from '../../harness/values.ts'
import { OTHER_ADDRESS, Scenario } from '../../harness/simulator/scenario.ts'

describe('what a node refuses', () => {
  const cases: [string, number, (scenario: Scenario) => Promise<number | null>][] = [
    ['an address of another network', 3, (s) => s.out(50_000, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')],
    ['no address at all', 3, (s) => s.out(50_000, 'nonsense')],
    ['no amount', 3, (s) => s.out(0)],
    ['more than the outbound capacity', 9, (s) => s.out(5_950_000)],
    ['more than the wallet holds', 9, (s) => s.in(11_000_000)],
    ['a splice on a closed channel', 9, (s) => (s.alice.close(s.id, 'force'), s.out())],
  ]
  test.each(cases)('%s', async (_, status, ask) => {
    const scenario = Scenario.of()
    expect(await ask(scenario)).toBe(status)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(0)
  })

  test('an unknown channel', async () => {
    const scenario = Scenario.of()
    const request = { userChannelId: '7', counterpartyNodeId: scenario.channel.peerId, amountSats: 1000 }
    expect(await scenario.alice.rpc.spliceIn(request, CALL)).toMatchObject({
      ok: false,
      error: { status: 9 },
    })
    const malformed = { ...request, counterpartyNodeId: 'bob' }
    expect(await scenario.alice.rpc.spliceIn(malformed, CALL)).toMatchObject({
      ok: false,
      error: { status: 3 },
    })
  })

  test('more than leaves the reserve, with an event', async () => {
    const scenario = Scenario.of({ channels: [{ oursSats: 150_000 }] })
    expect(await scenario.out(50_000)).toBe(9)
    expect(scenario.failures()).toEqual(['ContributionInvalid'])
  })
})

describe('a round that fails', () => {
  test.each(['awaiting_ack', 'constructing', 'awaiting_signatures'] as const)(
    'aborted by the peer in %s',
    async (phase) => {
      const scenario = Scenario.of()
      scenario.alice.abortNext(scenario.id, phase)
      await scenario.out()
      scenario.settle()
      expect(scenario.failures()).toEqual(['CounterpartyAborted'])
      expect(scenario.channel.negotiation).toBeNull()
      expect(await scenario.out()).toBe(0)
      scenario.settle()
      expect(scenario.payouts()).toBe(1)
    },
  )

  test('over a dust output is aborted by the receiver', async () => {
    const scenario = Scenario.of()
    expect(await scenario.out(293)).toBe(0)
    scenario.settle()
    expect(scenario.failures()).toEqual(['CounterpartyAborted'])
  })

  test('with a stale contribution loses it and the connection', async () => {
    const scenario = Scenario.of()
    scenario.alice.staleNext(scenario.id)
    await scenario.out()
    scenario.settle()
    expect(scenario.failures()).toEqual(['ContributionInvalid'])
    expect(scenario.events.map(({ type }) => type)).toContain('peer_disconnected')
    expect(scenario.alice.channels()).toHaveLength(1)
    expect((await scenario.alice.rpc.listPeers(CALL)).ok).toBe(true)
    expect(await scenario.out()).toBe(0)
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
  })

  test('turns stale by itself when the balance moves away', async () => {
    const scenario = Scenario.of()
    await scenario.out(1_100_000)
    scenario.alice.lightningPayment(scenario.id, -4_850_000_000)
    scenario.settle()
    expect(scenario.failures()).toEqual(['ContributionInvalid'])
  })

  test('keeps its reason to itself where the relay gets none', async () => {
    const scenario = Scenario.of({ forwardReasons: false })
    scenario.alice.abortNext(scenario.id)
    await scenario.out()
    scenario.settle()
    expect(scenario.failures()).toEqual([undefined])
  })
})

describe('a fee bump', () => {
  test('follows LDK’s rule', () => {
    expect(minRbfFeeRateSatPerKw(253)).toBe(278)
    expect(minRbfFeeRateSatPerKw(600)).toBe(625)
    expect(minRbfFeeRateSatPerKw(2490)).toBe(2593)
  })

  test('replaces the candidate, with the same output', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    expect(scenario.alice.bump(scenario.id).ok).toBe(true)
    scenario.settle()
    expect(scenario.channel.candidates.map(({ feeRateSatPerKw }) => feeRateSatPerKw)).toEqual([1000, 1041])
    expect(scenario.world.chain.mempool().map(({ txid }) => txid)).toEqual([scenario.candidate()])
    expect(scenario.payouts()).toBe(1)
  })

  test('that is signed but too small for the mempools is not relayed', async () => {
    const scenario = Scenario.of({}, { incrementalRelaySatPerVb: 1 })
    await scenario.out()
    scenario.settle()
    const first = scenario.candidate()
    scenario.alice.bump(scenario.id)
    scenario.settle()
    scenario.world.chain.withhold(first)
    scenario.world.mine(1)
    expect(scenario.channel.candidates).toHaveLength(2)
    expect(scenario.world.chain.mempool().map(({ txid }) => txid)).toEqual([first])
  })

  test('goes no higher than one and a half of the estimate', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    for (let n = 0; n < 20; n++) {
      scenario.alice.bump(scenario.id)
      scenario.settle()
    }
    expect(scenario.channel.candidates.at(-1)?.feeRateSatPerKw).toBeLessThanOrEqual(1500)
    expect(scenario.alice.bump(scenario.id)).toMatchObject({ ok: false, error: { status: 9 } })
    scenario.world.chain.setFeeRate(5_000)
    expect(scenario.alice.bump(scenario.id).ok).toBe(true)
  })

  test('loses to an earlier candidate that a miner takes', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    const first = scenario.channel.candidates[0]?.funding
    scenario.alice.bump(scenario.id)
    scenario.settle()
    scenario.world.chain.mine(1, { transactions: [first?.hex ?? ''] })
    scenario.world.mine(5)
    scenario.settle()
    expect(scenario.channel.funding.txid).toBe(first?.txid)
    expect(scenario.payouts()).toBe(1)
  })

  test('may take other coins for a splice-in', async () => {
    const scenario = Scenario.of({ walletCoinsSats: [101_200, 60_000] })
    expect(await scenario.in(100_000)).toBe(0)
    scenario.settle()
    expect(scenario.channel.candidates[0]?.ours?.coins).toHaveLength(1)
    scenario.world.chain.setFeeRate(1_500)
    expect(scenario.alice.bump(scenario.id).ok).toBe(true)
    scenario.settle()
    expect(scenario.channel.candidates[1]?.ours?.coins).toHaveLength(2)
    expect(scenario.world.chain.mempool().map(({ txid }) => txid)).toEqual([scenario.candidate()])
  })

  test('by the peer carries ours on', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    scenario.alice.peerReplace(scenario.id)
    scenario.settle()
    expect(scenario.channel.candidates).toMatchObject([{ initiator: 'us' }, { initiator: 'peer' }])
    expect(scenario.payouts()).toBe(1)
    expect(scenario.events.filter(({ type }) => type === 'splice_negotiated')).toHaveLength(2)
  })
})

describe('the signs of a splice under way', () => {
  test('show it to those who look at balances (S1, S3)', async () => {
    const scenario = Scenario.of({ channels: [{ isOutbound: false }] })
    const look = async (): Promise<unknown> => {
      const channels = await scenario.alice.rpc.listChannels(CALL)
      const balances = await scenario.alice.rpc.getBalances(CALL)
      if (!channels.ok || !balances.ok) throw new Error('no answer')
      const [channel] = channels.value
      const [claimable] = balances.value.claimable
      return [claimable?.amountSats, channel?.outboundMsat, channel?.inboundMsat, channel?.valueSats]
    }
    await scenario.out()
    expect(await look()).toEqual([6_000_000, 5_900_000_000, 3_900_000_000, 10_000_000])
    scenario.world.advance(850)
    expect(await look()).toEqual([6_000_000, 5_900_000_000, 3_900_000_000, 10_000_000])
    scenario.world.advance(100)
    expect(await look()).toEqual([5_949_278, 5_900_000_000, 3_900_000_000, 10_000_000])
    scenario.settle()
    expect(await look()).toEqual([5_949_278, 5_849_786_000, 3_900_000_000, 10_000_000])
    scenario.world.mine(6)
    scenario.settle()
    expect(await look()).toEqual([5_949_278, 5_849_786_000, 3_900_508_000, 9_949_278])
  })

  test('are nothing but a queued contribution while the peer is away', async () => {
    const scenario = Scenario.of()
    scenario.alice.disconnectPeer()
    expect(await scenario.out(50_000, OTHER_ADDRESS)).toBe(0)
    scenario.settle()
    expect(scenario.channel.queued).not.toBeNull()
    const channels = await scenario.alice.rpc.listChannels(CALL)
    expect(channels).toMatchObject({ value: [{ isUsable: false, isReady: true }] })
  })
})

describe('a splice that the peer never locks', () => {
  test('stays where it is until the peer does', async () => {
    const scenario = Scenario.of()
    scenario.alice.setPeerLocks(scenario.id, false)
    await scenario.out(50_000, ADDRESS)
    scenario.settle()
    scenario.world.mine(20)
    scenario.settle()
    expect(scenario.channel.candidates).toHaveLength(1)
    scenario.alice.setPeerLocks(scenario.id, true)
    scenario.settle()
    expect(scenario.channel.candidates).toHaveLength(0)
  })
})
