import { hasEnded } from '../../core/splice/transitions.ts'
import type { JournalEntry } from '../../simulator/world/world.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { KeeperOptions } from '../keeper/options.ts'
import { HOUR, MINUTE } from '../keeper/times.ts'

/** Short waits, so that a whole life takes few calls; nothing is skipped. */
const policy = { quietMs: 60_000, backoffBaseMs: 1_000, backoffCapMs: 60_000, dueJitterMs: 0 }

const SECOND = 1_000

/**
 * What happens to one or two splices, from outside. What happens is bound to where the world or the record stands, never to
 * a time: then a message that comes later makes everything after it later, and changes nothing else.
 */
export type Life = {
  readonly name: string
  readonly play: (keeper: Keeper) => Promise<unknown>
  /** What happens after the first rest: for example what proves an attempt dead in the end. */
  readonly later?: (keeper: Keeper) => Promise<void>
  /**
   * Only the relay tells what this end needs (a reason, or a start of the node's process), so without it the life has another
   * end, as safe: the splice is asked for again, or nobody can prove its attempt dead .
   */
  readonly needsRelay?: true
}

/** Lives a whole life, and rests until nothing moves any more. */
export async function live<K extends Keeper>(life: Life, makeKeeper: (options: KeeperOptions) => K): Promise<K> {
  const keeper = makeKeeper({ policy })
  await keeper.sweep()
  await life.play(keeper)
  await rest(keeper)
  await life.later?.(keeper)
  await rest(keeper)
  return keeper
}

/** Lets seconds pass until it holds, and one more: nothing happens in the very instant of what it waited for. */
export async function until(keeper: Keeper, says: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let passed = 0; passed < HOUR; passed += SECOND) {
    const held = await holds()
    await keeper.run(SECOND)
    if (held) return
  }
  throw new Error(`never: ${says}`)
}

export async function happened(keeper: Keeper, type: JournalEntry['type'], times = 1): Promise<void> {
  const count = (): number => keeper.world.journal.entries.filter((entry) => entry.type === type).length
  await until(keeper, `${type} ${times}`, () => count() >= times)
}

export async function stands(keeper: Keeper, id: string, state: string): Promise<void> {
  await until(keeper, `${id} is ${state}`, async () => (await keeper.splice(id)).state === state)
}

/** Ids of all splices, oldest first. */
export async function idsOf(keeper: Keeper): Promise<string[]> {
  return (await keeper.store.byTenant('acme', 100, null)).ids.toReversed()
}

async function isAtRest(keeper: Keeper): Promise<boolean> {
  const splices = await keeper.store.loadMany(await idsOf(keeper))
  return splices.every(
    ({ state, dueAt, watch, leaseHeld: leaseHeld }) =>
      (hasEnded(state) && (dueAt === null || watch !== null) && !leaseHeld) || state === 'needs_attention',
  )
}

/**
 * Mines where the mempool has been the same for a minute: no block comes before a transaction could be seen, or the record
 * jumps over states, as it may.
 */
export async function rest(keeper: Keeper, maxMs = 40 * MINUTE): Promise<void> {
  const waiting = (): string =>
    keeper.world.chain
      .mempool()
      .map(({ txid }) => txid)
      .join()
  for (let passed = 0; passed < maxMs && !(await isAtRest(keeper)); passed += MINUTE) {
    const before = waiting()
    await keeper.run(MINUTE)
    if (waiting() === before) keeper.world.mine(1)
  }
}
