import { describe, expect, test } from 'vitest'
import { worldFrom } from '../../simulator/world/world.ts'
import { CALL } from '../../harness/values.ts'
import { Scenario } from '../../harness/simulator/scenario.ts'

/** A splice-out that is signed and in the mempool. Core 29's rule keeps a minimal bump out of it. */
async function pending(incrementalRelaySatPerVb = 0.1): Promise<Scenario> {
  const scenario = Scenario.of({}, { incrementalRelaySatPerVb })
  expect(await scenario.out()).toBe(0)
  scenario.settle()
  return scenario
}

const inMempool = (scenario: Scenario): string[] => scenario.world.chain.mempool().map(({ txid }) => txid)

const candidates = (scenario: Scenario): string[] => scenario.channel.candidates.map(({ funding }) => funding.txid)

/** What came of broadcasting a candidate, each time. */
const broadcasts = (scenario: Scenario, txid: string): unknown[] =>
  scenario.world.journal.entries
    .filter((entry) => entry.type === 'candidate_broadcast' && entry.txid === txid)
    .map((entry) => entry.detail['rejection'])

describe('a fee bump that a client asks for', () => {
  test('replaces the candidate, and counts as no submission', async () => {
    const scenario = await pending()
    expect(await scenario.bump()).toBe(0)
    scenario.settle()
    expect(candidates(scenario)).toHaveLength(2)
    expect(inMempool(scenario)).toEqual([scenario.candidate()])
    expect(scenario.payouts()).toBe(1)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(1)
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(1)
  })

  test('is in the journal, received and executed', async () => {
    const scenario = await pending()
    scenario.alice.fault({ type: 'lose_reply' })
    expect(await scenario.bump()).toBeNull()
    const entries = scenario.world.journal.entries.filter(({ detail }) => detail['method'] === 'bump')
    const signedAt = scenario.world.now()
    expect(entries).toMatchObject([
      { type: 'request_received', channelId: scenario.id, detail: { fault: 'lose_reply', signedAt } },
      { type: 'request_executed', channelId: scenario.id, detail: { outcome: 'taken', status: 0 } },
    ])
    expect(entries[1]?.detail['request']).toBe(entries[0]?.serial)
  })

  test.each([
    ['with nothing pending', 9, async () => Scenario.of(), {}],
    ['of a channel that the node does not have', 9, pending, { userChannelId: '7' }],
    ['with an id that is none', 3, pending, { counterpartyNodeId: 'bob' }],
  ])('is refused %s', async (_, status, make, named) => {
    const scenario = await make()
    expect(await scenario.bump({}, named)).toBe(status)
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(0)
  })

  test('is refused while another one is under way, and once the candidate locks', async () => {
    const scenario = await pending()
    expect(await scenario.bump()).toBe(0)
    expect(await scenario.bump()).toBe(9)
    scenario.settle()
    scenario.world.mine(6)
    expect(await scenario.bump()).toBe(9)
    scenario.settle()
    expect(await scenario.bump()).toBe(9)
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(1)
  })

  test('waits for the peer, in memory only', async () => {
    const scenario = await pending()
    scenario.alice.disconnectPeer()
    expect(await scenario.bump()).toBe(0)
    scenario.settle()
    scenario.alice.restart()
    scenario.alice.connectPeer()
    scenario.settle()
    expect(candidates(scenario)).toHaveLength(1)
  })

  test('is unknown to a server without the method, until it has it', async () => {
    const scenario = Scenario.of({ hasFeeBump: false })
    await scenario.out()
    scenario.settle()
    expect(await scenario.bump()).toBe(12)
    expect(scenario.alice.bump(scenario.id)).toMatchObject({ ok: false, error: { status: 12 } })
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(0)
    scenario.alice.behaviour.hasFeeBump = true
    expect(await scenario.bump()).toBe(0)
  })
})

