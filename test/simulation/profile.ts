import type { Fault } from '../../adapters/store/memory.ts'
import type { NodeBehaviour } from '../../simulator/world/state.ts'
import { diceFrom, type Dice } from '../../harness/dice.ts'
import type { FaultRates } from './faults.ts'
import type { FunctionRates } from './invocation.ts'

/**
 * What a run is about.
 * - `everything`: any fault may happen.
 * - `hidden`: one channel of a node without the overlap guard, at a steady price: requests are lost, late and unanswered, and
 *   signs alone tell what became of them. The fence, the quiet and the lock depth have to do what the guard would.
 * - `patient`: a deadline of a day, many attempts and no trouble but that of node, store, queue and functions: all of it has
 *   to settle.
 * - `incoming`: splice-ins only.
 * - `fees`: fee bumps of transactions that wait.
 * - `story`: an order of things that chance alone hardly brings about.
 */
export type Theme = 'everything' | 'hidden' | 'patient' | 'incoming' | 'fees' | 'story'

/** The world that a seed plays in: what stays the same throughout a run. */
export type Profile = {
  readonly theme: Theme
  readonly overlapGuard: boolean
  readonly relay: boolean
  readonly lockDepth: number
  readonly isOutbound: boolean
  readonly node: Pick<
    NodeBehaviour,
    'forwardReasons' | 'reportsLostQueued' | 'paymentsNameChannels' | 'broadcasts' | 'authWindowMs' | 'hasFeeBump'
  >
  /** What quiet the operator declared to prove absence, in milliseconds; null: none. */
  readonly quietAbsenceMs: number | null
  /** The quiet before a resubmission, in milliseconds. */
  readonly quietMs: number
  readonly rates: FaultRates
  readonly functions: FunctionRates
  /** Whether the messages of a batch are worked on at the same time. */
  readonly sideBySide: boolean
  /** How often a message is received before it is a dead letter. */
  readonly maxReceives: number
  /** Whether a second chain source is asked as well. */
  readonly twoSources: boolean
  /** Whether the chain itself is shaken: reorgs, closes, and chain sources that mislead; and backups are restored. */
  readonly wild: boolean
}

const QUIET_MS = 180_000
const NO_STORE_FAULTS: Readonly<Record<Fault, number>> = {
  throttle: 0,
  no_response: 0,
  lost_response: 0,
  lost_race: 0,
}

/** A world in which nothing fails. */
export const CALM: Profile = {
  theme: 'everything',
  overlapGuard: true,
  relay: true,
  lockDepth: 6,
  isOutbound: true,
  node: {
    forwardReasons: true,
    reportsLostQueued: false,
    paymentsNameChannels: true,
    broadcasts: 'always',
    authWindowMs: 60_000,
    hasFeeBump: true,
  },
  quietAbsenceMs: null,
  quietMs: QUIET_MS,
  rates: { store: NO_STORE_FAULTS, staleIndex: 0, queue: { lose: 0, double: 0, delay: 0, reorder: 0 } },
  functions: { death: 0, pause: 0, skewMs: 0 },
  sideBySide: false,
  maxReceives: 50,
  twoSources: false,
  wild: false,
}

/**
 * The profile of a seed. Most faults are off in most runs: one that is always on would hide what only another one, alone,
 * brings to light.
 */
export function profileOf(seed: string): Profile {
  const dice = diceFrom(`${seed}/profile`)
  const theme = dice.pick<Theme>([
    ...(['everything', 'everything', 'everything', 'everything'] as const),
    ...([
      'hidden',
      'hidden',
      'patient',
      'patient',
      'incoming',
      'fees',
      'fees',
      'story',
      'story',
      'story',
      'story',
    ] as const),
  ])
  return { ...drawn(dice), ...themed(theme, dice) }
}

function drawn(dice: Dice): Profile {
  return {
    theme: 'everything',
    overlapGuard: dice.chance(0.6),
    relay: dice.chance(0.8),
    lockDepth: dice.pick([6, 6, 6, 3, 2, 1, 0]),
    isOutbound: dice.chance(0.5),
    node: {
      forwardReasons: dice.chance(0.7),
      reportsLostQueued: dice.chance(0.3),
      paymentsNameChannels: dice.chance(0.5),
      broadcasts: dice.pick(['always', 'always', 'once']),
      // A node whose clock is a minute behind takes a request so much longer.
      authWindowMs: dice.pick([60_000, 60_000, 119_000]),
      hasFeeBump: dice.chance(0.95),
    },
    quietAbsenceMs: dice.chance(0.2) ? 30 * 60_000 : null,
    quietMs: dice.pick([QUIET_MS, QUIET_MS, 20_000]),
    rates: ratesOf(dice),
    functions: {
      death: dice.pick([0, 0, 0, 0.002, 0.02]),
      pause: dice.pick([0, 0, 0, 0.005, 0.05]),
      skewMs: dice.pick([0, 0, 0, 500, 20_000]),
    },
    sideBySide: dice.chance(0.25),
    maxReceives: dice.pick([50, 50, 3]),
    twoSources: dice.chance(0.2),
    wild: dice.chance(0.5),
  }
}

function themed(theme: Theme, dice: Dice): Partial<Profile> {
  const quietNight = { theme, wild: false, rates: CALM.rates, functions: CALM.functions, sideBySide: false }
  switch (theme) {
    case 'everything':
      return {}
    case 'hidden':
      return {
        ...quietNight,
        overlapGuard: false,
        lockDepth: dice.pick([6, 3, 3, 2, 1, 0]),
        quietMs: dice.pick([QUIET_MS, 20_000]),
      }
    case 'patient':
      return { theme, wild: false, overlapGuard: true, relay: true, lockDepth: 6, twoSources: false }
    case 'incoming':
      return { theme, wild: false }
    case 'story':
      return {
        ...quietNight,
        overlapGuard: dice.chance(0.7),
        lockDepth: dice.pick([6, 3]),
        functions: dice.pick([CALM.functions, { ...CALM.functions, death: 0.01 }]),
      }
    case 'fees':
      return { theme, wild: dice.chance(0.3), overlapGuard: true, lockDepth: dice.pick([6, 3, 0]) }
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
