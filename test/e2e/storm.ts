import { setTimeout as pause } from 'node:timers/promises'
import { send } from '../../local/control-client.ts'
import { LocalError } from '../../local/problem.ts'
import { count, type Dice, type Tally } from '../../harness/dice.ts'
import type { Request } from './history.ts'
import type { Life, Mortal } from './mortal.ts'

/** When the next order is sent: what a kill aims at. */
export class Aim {
  #next = Promise.withResolvers<'order'>()

  noticed(request: Request): void {
    if (request.type !== 'order') return
    this.#next.resolve('order')
    this.#next = Promise.withResolvers<'order'>()
  }

  /** Waits for an order to be sent, for so long at most. */
  async order(limitMs: number): Promise<void> {
    await Promise.race([this.#next.promise, pause(limitMs)])
  }
}

/**
 * Starts the product and kills it, again and again: at any moment, just after an order was sent, or while it starts. Answers the last
 * life, which nobody kills.
 */
export async function killing(
  mortal: Mortal,
  { dice, aim, tally, first }: { dice: Dice; aim: Aim; tally: Tally; first: Life },
  endsAt: number,
): Promise<Life> {
  let life = first
  for (;;) {
    if (dice.chance(0.15)) {
      await Promise.race([life.up, pause(dice.fraction() * 2_000)])
      count(tally, 'kill.in the start')
    } else {
      await life.up
      await pause(400 + dice.fraction() * 4_500)
      const aimed = dice.chance(0.6)
      if (aimed) {
        await aim.order(2_000)
        await pause(dice.fraction() * 25)
      }
      count(tally, aimed ? 'kill.at an order' : 'kill.at any moment')
    }
    await life.kill()
    life = mortal.launch()
    if (Date.now() > endsAt) return life
  }
}

type Lever = {
  /** How often it is pulled, compared with others. */
  readonly shares: number
  readonly words: (dice: Dice) => string
  /** What ends it, if it does not end by itself. */
  readonly relief?: string
}

const levers: readonly Lever[] = [
  { shares: 2, words: () => 'restart-node' },
  { shares: 2, words: (dice) => `disconnect-peer ${dice.pick([300, 1_500, 4_000])}` },
  { shares: 1, words: () => 'disconnect-peer', relief: 'connect-peer' },
  { shares: 2, words: () => 'fault lose_reply' },
  { shares: 1, words: () => 'fault drop' },
  { shares: 2, words: (dice) => `fault late ${dice.pick([200, 1_500, 3_500])}` },
  { shares: 1, words: (dice) => `fault refuse ${dice.pick([9, 13, 14])}` },
  { shares: 1, words: () => 'fault down', relief: 'lift-faults' },
  { shares: 1, words: (dice) => `quiescence ${dice.pick([50, 200, 1_500])}` },
  { shares: 1, words: (dice) => `feerate ${dice.pick([2, 4, 12])}` },
  {
    shares: 1,
    words: (dice) => `abort-next ${channel(dice)} ${dice.pick(['awaiting_ack', 'constructing'])}`,
  },
  { shares: 1, words: (dice) => `stale-next ${channel(dice)}` },
  { shares: 1, words: (dice) => `peer-splice ${channel(dice)} ${dice.pick([70_001, -20_001])}` },
]
const bag = levers.flatMap((lever) => Array.from({ length: lever.shares }, () => lever))

const channel = (dice: Dice): number => dice.pick([1, 2, 3, 4])

/** Where the levers are now; null: nowhere. */
type Sim = () => string | null

/** Pulls levers of the world, whenever there is one that answers. */
export async function shaking(sim: Sim, { dice, tally }: { dice: Dice; tally: Tally }, endsAt: number): Promise<void> {
  while (Date.now() < endsAt) {
    await pause(150 + dice.fraction() * 900)
    const { words, relief } = dice.pick(bag)
    const typed = words(dice)
    if (!(await pull(sim(), typed))) continue
    count(tally, `lever.${typed.replaceAll(/ -?\d+/g, '')}`)
    if (relief === undefined) continue
    await pause(200 + dice.fraction() * 1_500)
    // Whoever dies meanwhile has left the world as it is: the relief waits for the next life.
    while (!(await pull(sim(), relief)) && Date.now() < endsAt) await pause(100)
  }
}

/** Blocks come all the time, as often as the product lives. */
export async function mining(sim: Sim, { dice, tally }: { dice: Dice; tally: Tally }, endsAt: number): Promise<void> {
  while (Date.now() < endsAt) {
    // Now and then a slow one, in which what waits can be bumped.
    await pause(dice.chance(0.2) ? 3_000 : 150 + dice.fraction() * 500)
    if (await pull(sim(), 'mine')) count(tally, 'lever.mine')
  }
}

/** Pulls a lever; answers whether it was: not where nobody answers, or where the world does not allow it now. */
export async function pull(sim: string | null, words: string): Promise<boolean> {
  if (sim === null) return false
  try {
    await send(sim, words.split(' '))
    return true
  } catch (error) {
    if (error instanceof LocalError) return false
    throw error
  }
}