describe('a fault of a fee bump', () => {
  test.each([
    [{ type: 'drop' } as const, null],
    [{ type: 'refuse', status: 9 } as const, 9],
    [{ type: 'refuse', status: 13 } as const, 13],
    [{ type: 'down' } as const, null],
    [{ type: 'unauthenticated' } as const, 16],
  ])('%j: it is not executed, and the next one is', async (fault, status) => {
    const scenario = await pending()
    scenario.alice.fault(fault)
    expect(await scenario.bump()).toBe(status)
    scenario.alice.liftFaults()
    scenario.settle()
    expect(candidates(scenario)).toHaveLength(1)
    expect(await scenario.bump()).toBe(0)
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(1)
  })

  test('a lost reply: it is executed once', async () => {
    const scenario = await pending()
    scenario.alice.fault({ type: 'lose_reply' })
    expect(await scenario.bump()).toBeNull()
    scenario.settle()
    expect(candidates(scenario)).toHaveLength(2)
  })

  test.each([
    [60_000, 1],
    [60_001, 0],
  ])('late by %i ms: it is executed %i times, and the delay survives a saved world', async (ms, executed) => {
    const before = await pending()
    before.alice.fault({ type: 'late', ms })
    expect(await before.bump()).toBeNull()
    const scenario = new Scenario(worldFrom(JSON.parse(JSON.stringify(before.world))))
    scenario.world.advance(ms - 1)
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(0)
    scenario.settle()
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(executed)
    expect(candidates(scenario)).toHaveLength(1 + executed)
  })

  test('late until after the lock: there is nothing left to replace', async () => {
    const scenario = await pending()
    scenario.alice.fault({ type: 'late', ms: 30_000 })
    expect(await scenario.bump()).toBeNull()
    scenario.world.mine(6)
    scenario.world.advance(31_000)
    const last = scenario.world.journal.entries.filter(({ type }) => type === 'request_executed').at(-1)
    expect(last?.detail).toMatchObject({ method: 'bump', outcome: 'refused', status: 9 })
    expect(scenario.channel).toMatchObject({ queued: null, negotiation: null, candidates: [] })
  })

  test('signed too long ago, or its caller gone: it is not executed', async () => {
    const scenario = await pending()
    expect(await scenario.bump({ signedAt: scenario.world.now() - 60_001 })).toBe(16)
    expect(await scenario.bump({ signal: AbortSignal.abort() })).toBeNull()
    expect(scenario.world.journal.bumpsExecuted(scenario.id)).toBe(0)
  })

  test('does not hit the lever, which is not our request', async () => {
    const scenario = await pending()
    scenario.alice.fault({ type: 'drop' })
    expect(scenario.alice.bump(scenario.id).ok).toBe(true)
    expect(await scenario.out()).toBeNull()
  })
})

describe('a bump that is signed but not relayed', () => {
  async function unrelayed(): Promise<{ scenario: Scenario; old: string; unseen: string }> {
    const scenario = await pending(1)
    const old = scenario.candidate()
    expect(await scenario.bump()).toBe(0)
    scenario.settle()
    return { scenario, old, unseen: scenario.candidate() }
  }

  test('leaves the old candidate in the mempool', async () => {
    const { scenario, old, unseen } = await unrelayed()
    expect(candidates(scenario)).toEqual([old, unseen])
    expect(broadcasts(scenario, unseen)).toEqual(['insufficient fee'])
    expect(inMempool(scenario)).toEqual([old])
    expect(scenario.world.chain.transaction(unseen)).toBeNull()
    expect(scenario.payouts()).toBe(1)
    expect(scenario.events.at(-1)).toMatchObject({ type: 'splice_negotiated', txid: unseen })
  })

  test('is refused again at each tip and at a restart, and the old one stays', async () => {
    const { scenario, old, unseen } = await unrelayed()
    scenario.world.chain.withhold(old)
    scenario.world.mine(2)
    scenario.alice.restart()
    expect(broadcasts(scenario, unseen)).toEqual(Array.from({ length: 4 }, () => 'insufficient fee'))
    expect(broadcasts(scenario, old)).toEqual([null])
    expect(inMempool(scenario)).toEqual([old])
  })

  test('takes the place of the old one when that is evicted, or when the mempools ask for less', async () => {
    const evicted = await unrelayed()
    evicted.scenario.world.evict(evicted.old)
    evicted.scenario.world.mine(1)
    expect(inMempool(evicted.scenario)).toEqual([evicted.unseen])

    const eased = await unrelayed()
    eased.scenario.world.chain.withhold(eased.old)
    eased.scenario.world.chain.setRelayRule({ incrementalRelaySatPerVb: 0.1 })
    eased.scenario.world.mine(1)
    expect(inMempool(eased.scenario)).toEqual([eased.unseen])
  })

  test.each(['old', 'unseen'] as const)('either can confirm and lock: the %s one', async (which) => {
    const { scenario, ...txids } = await unrelayed()
    const winner = scenario.channel.candidates.find(({ funding }) => funding.txid === txids[which])
    if (winner === undefined) throw new Error('no such candidate')
    const transactions = which === 'old' ? [] : [winner.funding.hex]
    scenario.world.chain.mine(1, { transactions })
    expect(inMempool(scenario)).toEqual([])
    scenario.world.mine(5)
    scenario.settle()
    expect(scenario.channel.funding).toEqual(winner.funding)
    expect(scenario.channel.candidates).toEqual([])
    expect(scenario.channel.oursMsat).toBe(6_000_000_000 + winner.oursNetSats * 1000)
    expect(scenario.payouts()).toBe(1)
  })

  test('after a reorg either can still win', async () => {
    const { scenario, old, unseen } = await unrelayed()
    scenario.world.mine(2)
    const hex = scenario.channel.candidates[1]?.funding.hex ?? ''
    scenario.world.reorg(2, { transactions: [hex], drop: [old] })
    scenario.world.mine(3)
    scenario.settle()
    expect(scenario.channel.funding.txid).toBe(unseen)
    expect(scenario.payouts()).toBe(1)
  })

  test('is priced above the newest candidate, seen or not, when it is bumped again', async () => {
    const { scenario } = await unrelayed()
    expect(await scenario.bump()).toBe(0)
    scenario.settle()
    expect(scenario.channel.candidates.map(({ feeRateSatPerKw }) => feeRateSatPerKw)).toEqual([1000, 1041, 1084])
  })

  test('is relayed where the market asks for 1 sat/vB more anyway', async () => {
    const scenario = await pending(1)
    scenario.world.chain.setFeeRate(2_000)
    await scenario.bump()
    scenario.settle()
    expect(inMempool(scenario)).toEqual([scenario.candidate()])
  })
})

