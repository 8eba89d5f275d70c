import { MINUTE } from '../../harness/keeper/times.ts'
import { chainActions } from './chain-actions.ts'
import { clientActions, type Action } from './client-actions.ts'
import { diceFrom, type Dice } from '../../harness/dice.ts'
import { nodeActions, peerActions } from './node-actions.ts'
import type { Profile, Theme } from './profile.ts'
import { stories, type Beat } from './stories.ts'

/** Everything that can happen in a step, by name. */
export const actions: ReadonlyMap<string, Action> = new Map<string, Action>(
  Object.entries({ ...clientActions, ...nodeActions, ...peerActions, ...chainActions }),
)

/** One step of a run: what happens, and how much time passes then. Its own chance follows from its number. */
export type Step = Beat & { readonly number: number }

/** What shakes the chain itself, takes away the source's view of it, or goes back to a backup; only in wild runs. */
const WILD: readonly string[] = [
  'reorg',
  'reorgToCandidate',
  'close',
  'resolve',
  'sourceLags',
  'sourceBlind',
  'sourceDown',
  'peerKeepsLocks',
  'sameByHand',
  'nodeBackedUp',
  'nodeRestored',
  'tableBackedUp',
  'tableRestored',
]
/** Only in a story: what would end a run that is about something else. */
const OF_STORIES: readonly string[] = [
  'closeSlowly',
  'signingSlow',
  'refuseForNow',
  'oneBlock',
  'reorgShallow',
  'postLater',
  'nodeMute',
  'nodeSpeaks',
  'reorgDeep',
  'feesRise',
  'manyBlocks',
  'guardLost',
  'postShort',
  'release',
]
/** Often, because only few of them meet a splice at the depth where they matter. */
const OFTEN: readonly string[] = ['reorg', 'reorgToCandidate', 'blocks', 'withhold']
/** Rare, because little can happen on a channel afterwards. */
const RARE: readonly string[] = [
  'close',
  'resolve',
  'sameByHand',
  'nodeDown',
  'credentialRefused',
  'nodeBackedUp',
  'nodeRestored',
  'tableBackedUp',
  'tableRestored',
]
/** What ends a disturbance comes as often as what begins one, or a run would stand still. */
const RELIEFS: readonly string[] = ['faultsLifted', 'peerReturns', 'sourceClear', 'peerSendsLocks', 'indexCatchesUp']
/** What a run with a narrow theme consists of; null: of everything. */
const OF_THEME: Readonly<Record<Theme, readonly string[] | null>> = {
  everything: null,
  incoming: null,
  story: null,
  hidden: [
    ...['late', 'late', 'loseReply', 'loseReply', 'drop', 'restart', 'peerLeaves', 'peerReturns', 'peerBlinks'],
    ...['peerSlow', 'peerAborts', 'withhold', 'evict', 'blocks', 'retry', 'race', 'nodeDown', 'faultsLifted'],
  ],
  patient: [
    ...['late', 'loseReply', 'drop', 'refuse', 'restart', 'restart', 'peerLeaves', 'peerReturns', 'peerBlinks'],
    ...['peerSlow', 'blocks', 'race', 'sweepsStop', 'credentialRefused', 'nodeDown'],
    ...['faultsLifted', 'faultsLifted', 'indexCatchesUp'],
  ],
  fees: [
    ...['late', 'loseReply', 'drop', 'refuse', 'restart', 'peerLeaves', 'peerReturns', 'peerBlinks', 'peerAborts'],
    ...['withhold', 'withhold', 'feesMove', 'feesMove', 'relayRule', 'evict', 'candidateMined', 'bump', 'bump', 'bump'],
    ...['bumpedByHand', 'peerReplaces', 'race', 'clientsRace', 'faultsLifted', 'blocks'],
  ],
}
const FEWEST_STEPS = 15
const MOST_STEPS = 45
const CYCLES = 5
/** So many steps follow a story. */
const EPILOGUE = 8

/** The steps of a seed: first a splice, then what its profile allows. */
export function stepsOf(seed: string, profile: Profile): Step[] {
  const dice = diceFrom(`${seed}/steps`)
  const bag = bagOf(profile, dice)
  const steps = beatsOf(profile, dice, bag)
  return steps.map((step, index) => ({ number: index + 1, ...step }))
}

function beatsOf({ theme }: Profile, dice: Dice, bag: readonly string[]): readonly Beat[] {
  if (theme === 'hidden') return Array.from({ length: CYCLES }, () => lateCycle(dice, bag)).flat()
  if (theme !== 'story') return anySteps(dice, bag)
  const told = dice.pick(Object.values(stories))
  const between = (beat: Beat): Beat[] =>
    dice.chance(0.2) ? [beat, { action: dice.pick(bag), restMs: 200, blockMs: null }] : [beat]
  return [...told.flatMap(between), ...anySteps(dice, bag).slice(0, dice.pick([0, EPILOGUE]))]
}

function anySteps(dice: Dice, bag: readonly string[]): Beat[] {
  const length = FEWEST_STEPS + Math.floor(dice.fraction() * (MOST_STEPS - FEWEST_STEPS))
  return Array.from({ length }, (_, index) => ({
    action: index === 0 ? 'post' : actionOf(dice, bag),
    restMs: dice.pick([200, 200, 5_000, 20_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE]),
    blockMs: dice.chance(0.35) ? dice.pick([MINUTE, 5 * MINUTE, 10 * MINUTE]) : null,
  }))
}

/**
 * The one order of things in which a splice is paid twice if it is asked for again too soon: its request is late, another one
 * is made, signed and locked, and then the first one arrives.
 */
function lateCycle(dice: Dice, bag: readonly string[]): Beat[] {
  const then = (action: string, restMs: number, blockMs: number | null = null): Beat => ({
    action,
    restMs,
    blockMs,
  })
  return [
    then(dice.pick(['late', 'late', 'late', 'loseReply', 'drop']), 200),
    then('post', dice.pick([2_000, 10_000])),
    then(dice.pick(['race', 'race', 'race', 'restart']), dice.pick([5_000, 20_000, MINUTE])),
    ...(dice.chance(0.3) ? [then(dice.pick(bag), 5_000)] : []),
    then('race', dice.pick([5_000, 20_000, 2 * MINUTE])),
    then('blocks', dice.pick([5_000, MINUTE, 2 * MINUTE])),
    then(dice.pick(bag), dice.pick([MINUTE, 15 * MINUTE]), MINUTE),
  ]
}

function actionOf(dice: Dice, bag: readonly string[]): string {
  if (dice.chance(0.1)) return dice.chance(0.3) ? 'postTwice' : 'post'
  return dice.chance(0.1) ? 'bump' : dice.pick(bag)
}

/** Each disturbance is in the bag of two runs out of three: fewer kinds at a time, but each more often. */
function bagOf({ theme, wild }: Profile, dice: Dice): string[] {
  const narrow = OF_THEME[theme]
  if (narrow !== null) return narrow.filter((action) => RELIEFS.includes(action) || dice.chance(0.67))
  return [...actions.keys()].flatMap((action) => {
    if (OF_STORIES.includes(action)) return []
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
