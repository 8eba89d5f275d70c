import { describe, expect, test } from 'vitest'
import { createWorld, worldFrom, type World } from '../../simulator/world/world.ts'
import { CALL } from '../../harness/values.ts'
import { Scenario, START } from '../../harness/simulator/scenario.ts'

/** A script of everything, which can be interrupted between any two of its acts. */
const ACTS: readonly ((scenario: Scenario) => unknown)[] = [
  (s) => s.out(),
  (s) => s.world.advance(300),
  (s) => s.alice.fault({ type: 'late', ms: 20_000 }),
  (s) => s.out(60_000),
  (s) => s.world.advance(300),
  (s) => s.world.advance(250),
  (s) => s.world.advance(100),
  (s) => s.alice.restart(),
  (s) => s.settle(),
  (s) => s.alice.bump(s.id),
  (s) => s.settle(),
  (s) => s.alice.fault({ type: 'late', ms: 3_000 }),
  (s) => s.bump(),
  (s) => s.alice.openChannel({ valueSats: 1_000_000, lockDepth: 3 }),
  (s) => s.settle(),
  (s) => s.alice.replaceOpen(s.alice.channels()[1]?.channelId ?? ''),
  (s) => s.settle(),
  (s) => s.world.mine(5),
  (s) => s.world.reorg(2),
  (s) => s.alice.saveBackup('early'),
  (s) => s.world.mine(3),
  (s) => s.settle(),
  (s) => s.alice.peerSplice(s.id, { amountSats: 400_000, mergeOurs: true }),
  (s) => s.in(200_000),
  (s) => s.world.advance(700),
  (s) => s.alice.disconnectPeer({ returnsAfterMs: 700 }),
  (s) => s.settle(),
  (s) => s.in(210_000),
  (s) => s.settle(),
  (s) => s.world.mine(6),
  (s) => s.world.advance(30_000),
  (s) => s.alice.restoreBackup('early'),
  (s) => s.settle(),
  (s) => s.alice.close(s.id, 'force'),
  (s) => s.world.mine(1),
]

/** Runs the script; after as many acts as `savedAfter` says, the world is saved to a text and loaded. */
async function played(savedAfter: number | null): Promise<World> {
  let scenario = Scenario.of()
  for (const [n, act] of ACTS.entries()) {
    if (n === savedAfter) scenario = new Scenario(worldFrom(JSON.parse(JSON.stringify(scenario.world))))
    await act(scenario)
  }
  return scenario.world
}

describe('a world', () => {
  test('is the same each time', async () => {
    const [first, second] = [await played(null), await played(null)]
    expect(second.journal.entries).toEqual(first.journal.entries)
    expect(second.toJSON()).toEqual(first.toJSON())
    expect(first.journal.entries.length).toBeGreaterThan(80)
  })

  test('is another with another seed', () => {
    const [one, other] = ['one', 'other'].map((seed) => createWorld({ seed, startAt: START }).node('alice'))
    expect(one?.nodeId).not.toBe(other?.nodeId)
    expect(one?.channels()[0]?.channelId).not.toBe(other?.channels()[0]?.channelId)
  })

  test.each(ACTS.map((_, n) => n))('goes on as it would have when it is saved and loaded before act %i', async (n) => {
    const [whole, loaded] = [await played(null), await played(n)]
    expect(loaded.journal.entries).toEqual(whole.journal.entries)
    expect(loaded.toJSON()).toEqual(whole.toJSON())
  })

  test('is not loaded from anything else', () => {
    expect(() => worldFrom({ seed: 'x' })).toThrow()
  })

  test('starts with four channels, coins, and everything deep in the chain', async () => {
    const world = createWorld({ seed: 'fresh', startAt: START })
    const alice = world.node('alice')
    expect(alice.channels().map(({ lockDepth }) => lockDepth)).toEqual([6, 6, 3, 4])
    expect(world.chain.tip).toMatchObject({ height: 120, time: START / 1000 })
    for (const { funding } of alice.channels()) expect(world.chain.confirmations(funding.txid)).toBe(10)
    const balances = await alice.rpc.getBalances(CALL)
    expect(balances).toMatchObject({ value: { spendableOnchainSats: 9_900_000 } })
    const channels = await alice.rpc.listChannels(CALL)
    expect(channels).toMatchObject({ value: [{ isUsable: true, valueSats: 10_000_000 }, {}, {}, {}] })
  })

  test('gives relay events ids of their own, in order', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    scenario.alice.restart()
    scenario.settle()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.events.map(({ type }) => type)).toEqual([
      'splice_negotiated',
      'peer_disconnected',
      'process_started',
      'peer_connected',
      'channel_state_changed',
    ])
    expect(new Set(scenario.events.map(({ id }) => id)).size).toBe(5)
    expect(scenario.events[0]).toMatchObject({ channelId: scenario.id, at: START + 1_000 })
  })

  test('goes back to an older funding when a node is restored from a backup', async () => {
    const scenario = Scenario.of()
    const before = scenario.channel.funding
    scenario.alice.saveBackup('before')
    await scenario.out()
    scenario.settle()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.channel.funding).not.toEqual(before)
    scenario.alice.restoreBackup('before')
    expect(scenario.channel.funding).toEqual(before)
  })
})