describe('the signs of a fee bump', () => {
  type Seen = readonly [claimableSats: unknown, outboundMsat: unknown, inboundMsat: unknown, value: unknown]

  async function look(scenario: Scenario): Promise<Seen> {
    const channels = await scenario.alice.rpc.listChannels(CALL)
    const balances = await scenario.alice.rpc.getBalances(CALL)
    if (!channels.ok || !balances.ok) throw new Error('no answer')
    const [channel] = channels.value
    const [claimable] = balances.value.claimable
    return [claimable?.amountSats, channel?.outboundMsat, channel?.inboundMsat, channel?.valueSats]
  }

  async function signed(incrementalRelaySatPerVb: number): Promise<Scenario> {
    const scenario = Scenario.of({ channels: [{ isOutbound: false }] }, { incrementalRelaySatPerVb })
    await scenario.out()
    scenario.settle()
    return scenario
  }

  test.each([
    ['relayed', 0.1],
    ['not relayed', 1],
  ])('of a splice-out, %s: claimable moves at the commitment, outbound once it is signed', async (_, rule) => {
    const scenario = await signed(rule)
    // 50,000 sat and a fee of 722 sat are out; the bump costs 30 sat more.
    const before = [5_949_278, 5_849_786_000, 3_900_000_000, 10_000_000]
    expect(await look(scenario)).toEqual(before)
    await scenario.bump()
    for (const ms of [100, 750]) {
      scenario.world.advance(ms)
      expect(await look(scenario)).toEqual(before)
    }
    scenario.world.advance(100)
    expect(scenario.channel.negotiation?.commitmentAccepted).toBe(true)
    expect(await look(scenario)).toEqual([5_949_248, 5_849_786_000, 3_900_000_000, 10_000_000])
    scenario.settle()
    const after = [5_949_248, 5_849_756_000, 3_900_000_000, 10_000_000]
    expect(await look(scenario)).toEqual(after)
    expect(inMempool(scenario)).toEqual([candidates(scenario)[rule === 1 ? 0 : 1]])
    scenario.alice.restart()
    scenario.settle()
    expect(await look(scenario)).toEqual(after)
  })

  test('are taken back when the old candidate locks after all', async () => {
    const scenario = await signed(1)
    await scenario.bump()
    scenario.settle()
    scenario.world.mine(6)
    scenario.settle()
    expect(await look(scenario)).toEqual([5_949_278, 5_849_786_000, 3_900_508_000, 9_949_278])
  })

  test('are those of before when its round fails', async () => {
    const scenario = await signed(1)
    const before = await look(scenario)
    scenario.alice.abortNext(scenario.id, 'awaiting_signatures')
    await scenario.bump()
    scenario.settle()
    expect(await look(scenario)).toEqual(before)
    expect(scenario.failures()).toEqual(['CounterpartyAborted'])
  })
})
