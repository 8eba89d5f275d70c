import { drive } from '../../core/drive/drive.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE, START } from '../../harness/keeper/times.ts'
import { chanceFrom } from '../../harness/chance.ts'
import type { KeeperOptions } from '../../harness/keeper/options.ts'
import { idsOf } from '../../harness/lives/life.ts'

/** A message in the order of sending, from 0; when it was sent, since the beginning; and whether a sweep sent it. */
export type Sent = { readonly n: number; readonly atMs: number; readonly bySweep: boolean }

/** What becomes of a message: one delivery for each entry, so many milliseconds late. */
export type Fate = (sent: Sent) => readonly number[]

/** In which order the messages that are visible are handed out, by their positions. */
export type Order = (count: number) => readonly number[]

/** How sweeps and the work on messages fall together. */
export type Rhythm = {
  readonly sweep?: (sweep: Act, keeper: DeliveredKeeper) => Promise<unknown>
  readonly work?: (work: Act, keeper: DeliveredKeeper) => Promise<unknown>
}
type Act = () => Promise<void>

/** One way to deliver the same messages, and to sweep. What is left out is as a calm day has it. */
export type Delivery = {
  readonly hints?: Fate
  readonly events?: Fate
  /** Made anew for each life, so that every life has the same chance. */
  readonly order?: () => Order
  readonly batch?: number
  readonly sweepMs?: number
  readonly rhythm?: Rhythm
}

/** A life takes a few messages at one instant; so many are a loop. */
const MAX_WORKS = 500

/** A keeper whose messages and sweeps come as a delivery says. */
export class DeliveredKeeper extends Keeper {
  readonly #rhythm: Rhythm
  readonly sent: { hints: number; events: number }
  readonly #sweeping: { now: boolean }
  #instant = { at: 0, works: 0 }

  constructor(options: KeeperOptions, delivery: Delivery) {
    const sent = { hints: 0, events: 0 }
    const sweeping = { now: false }
    const order = delivery.order?.()
    const hooksOf = (queue: 'hints' | 'events') => ({
      deliveries: () => {
        const message = { n: sent[queue], atMs: this.world.now() - START, bySweep: sweeping.now }
        sent[queue] += 1
        return (delivery[queue] ?? calm)(message)
      },
      ...(order ? { order: (visible: readonly unknown[]) => order(visible.length) } : {}),
    })
    super({
      ...options,
      queueHooks: hooksOf('hints'),
      eventHooks: hooksOf('events'),
      batch: delivery.batch ?? 10,
      sweepMs: delivery.sweepMs ?? MINUTE,
    })
    this.#rhythm = delivery.rhythm ?? {}
    this.sent = sent
    this.#sweeping = sweeping
  }

  /** How often messages were received at this instant, from 1. */
  get works(): number {
    return this.#instant.works
  }

  override async sweep(): Promise<void> {
    const sweep = async (): Promise<void> => {
      this.#sweeping.now = true
      await super.sweep()
      this.#sweeping.now = false
    }
    await (this.#rhythm.sweep?.(sweep, this) ?? sweep())
  }

  override async work(): Promise<void> {
    const now = this.world.now()
    this.#instant = this.#instant.at === now ? { at: now, works: this.#instant.works + 1 } : { at: now, works: 1 }
    if (this.#instant.works > MAX_WORKS) throw new Error('messages make messages without end')
    const work = (): Promise<void> => super.work()
    await (this.#rhythm.work?.(work, this) ?? work())
  }
}

const calm: Fate = () => [0]

export const doubled: Fate = () => [0, 0]
export const tripled: Fate = () => [0, 0, 0]
/** The copy comes when everything has moved on. */
export const doubledLater: Fate = () => [0, 4 * MINUTE]
export const lost: Fate = () => []
export const late: Fate = () => [40_000]
export const veryLate: Fate = () => [7 * MINUTE]
/** Each by another time: later ones overtake earlier ones. */
export const overtaking: Fate = ({ n }) => [(4 - (n % 5)) * 15_000]
export const lostAtFirst: Fate = ({ atMs }) => (atMs < 10 * MINUTE ? [] : [0])
export const onlyFromSweeps: Fate = ({ bySweep }) => (bySweep ? [0] : [])
export const lostOnce =
  (which: number): Fate =>
  ({ n }) =>
    n === which ? [] : [0]

const positions = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

export const reversed = (): Order => (count) => positions(count).reverse()

/** A seeded permutation, another one at each receiving. */
export function permuted(seed: string): () => Order {
  return () => {
    const chance = chanceFrom(seed)
    return (count) =>
      positions(count)
        .map((position) => ({ position, rank: chance.fraction() }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ position }) => position)
  }
}

async function driveAll(keeper: Keeper): Promise<void> {
  const options = { policy: keeper.policy, mayAct: true, shared: null }
  for (const id of await idsOf(keeper)) await drive(id, keeper.ports, options)
}

/** A sweep hints what waits for its turn, so that sweeps for every hint would never end: so many at one instant. */
const SWEEPS_AT_AN_INSTANT = 8
const extraSweep = async (keeper: DeliveredKeeper): Promise<void> => {
  if (keeper.works <= SWEEPS_AT_AN_INSTANT) await keeper.sweep()
}

export const rhythms = {
  sweepsAround: {
    work: async (work, keeper) => {
      await extraSweep(keeper)
      await work()
      await extraSweep(keeper)
    },
  },
  sweepsAtOnce: { sweep: async (sweep) => Promise.all([sweep(), sweep()]) },
  sweepsWhileWorking: {
    work: async (work, keeper) => Promise.all([work(), extraSweep(keeper), work()]),
  },
  sideBySide: { work: async (work) => Promise.all([work(), work(), work()]) },
  drives: {
    work: async (work, keeper) => {
      await driveAll(keeper)
      await work()
      await driveAll(keeper)
    },
  },
  drivesAtOnce: { work: async (work, keeper) => Promise.all([driveAll(keeper), work(), driveAll(keeper)]) },
} as const satisfies Record<string, Rhythm>
