import { describe, expect, test } from 'vitest'
import { Scenario } from '../../harness/simulator/scenario.ts'

/** Virtual milliseconds after the request at which a round stands in a phase, by the default durations. */
const QUEUED = 100
const AWAITING_ACK = 300
const CONSTRUCTING = 600
const AWAITING_SIGNATURES = 850
const COMMITMENT_ACCEPTED = 950
const NEGOTIATED = 1_100

async function standingAt(ms: number, options: Parameters<typeof Scenario.of>[0] = {}): Promise<Scenario> {
  const scenario = Scenario.of(options)
  expect(await scenario.out()).toBe(0)
  scenario.world.advance(ms)
  return scenario
}

describe('a restart of the node', () => {
  test('loses a queued contribution without a trace', async () => {
    const scenario = await standingAt(QUEUED)
    scenario.alice.restart()
    scenario.settle()
    expect(scenario.failures()).toEqual([])
    expect(scenario.payouts()).toBe(0)
    expect(scenario.noted('contribution_lost')).toBe(1)
  })

  test('tells of a lost queued contribution where LDK does (#4918)', async () => {
    const scenario = await standingAt(QUEUED, { reportsLostQueued: true })
    scenario.alice.restart()
    scenario.settle()
    expect(scenario.failures()).toEqual(['PeerDisconnected'])
    expect(scenario.payouts()).toBe(0)
  })

  test.each([
    ['awaiting the ack', AWAITING_ACK, 'awaiting_ack'],
    ['under construction', CONSTRUCTING, 'constructing'],
  ])('loses a round %s, with an event', async (_, ms, phase) => {
    const scenario = await standingAt(ms)
    expect(scenario.channel.negotiation?.phase).toBe(phase)
    scenario.alice.restart()
    scenario.settle()
    expect(scenario.failures()).toEqual(['PeerDisconnected'])
    expect(scenario.payouts()).toBe(0)
  })

  test.each([
    ['waiting for the commitment', AWAITING_SIGNATURES, false],
    ['waiting for signatures', COMMITMENT_ACCEPTED, true],
  ])('keeps a round %s and resumes it at the reconnection', async (_, ms, accepted) => {
    const scenario = await standingAt(ms)
    expect(scenario.channel.negotiation).toMatchObject({
      phase: 'awaiting_signatures',
      commitmentAccepted: accepted,
    })
    scenario.alice.restart()
    expect(scenario.payouts()).toBe(0)
    scenario.settle()
    expect(scenario.failures()).toEqual([])
    expect(scenario.payouts()).toBe(1)
  })

  test('keeps what is negotiated, and locks it', async () => {
    const scenario = await standingAt(NEGOTIATED)
    const txid = scenario.candidate()
    scenario.alice.restart()
    scenario.settle()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.channel.funding.txid).toBe(txid)
  })

  test('broadcasts again what left the mempool', async () => {
    const scenario = await standingAt(NEGOTIATED)
    scenario.world.evict(scenario.candidate())
    expect(scenario.payouts()).toBe(0)
    scenario.alice.restart()
    expect(scenario.payouts()).toBe(1)
  })

  test('keeps a sent splice_locked, and exchanges it at the reconnection', async () => {
    const scenario = await standingAt(NEGOTIATED)
    const txid = scenario.candidate()
    scenario.world.mine(6)
    expect(scenario.channel.lockSentTxid).toBe(txid)
    scenario.alice.restart()
    scenario.settle()
    expect(scenario.channel.funding.txid).toBe(txid)
  })

  test('keeps what is promoted', async () => {
    const scenario = await standingAt(NEGOTIATED)
    scenario.world.mine(6)
    scenario.settle()
    const { funding } = scenario.channel
    scenario.alice.restart()
    scenario.settle()
    expect(scenario.channel.funding).toEqual(funding)
  })

  test('has a new start time and says so', async () => {
    const scenario = await standingAt(QUEUED)
    scenario.alice.restart()
    expect(scenario.alice.processStartedAt).toBe(scenario.world.now())
    expect(scenario.events.map((event) => event.type)).toEqual(['peer_disconnected', 'process_started'])
  })
})

describe('a disconnect of the peer', () => {
  test('keeps a queued contribution for the reconnection', async () => {
    const scenario = await standingAt(QUEUED)
    scenario.alice.disconnectPeer()
    scenario.settle()
    expect(scenario.payouts()).toBe(0)
    expect(scenario.failures()).toEqual([])
    scenario.alice.connectPeer()
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
  })

  test.each([
    ['awaiting the ack', AWAITING_ACK],
    ['under construction', CONSTRUCTING],
  ])('loses a round %s, with an event', async (_, ms) => {
    const scenario = await standingAt(ms)
    scenario.alice.disconnectPeer({ returnsAfterMs: 500 })
    scenario.settle()
    scenario.settle()
    expect(scenario.failures()).toEqual(['PeerDisconnected'])
    expect(scenario.payouts()).toBe(0)
  })

  test.each([
    ['waiting for the commitment', AWAITING_SIGNATURES],
    ['waiting for signatures', COMMITMENT_ACCEPTED],
  ])('keeps a round %s and resumes it', async (_, ms) => {
    const scenario = await standingAt(ms)
    scenario.alice.disconnectPeer()
    scenario.settle()
    expect(scenario.payouts()).toBe(0)
    scenario.alice.connectPeer()
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
    expect(scenario.failures()).toEqual([])
  })

  test('holds the lock up until the peer is back', async () => {
    const scenario = await standingAt(NEGOTIATED)
    const { funding } = scenario.channel
    scenario.alice.disconnectPeer()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.channel.funding).toEqual(funding)
    scenario.alice.connectPeer()
    scenario.settle()
    expect(scenario.channel.candidates).toEqual([])
    expect(scenario.channel.funding).not.toEqual(funding)
  })
})

describe('a reorg', () => {
  test('force-closes a channel whose locked funding is un-confirmed', async () => {
    const scenario = await standingAt(NEGOTIATED)
    scenario.world.mine(6)
    scenario.settle()
    scenario.world.reorg(6, { include: 'none' })
    expect(scenario.channel.status).toBe('closed')
    expect(scenario.noted('closed')).toBe(1)
  })

  test('withdraws a splice_locked that the peer has not answered', async () => {
    const scenario = await standingAt(NEGOTIATED)
    const txid = scenario.candidate()
    scenario.alice.disconnectPeer()
    scenario.world.mine(6)
    scenario.world.reorg(6, { include: 'none' })
    expect(scenario.channel.lockSentTxid).toBeNull()
    expect(scenario.channel.status).toBe('open')
    scenario.alice.connectPeer()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.channel.funding.txid).toBe(txid)
  })

  test('leaves a zero-conf channel open', async () => {
    const scenario = await standingAt(NEGOTIATED, { channels: [{ lockDepth: 0 }] })
    scenario.settle()
    scenario.world.mine(1)
    scenario.world.reorg(1, { include: 'none' })
    expect(scenario.channel.status).toBe('open')
  })
})
