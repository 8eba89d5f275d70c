import { chanceFrom } from './chance.ts'

/** Chance that follows from a seed alone. */
export type Dice = {
  /** Uniform in [0, 1). */
  fraction(): number
  /** One of a list; throws on an empty one. */
  pick<T>(list: readonly T[]): T
  /** True with that probability. */
  chance(probability: number): boolean
}

export function diceFrom(seed: string): Dice {
  const chance = chanceFrom(seed)
  return {
    fraction: () => chance.fraction(),
    pick: (list) => {
      const at = Math.floor(chance.fraction() * list.length)
      for (const chosen of list.slice(at, at + 1)) return chosen
      throw new Error('nothing to pick from')
    },
    chance: (probability) => chance.fraction() < probability,
  }
}

/** Counts by name, as coverage is told. */
export type Tally = Map<string, number>

export function count(tally: Tally, name: string, times = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + times)
}
