import { describe, expect, test } from 'vitest'
import { OTHER_ADDRESS, Scenario } from '../../harness/simulator/scenario.ts'

/** The peer splices, and our contribution is merged into its first round. */
async function mergedAsAcceptor(overlapGuard: boolean): Promise<Scenario> {
  const scenario = Scenario.of({ overlapGuard })
  scenario.alice.peerSplice(scenario.id, { amountSats: 300_000, mergeOurs: true })
  expect(await scenario.out()).toBe(0)
  scenario.world.advance(300)
  expect(scenario.channel.negotiation).toMatchObject({ initiator: 'peer', ours: { amountSats: 50_000 } })
  return scenario
}

describe('a second contribution while the first is merged into the peer’s first round', () => {
  test('without the guard waits on the lock and pays a second time', async () => {
    const scenario = await mergedAsAcceptor(false)
    expect(await scenario.out()).toBe(0)
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
    expect(scenario.channel.queued).not.toBeNull()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.payouts()).toBe(2)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(2)
  })

  test('with the guard is refused with an event, although the first is alive', async () => {
    const scenario = await mergedAsAcceptor(true)
    expect(await scenario.out()).toBe(9)
    expect(scenario.failures()).toEqual(['CannotInitiateRbf'])
    scenario.settle()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
    expect(scenario.world.journal.submissionsExecuted(scenario.id)).toBe(1)
  })

  test('with the guard waits on the lock if it pays another script', async () => {
    const scenario = await mergedAsAcceptor(true)
    expect(await scenario.out(50_000, OTHER_ADDRESS)).toBe(0)
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.world.journal.effectiveSplices()).toHaveLength(2)
    expect(scenario.payouts()).toBe(1)
  })
})

describe('a second contribution while ours is pending', () => {
  test.each([true, false])('is refused without an event once it is negotiated (guard: %s)', async (overlapGuard) => {
    const scenario = Scenario.of({ overlapGuard })
    await scenario.out()
    scenario.settle()
    expect(await scenario.out()).toBe(9)
    expect(await scenario.out(60_000, OTHER_ADDRESS)).toBe(9)
    expect(scenario.failures()).toEqual([])
  })

  test('is refused while the first is queued or negotiated by us', async () => {
    const scenario = Scenario.of({ overlapGuard: false })
    await scenario.out()
    expect(await scenario.out()).toBe(9)
    scenario.world.advance(500)
    expect(await scenario.out()).toBe(9)
    scenario.settle()
    expect(scenario.payouts()).toBe(1)
    expect(scenario.failures()).toEqual([])
  })
})

describe('a zero-conf channel', () => {
  test('locks a splice at once', async () => {
    const scenario = Scenario.of({ channels: [{ lockDepth: 0 }] })
    const before = scenario.channel.funding.txid
    await scenario.out()
    scenario.settle()
    expect(scenario.channel.funding.txid).not.toBe(before)
    expect(scenario.world.chain.confirmations(scenario.channel.funding.txid)).toBe(0)
  })

  test.each([
    { overlapGuard: false, status: 0, payouts: 2 },
    { overlapGuard: true, status: 9, payouts: 1 },
  ])('hides the pending splice (guard: $overlapGuard)', async ({ overlapGuard, status, payouts }) => {
    const scenario = Scenario.of({ overlapGuard, channels: [{ lockDepth: 0 }] })
    await scenario.out()
    scenario.world.advance(1_050)
    expect(scenario.channel.candidates).toHaveLength(1)
    expect(await scenario.out()).toBe(status)
    scenario.settle()
    expect(scenario.payouts()).toBe(payouts)
  })

  test('takes a second splice right after the lock, guard or not', async () => {
    const scenario = Scenario.of({ channels: [{ lockDepth: 0 }] })
    await scenario.out()
    scenario.settle()
    expect(await scenario.out()).toBe(0)
    scenario.settle()
    expect(scenario.payouts()).toBe(2)
  })

  test('takes no bump', async () => {
    const scenario = Scenario.of({ channels: [{ lockDepth: 0 }] })
    await scenario.out()
    scenario.world.advance(1_050)
    expect(scenario.alice.bump(scenario.id)).toMatchObject({ ok: false, error: { status: 9 } })
  })
})

describe('a bump that is still queued when its candidate locks', () => {
  test.each([
    { overlapGuard: false, payouts: 2, failures: [] },
    { overlapGuard: true, payouts: 1, failures: ['CannotInitiateRbf'] },
  ])(
    'runs as a second splice without the guard (guard: $overlapGuard)',
    async ({ overlapGuard, payouts, failures }) => {
      const scenario = Scenario.of({ overlapGuard })
      await scenario.out()
      scenario.settle()
      scenario.alice.disconnectPeer()
      expect(scenario.alice.bump(scenario.id).ok).toBe(true)
      scenario.world.mine(6)
      scenario.alice.connectPeer()
      scenario.settle()
      expect(scenario.payouts()).toBe(payouts)
      expect(scenario.failures()).toEqual(failures)
    },
  )
})

describe('a round of the peer that goes first without ours', () => {
  test('leaves ours waiting on the lock, and it runs on the new funding', async () => {
    const scenario = Scenario.of()
    scenario.alice.peerSplice(scenario.id, { amountSats: -200_000, mergeOurs: false })
    await scenario.out()
    scenario.settle()
    expect(scenario.payouts()).toBe(0)
    expect(scenario.channel.queued).not.toBeNull()
    expect(scenario.events.filter(({ type }) => type === 'splice_negotiated')).toEqual([])
    const foreign = scenario.candidate()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.channel.funding.txid).toBe(foreign)
    expect(scenario.payouts()).toBe(1)
  })

  test('is joined by ours where we win the tie', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.alice.peerSplice(scenario.id, { amountSats: 100_000, mergeOurs: true, initiator: 'us' })
    scenario.settle()
    expect(scenario.channel.candidates).toMatchObject([{ initiator: 'us', theirs: { amountSats: 100_000 } }])
    expect(scenario.payouts()).toBe(1)
  })

  test('lets ours join by replacing it where the feerate allows', async () => {
    const scenario = Scenario.of()
    scenario.alice.peerSplice(scenario.id, { amountSats: 200_000, mergeOurs: false })
    scenario.settle()
    expect(await scenario.out()).toBe(0)
    scenario.settle()
    expect(scenario.channel.candidates).toHaveLength(2)
    expect(scenario.payouts()).toBe(1)
    expect(scenario.world.chain.mempool()).toHaveLength(1)
  })
})
