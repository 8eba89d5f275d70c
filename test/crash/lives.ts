import { describe, expect, test } from 'vitest'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { Killer } from '../../harness/killer.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'

/** Short waits, so that a whole life takes few calls; nothing is skipped. */
const policy = { quietMs: 60_000, backoffBaseMs: 1_000, backoffCapMs: 60_000, dueJitterMs: 0 }

/** One life of a splice, to be cut short at every call. */
export type Scenario = {
  readonly name: string
  readonly play: (keeper: Keeper) => Promise<Splice>
  /** What happens later in any case: after a crash it may be what proves an attempt dead. */
  readonly later?: (keeper: Keeper) => void
  /** The end, and how often it takes effect: one pair, or the nth state with the nth number. */
  readonly ends: Splice['state'] | readonly Splice['state'][]
  readonly effects: number | readonly number[]
}

const REST_MS = 20 * MINUTE

/** Lives a whole life, a block a minute, and then some, so that whatever a crash left undone is done. */
async function live(scenario: Scenario, killer: Killer): Promise<{ keeper: Keeper; splice: Splice; calls: number }> {
  const keeper = new Keeper({ policy, wrap: (ports) => killer.wrap(ports), onCrash: () => killer.revive() })
  // Whoever started the first sweep starts another one.
  for (let i = 0; i < 2; i++) await keeper.sweep()
  const { id } = await scenario.play(keeper)
  await rest(keeper, id)
  const calls = killer.calls
  scenario.later?.(keeper)
  await rest(keeper, id)
  await keeper.run(3 * MINUTE)
  return { keeper, splice: await keeper.splice(id), calls }
}

async function rest(keeper: Keeper, id: string): Promise<void> {
  for (let passed = 0; passed < REST_MS && !isAtRest(await keeper.splice(id)); passed += MINUTE) {
    await keeper.run(MINUTE, { blockMs: MINUTE })
  }
}

function isAtRest(splice: Splice): boolean {
  return hasEnded(splice.state) && (splice.dueAt === null || splice.watch !== null) && !splice.leaseHeld
}

async function judge(scenario: Scenario, killer: Killer): Promise<void> {
  const { keeper, splice } = await live(scenario, killer)
  const where = `killed ${killer.when} call ${killer.at}`
  const effective = keeper.world.journal.effectiveSplices()
  const ends = [scenario.ends].flat()
  expect(ends, where).toContain(splice.state)
  expect(effective.length, where).toBe([scenario.effects].flat()[ends.indexOf(splice.state)])
  expect(isAtRest(splice), where).toBe(true)
  expect(
    splice.bumps.filter((bump) => bump.outcome === null),
    where,
  ).toEqual([])
  const lease = await keeper.store.item('lease', keeper.channelId)
  expect(lease?.value.holder ?? null, where).toBeNull()
  expect(lease?.value.waiting ?? [], where).toEqual([])
  const log = await keeper.log(splice.id)
  expect(
    log.filter((type) => type === `splice.${splice.state}`),
    where,
  ).toHaveLength(1)
  expect(new Set(log).size, where).toBe(log.length)
}

/** Plays each scenario once for every call of a port, with the process killed there. */
export function describeCrashes(scenarios: readonly Scenario[]): void {
  describe('a crash at every call of a port', () => {
    for (const scenario of scenarios) {
      for (const when of ['before', 'after'] as const) {
        test(`${scenario.name}, killed ${when} each call, has its effect once and is left nowhere`, async () => {
          const { calls } = await live(scenario, new Killer(Infinity, when))
          expect(calls).toBeGreaterThan(10)
          for (let at = 1; at <= calls; at++) await judge(scenario, new Killer(at, when))
        }, 240_000)
      }
    }
  })
}
