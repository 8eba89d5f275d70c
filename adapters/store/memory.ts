import type { Store } from '../../core/ports/ports.ts'
import { StoreUnavailable } from '../../core/ports/store-unavailable.ts'
import type { Place } from './cursor.ts'
import type { Key } from './keys.ts'
import { MemoryRows } from './memory-rows.ts'
import type { Condition, ListQuery, Row, RowWrite, Rows, SliceQuery } from './rows.ts'
import { storeOver, type WriteIds } from './store.ts'

/** One request to the table; `serial` counts them from 1. */
export type Operation = { readonly serial: number } & (
  | { readonly type: 'get'; readonly key: Key }
  | { readonly type: 'getMany'; readonly keys: readonly Key[] }
  | { readonly type: 'put'; readonly row: RowWrite; readonly condition: Condition }
  | { readonly type: 'slice'; readonly query: SliceQuery }
  | { readonly type: 'list'; readonly query: ListQuery }
)

/**
 * What can happen to a request:
 * - `throttle`: nothing is done; throws {@link MemoryStoreFault}.
 * - `no_response`: it is done, but throws {@link MemoryStoreFault}.
 * - `lost_response`: a put is done, but its answer is lost. The SDK repeats it, and its condition fails on
 *   our own write.
 * - `lost_race`: a put is not done; its condition fails, as if another writer had been faster.
 *
 * The last two do not affect reads.
 */
export type Fault = 'throttle' | 'no_response' | 'lost_response' | 'lost_race'

/** Hooks for simulations. The store is as deterministic as they are. */
export type MemoryHooks = {
  /**
   * Runs before each request. It may wait, or use the store first (a real race). If it throws, the request
   * throws and nothing is done: a crash before the write.
   */
  readonly before?: (operation: Operation) => Promise<Fault | null> | Fault | null
  /**
   * Runs after each answered request. If it throws, the request throws although it is done: a crash after the write.
   */
  readonly after?: (operation: Operation) => Promise<void> | void
  /** Whether the indexes do not show this put before {@link MemoryStore.catchUp}. */
  readonly lags?: (operation: Operation) => boolean
}

/** An injected fault. */
export class MemoryStoreFault extends StoreUnavailable {
  readonly fault: Fault

  constructor(fault: Fault, operation: Operation) {
    super('MemoryStoreFault', `${fault} on request ${operation.serial} (${operation.type})`)
    this.fault = fault
  }
}

/** A store in memory whose indexes can lag. */
export type MemoryStore = Store & {
  /** Brings the indexes up to date. */
  catchUp(): void
  /** Takes a backup of the table; the returned function restores it. */
  backup(): () => void
}

/** The store for simulations: the store that DynamoDB has, over a table in memory, with faults on demand. */
export function memoryStore({ ids, hooks = {} }: { ids: WriteIds; hooks?: MemoryHooks }): MemoryStore {
  const rows = new HookedRows(hooks)
  return { ...storeOver(rows, ids), catchUp: () => rows.catchUp(), backup: () => rows.backup() }
}

type Request = Operation extends infer O ? (O extends Operation ? Omit<O, 'serial'> : never) : never

class HookedRows implements Rows {
  readonly #rows = new MemoryRows()
  readonly #lagging = new Set<string>()
  readonly #hooks: MemoryHooks
  #serial = 0

  constructor(hooks: MemoryHooks) {
    this.#hooks = hooks
  }

  catchUp(): void {
    for (const pk of this.#lagging) this.#rows.index(pk)
    this.#lagging.clear()
  }

  backup(): () => void {
    const restore = this.#rows.backup()
    return () => {
      this.#lagging.clear()
      restore()
    }
  }

  get(key: Key): Promise<Row | null> {
    return this.#request({ type: 'get', key }, () => this.#rows.get(key))
  }

  getMany(keys: readonly Key[]): Promise<Row[]> {
    return this.#request({ type: 'getMany', keys }, () => this.#rows.getMany(keys))
  }

  put(row: RowWrite, condition: Condition): Promise<boolean> {
    return this.#request({ type: 'put', row, condition }, async (fault, operation) => {
      if (fault === 'lost_race') return false
      const written = await this.#rows.put(row, condition)
      if (written) this.#follow(row.pk, operation)
      return written && fault !== 'lost_response'
    })
  }

  slice(query: SliceQuery): Promise<Row[]> {
    return this.#request({ type: 'slice', query }, () => this.#rows.slice(query))
  }

  list(query: ListQuery): Promise<Place[]> {
    return this.#request({ type: 'list', query }, () => this.#rows.list(query))
  }

  async #request<T>(request: Request, answer: (fault: Fault | null, operation: Operation) => Promise<T>): Promise<T> {
    this.#serial += 1
    const operation: Operation = { ...request, serial: this.#serial }
    const fault = (await this.#hooks.before?.(operation)) ?? null
    if (fault === 'throttle') throw new MemoryStoreFault(fault, operation)
    const answered = await answer(fault, operation)
    if (fault === 'no_response') throw new MemoryStoreFault(fault, operation)
    await this.#hooks.after?.(operation)
    return answered
  }

  #follow(pk: string, operation: Operation): void {
    if (this.#hooks.lags?.(operation) === true) this.#lagging.add(pk)
    else this.#rows.index(pk)
  }
}
