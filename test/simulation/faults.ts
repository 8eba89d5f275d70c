import type { QueueHooks } from '../../adapters/queue/memory.ts'
import type { Fault, MemoryHooks, Operation } from '../../adapters/store/memory.ts'
import { count, diceFrom, type Dice, type Tally } from '../../harness/dice.ts'

/** How likely each fault of store and queue is, per request or message; 0: it does not happen in this run. */
export type FaultRates = {
  readonly store: Readonly<Record<Fault, number>>
  readonly staleIndex: number
  readonly queue: {
    readonly lose: number
    readonly double: number
    readonly delay: number
    readonly reorder: number
  }
}

/** Reads are many times more than writes: a rate that disturbs writes would stop all work if it hit reads as well. */
const READ_SHARE = 0.1
/** What the database can do to a request that changes nothing. */
const OF_READS: readonly Fault[] = ['throttle', 'no_response']
const OF_WRITES: readonly Fault[] = ['throttle', 'no_response', 'lost_response', 'lost_race']

/** Nobody was faster where nothing stands: a put of what is new loses no race by itself. */
function faultsOf(operation: Operation): readonly Fault[] {
  if (operation.type !== 'put') return OF_READS
  return operation.condition === 'absent' ? OF_WRITES.filter((fault) => fault !== 'lost_race') : OF_WRITES
}

/** Faults of store and queue by a seed, until they are lifted; the judge reads without them. */
export class Faults {
  readonly tally: Tally
  readonly #rates: FaultRates
  readonly #dice: Dice
  #lifted = false

  constructor(seed: string, rates: FaultRates, tally: Tally) {
    this.#dice = diceFrom(`${seed}/faults`)
    this.#rates = rates
    this.tally = tally
  }

  /** From now on nothing fails. */
  lift(): void {
    this.#lifted = true
  }

  /** Does something while nothing fails, as the judge of a run must. */
  async without<T>(act: () => Promise<T>): Promise<T> {
    const before = this.#lifted
    this.#lifted = true
    try {
      return await act()
    } finally {
      this.#lifted = before
    }
  }

  /** Hooks for the store; `wrote` hears of each put that was made. */
  storeHooks(wrote: (operation: Operation) => void): MemoryHooks {
    return {
      before: (operation) => this.#ofRequest(operation),
      lags: (operation) => {
        wrote(operation)
        return this.#happens('store.stale_index', this.#rates.staleIndex)
      },
    }
  }

  queueHooks(): Required<QueueHooks<unknown>> {
    const { lose, double, delay, reorder } = this.#rates.queue
    return {
      deliveries: () => {
        if (this.#happens('queue.lose', lose)) return []
        if (this.#happens('queue.double', double)) return [0, 0]
        return this.#happens('queue.delay', delay) ? [this.#dice.pick([1_000, 5_000, 90_000])] : [0]
      },
      order: (visible) => {
        const inOrder = visible.map((_, position) => position)
        const turned = visible.length > 1 && this.#happens('queue.reorder', reorder)
        return turned ? inOrder.reverse() : inOrder
      },
    }
  }

  #ofRequest(operation: Operation): Fault | null {
    const share = operation.type === 'put' ? 1 : READ_SHARE
    const faults = faultsOf(operation)
    return faults.find((fault) => this.#happens(`store.${fault}`, this.#rates.store[fault] * share)) ?? null
  }

  #happens(name: string, rate: number): boolean {
    if (this.#lifted || rate === 0 || !this.#dice.chance(rate)) return false
    count(this.tally, name)
    return true
  }
}
