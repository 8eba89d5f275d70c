import { describe, expect, test } from 'vitest'
import { CALL } from '../../harness/values.ts'
import { Scenario, START } from '../../harness/simulator/scenario.ts'

describe('a request whose reply is lost', () => {
  test('is executed', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'lose_reply' })
    expect(await scenario.out()).toBeNull()
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(1)
  })

  test('may have been refused', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'lose_reply' })
    expect(await scenario.out(9_000_000)).toBeNull()
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(0)
  })
})

describe('a late request', () => {
  test.each([
    [59_999, 1],
    [60_000, 1],
    [60_001, 0],
  ])('that comes after %i ms is executed %i times: the auth window is 60 s', async (ms, executed) => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'late', ms })
    expect(await scenario.out()).toBeNull()
    scenario.world.advance(ms - 1)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(0)
    scenario.world.advance(3_000)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(executed)
    expect(scenario.payouts()).toBe(executed)
    const outcome = scenario.world.journal.entries.find(({ type }) => type === 'request_executed')
    expect(outcome?.detail['status']).toBe(executed === 1 ? 0 : 16)
  })

  test('counts from when it was signed', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'late', ms: 30_000 })
    expect(await scenario.out(50_000, undefined, { signedAt: START - 40_000 })).toBeNull()
    scenario.world.advance(40_000)
    expect(scenario.payouts()).toBe(0)
  })

  test('outlives a restart of the node: the process that gets it is another', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'late', ms: 5_000 })
    await scenario.out()
    scenario.alice.restart()
    scenario.world.advance(8_000)
    expect(scenario.payouts()).toBe(1)
  })

  test('never arrives at a node that is down', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'late', ms: 5_000 })
    await scenario.out()
    scenario.alice.fault({ type: 'down' })
    scenario.world.advance(8_000)
    scenario.alice.liftFaults()
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(0)
  })
})

describe('a request that is not executed', () => {
  test.each([
    [{ type: 'drop' } as const, null],
    [{ type: 'refuse', status: 9 } as const, 9],
    [{ type: 'refuse', status: 14 } as const, 14],
  ])('%j', async (fault, status) => {
    const scenario = Scenario.of()
    scenario.alice.fault(fault)
    expect(await scenario.out()).toBe(status)
    scenario.settle()
    expect(scenario.payouts()).toBe(0)
    expect(scenario.noted('request_received')).toBe(1)
    expect(await scenario.out()).toBe(0)
  })

  test('with a signature that is too old', async () => {
    const scenario = Scenario.of()
    expect(await scenario.out(50_000, undefined, { signedAt: START - 60_001 })).toBe(16)
    expect(await scenario.out(50_000, undefined, { signedAt: START + 60_001 })).toBe(16)
    expect(await scenario.out(50_000, undefined, { signedAt: START - 60_000 })).toBe(0)
  })

  test('whose caller is gone already', async () => {
    const scenario = Scenario.of()
    expect(await scenario.out(50_000, undefined, { signal: AbortSignal.abort() })).toBeNull()
    expect(scenario.noted('request_received')).toBe(0)
  })
})

describe('a standing fault', () => {
  test('leaves reads alone unless the node is down or does not know us', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'drop' }, 'always')
    expect((await scenario.alice.rpc.getNodeInfo(CALL)).ok).toBe(true)
    expect(await scenario.out()).toBeNull()
    expect(await scenario.out()).toBeNull()
    scenario.alice.fault({ type: 'unauthenticated' })
    expect(await scenario.alice.rpc.getNodeInfo(CALL)).toMatchObject({ ok: false, error: { status: 16 } })
    expect(await scenario.out()).toBe(16)
    scenario.alice.fault({ type: 'down' })
    expect(await scenario.alice.rpc.listChannels(CALL)).toMatchObject({ ok: false, error: { status: null } })
    expect(await scenario.out()).toBeNull()
    scenario.alice.liftFaults()
    expect(await scenario.out()).toBe(0)
  })

  test('is not used up before those that stand in the queue', async () => {
    const scenario = Scenario.of()
    scenario.alice.fault({ type: 'drop' })
    scenario.alice.fault({ type: 'refuse', status: 9 })
    expect(await scenario.out()).toBeNull()
    expect(await scenario.out()).toBe(9)
    expect(await scenario.out()).toBe(0)
  })
})

describe('the peer', () => {
  test('is connected at our wish only if it is within reach', async () => {
    const scenario = Scenario.of()
    const { peerId } = scenario.channel
    scenario.alice.disconnectPeer()
    const refused = await scenario.alice.rpc.connectPeer(peerId, 'bob.example:9735', CALL)
    expect(refused).toMatchObject({ ok: false, error: { status: 9 } })
    scenario.alice.disconnectPeer({ returnsAfterMs: 60_000 })
    expect((await scenario.alice.rpc.connectPeer(peerId, 'bob.example:9735', CALL)).ok).toBe(true)
    const peers = await scenario.alice.rpc.listPeers(CALL)
    expect(peers).toMatchObject({ value: [{ nodeId: peerId, connected: true }] })
  })
})
