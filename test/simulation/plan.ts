import { MINUTE } from '../support/keeper.ts'
import { chainActions } from './chain-actions.ts'
import { clientActions } from './client-actions.ts'
import type { Action } from './client-actions.ts'
import { diceFrom } from './dice.ts'
import type { Dice } from './dice.ts'
import { nodeActions, peerActions } from './node-actions.ts'
import type { Profile } from './profile.ts'

/** Everything that can happen in a step, by name. */
export const actions: ReadonlyMap<string, Action> = new Map<string, Action>(
  Object.entries({ ...clientActions, ...nodeActions, ...peerActions, ...chainActions }),
)

/** One step of a run: what happens, and how much time passes then. Its own chance follows from its number. */
export type Step = {
  readonly number: number
  readonly action: string
  readonly restMs: number
  /** A block so often while it rests; null: none. */
  readonly blockMs: number | null
}

/** What shakes the chain itself, or takes away the source's view of it; only in wild runs. */
const WILD: readonly string[] = [
  'reorg',
  'reorgToCandidate',
  'close',
  'resolve',
  'sourceLags',
  'sourceBlind',
  'sourceDown',
  'nodeDown',
  'peerKeepsLocks',
]
/** Often, because only few of them meet a splice at the depth where they matter. */
const OFTEN: readonly string[] = ['reorg', 'reorgToCandidate', 'blocks', 'withhold']
/** Rare, because little can happen on a channel afterwards. */
const RARE: readonly string[] = ['close', 'resolve']
/** What ends a disturbance comes as often as what begins one, or a run would stand still. */
const RELIEFS: readonly string[] = [
  'faultsLifted',
  'peerReturns',
  'sourceClear',
  'peerSendsLocks',
  'indexCatchesUp',
]
const FEWEST_STEPS = 15
const MOST_STEPS = 45

/** The steps of a seed: first a splice, then what its profile allows. */
export function stepsOf(seed: string, profile: Profile): Step[] {
  const dice = diceFrom(`${seed}/steps`)
  const bag = bagOf(profile, dice)
  const length = FEWEST_STEPS + Math.floor(dice.fraction() * (MOST_STEPS - FEWEST_STEPS))
  return Array.from({ length }, (_, index) => ({
    number: index + 1,
    action: index === 0 ? 'post' : actionOf(dice, bag),
    restMs: dice.pick([200, 200, 5_000, 20_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE]),
    blockMs: dice.chance(0.35) ? dice.pick([MINUTE, 5 * MINUTE, 10 * MINUTE]) : null,
  }))
}

function actionOf(dice: Dice, bag: readonly string[]): string {
  if (dice.chance(0.1)) return dice.chance(0.3) ? 'postTwice' : 'post'
  return dice.chance(0.15) ? 'bump' : dice.pick(bag)
}

/** Each disturbance is in the bag of two runs out of three: fewer kinds at a time, but each more often. */
function bagOf({ wild }: Profile, dice: Dice): string[] {
  return [...actions.keys()].flatMap((action) => {
    if (RELIEFS.includes(action)) return Array.from({ length: sharesOf(action) }, () => action)
    const out = (WILD.includes(action) && !wild) || !dice.chance(RARE.includes(action) ? 0.25 : 0.67)
    return out ? [] : Array.from({ length: sharesOf(action) }, () => action)
  })
}

/** How many times an action is in the bag. */
function sharesOf(action: string): number {
  if (OFTEN.includes(action)) return 4
  return RARE.includes(action) ? 1 : 2
}
