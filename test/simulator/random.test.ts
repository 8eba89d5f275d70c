import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { worldFrom } from '../../simulator/world/world.ts'
import { OTHER_ADDRESS, Scenario } from '../../harness/simulator/scenario.ts'

type Act = (scenario: Scenario) => unknown

/** What a real node or peer could not do now throws, and changes nothing. */
function tried(act: (scenario: Scenario) => void): Act {
  return (scenario) => {
    try {
      act(scenario)
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
      expect(String(error)).toMatch(/pending|queued|running|open|connected|closed|carry|enough|under|replaced|backup/)
    }
  }
}

const ACTS: Readonly<Record<string, Act>> = {
  out: (s) => s.out(),
  outElsewhere: (s) => s.out(70_000, OTHER_ADDRESS),
  in: (s) => s.in(),
  late: (s) => s.alice.fault({ type: 'late', ms: 2_000 }),
  lose: (s) => s.alice.fault({ type: 'lose_reply' }),
  wait: (s) => s.world.advance(170),
  settle: (s) => s.settle(),
  mine: (s) => s.world.mine(1),
  mineDeep: (s) => s.world.mine(6),
  reorg: (s) => s.world.reorg(2),
  reorgEmpty: (s) => s.world.reorg(4, { include: 'none' }),
  evict: (s) =>
    s.world.chain
      .mempool()
      .slice(0, 1)
      .forEach(({ txid }) => s.world.evict(txid)),
  restart: (s) => s.alice.restart(),
  away: (s) => s.alice.disconnectPeer(),
  briefly: (s) => s.alice.disconnectPeer({ returnsAfterMs: 300 }),
  back: (s) => s.alice.connectPeer(),
  bump: (s) => s.alice.bump(s.id),
  bumpAsked: (s) => s.bump(),
  open: tried((s) => s.alice.openChannel({ valueSats: 1_500_000, lockDepth: 3 })),
  openAlone: tried((s) => s.alice.openChannel({ valueSats: 700_000, lockDepth: 0, funding: 'single' })),
  replaceOpen: tried((s) => s.alice.replaceOpen(s.alice.channels().at(-1)?.channelId ?? '')),
  abort: (s) => s.alice.abortNext(s.id),
  stale: (s) => s.alice.staleNext(s.id),
  peerIn: tried((s) => s.alice.peerSplice(s.id, { amountSats: 250_000, mergeOurs: true })),
  peerOut: tried((s) => s.alice.peerSplice(s.id, { amountSats: -250_000, mergeOurs: false })),
  peerReplace: tried((s) => s.alice.peerReplace(s.id)),
  pay: tried((s) => s.alice.lightningPayment(s.id, -1_000_000_000)),
  save: (s) => s.alice.saveBackup('saved'),
  restore: tried((s) => s.alice.restoreBackup('saved')),
  close: tried((s) => s.alice.close(s.id, 'cooperative')),
  feeRate: (s) => s.world.chain.setFeeRate(1_400),
}

/** What holds at all times, whatever happens. */
function assertSound(scenario: Scenario): void {
  const { chain } = scenario.world
  const spent = chain.transactions().flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpoint))
  expect(new Set(spent).size).toBe(spent.length)
  for (const { feeSats } of chain.transactions()) expect(feeSats ?? 0).toBeGreaterThanOrEqual(0)
  const { funding, oursMsat, candidates, negotiation } = scenario.channel
  expect(oursMsat).toBeGreaterThanOrEqual(0)
  expect(oursMsat).toBeLessThanOrEqual(funding.valueSats * 1000)
  for (const candidate of candidates) {
    const value = funding.valueSats + candidate.oursNetSats + candidate.theirsNetSats
    expect(candidate.funding.valueSats).toBe(value)
  }
  if (negotiation?.commitmentAccepted === true) expect(negotiation.candidate).not.toBeNull()
}

describe('whatever happens to a world', () => {
  test.each([
    { overlapGuard: true, lockDepth: 6 },
    { overlapGuard: false, lockDepth: 3 },
    { overlapGuard: false, lockDepth: 0 },
  ])(
    'it stays sound, and is the same when saved and loaded in between ($overlapGuard, $lockDepth)',
    async (options) => {
      const names = fc.array(fc.constantFrom(...Object.keys(ACTS)), { minLength: 5, maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(names, fc.nat(40), async (acts, savedBefore) => {
          const whole = Scenario.of({ ...options, channels: [{ lockDepth: options.lockDepth }] })
          let loaded = Scenario.of({ ...options, channels: [{ lockDepth: options.lockDepth }] })
          for (const [n, name] of acts.entries()) {
            if (n === savedBefore) loaded = new Scenario(worldFrom(JSON.parse(JSON.stringify(loaded.world))))
            await ACTS[name]?.(whole)
            await ACTS[name]?.(loaded)
            assertSound(whole)
          }
          expect(loaded.world.toJSON()).toEqual(whole.world.toJSON())
        }),
        { numRuns: 15, seed: 7 },
      )
    },
  )
})
