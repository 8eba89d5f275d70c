import type { Fault } from '../../adapters/store/memory.ts'
import type { NodeBehaviour } from '../../adapters/node/simulated/state.ts'
import { diceFrom } from './dice.ts'
import type { Dice } from './dice.ts'
import type { FaultRates } from './faults.ts'

/** The world that a seed plays in: what stays the same throughout a run. */
export type Profile = {
  readonly overlapGuard: boolean
  readonly relay: boolean
  readonly lockDepth: number
  readonly isOutbound: boolean
  readonly node: Pick<
    NodeBehaviour,
    'forwardReasons' | 'reportsLostQueued' | 'paymentsNameChannels' | 'broadcasts'
  >
  /** What quiet the operator declared to prove absence, in milliseconds; null: none. */
  readonly quietAbsenceMs: number | null
  readonly rates: FaultRates
  /** Whether the chain itself is shaken: reorgs, closes, and chain sources that mislead. */
  readonly wild: boolean
}

/**
 * The profile of a seed. Most faults are off in most runs: one that is always on would hide what only another one, alone,
 * brings to light.
 */
export function profileOf(seed: string): Profile {
  const dice = diceFrom(`${seed}/profile`)
  return {
    overlapGuard: dice.chance(0.6),
    relay: dice.chance(0.8),
    lockDepth: dice.pick([6, 6, 6, 3, 2, 1, 0]),
    isOutbound: dice.chance(0.5),
    node: {
      forwardReasons: dice.chance(0.7),
      reportsLostQueued: dice.chance(0.3),
      paymentsNameChannels: dice.chance(0.5),
      broadcasts: dice.pick(['always', 'always', 'once']),
    },
    quietAbsenceMs: dice.chance(0.2) ? 30 * 60_000 : null,
    rates: ratesOf(dice),
    wild: dice.chance(0.5),
  }
}

function ratesOf(dice: Dice): FaultRates {
  const rate = (): number => dice.pick([0, 0, 0.01, 0.05])
  const store: Record<Fault, number> = {
    throttle: rate(),
    no_response: rate(),
    lost_response: rate(),
    lost_race: rate(),
  }
  const often = (): number => dice.pick([0, 0, 0.1, 0.3])
  return {
    store,
    staleIndex: dice.pick([0, 0, 0.1]),
    queue: { lose: often(), double: often(), delay: often(), reorder: often() },
  }
}

/** A profile as one line of a trace. */
export function describeProfile(profile: Profile): string {
  return JSON.stringify(profile)
}
