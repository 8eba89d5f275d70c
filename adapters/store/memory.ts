import type { Store } from '../../core/ports/ports.ts'
import type { Place } from './cursor.ts'
import type { Key } from './keys.ts'
import { MemoryRows } from './memory-rows.ts'
import type { Condition, ListQuery, Row, RowWrite, Rows, SliceQuery } from './rows.ts'
import { storeOver } from './store.ts'
import type { WriteIds } from './store.ts'

/** One request to the table; `serial` counts them from 1. */
export type Operation = { readonly serial: number } & (
  | { readonly type: 'get'; readonly key: Key }
  | { readonly type: 'getMany'; readonly keys: readonly Key[] }
  | { readonly type: 'put'; readonly row: RowWrite; readonly condition: Condition }
  | { readonly type: 'slice'; readonly query: SliceQuery }
  | { readonly type: 'list'; readonly query: ListQuery }
)

/**
 * What can happen to a request.
 * - `throttle`: refused, throws {@link MemoryStoreFault}; nothing is done.
 * - `no_response`: done, but throws {@link MemoryStoreFault}: who asked never learns it.
 * - `lost_response`: a put is done, its answer is lost and the SDK repeats it: the condition fails on our own write.
 * - `lost_race`: a put is not done; its condition fails, as though somebody had been faster.
 *
 * The last two change nothing for reads.
 */
export type Fault = 'throttle' | 'no_response' | 'lost_response' | 'lost_race'

/** Where simulations reach in. Deterministic as long as the hooks are. */
export type MemoryHooks = {
  /**
   * Before each request. May do other things to the store first (a real race), or wait; what it throws, the request
   * throws with nothing done: a crash before.
   */
  readonly before?: (operation: Operation) => Promise<Fault | null> | Fault | null
  /** After each request that got its answer. What it throws, the request throws with all done: a crash after. */
  readonly after?: (operation: Operation) => Promise<void> | void
  /** Whether the indexes miss this put until {@link MemoryStore.catchUp}. */
  readonly lags?: (operation: Operation) => boolean
}

/** A fault that was injected, thrown as the database's own would be. */
export class MemoryStoreFault extends Error {
  override readonly name = 'MemoryStoreFault'
  readonly fault: Fault

  constructor(fault: Fault, operation: Operation) {
    super(`${fault} on request ${operation.serial} (${operation.type})`)
    this.fault = fault
  }
}

/** A store in memory, whose indexes can be made to lag. */
export type MemoryStore = Store & {
  /** Lets the indexes show all that was written. */
  catchUp(): void
  /** Keeps the table as it stands now; answers how to restore it from that. */
  backup(): () => void
}

/** The store for simulations: the same store as over DynamoDB, over a table in memory, with faults on demand. */
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

  async #request<T>(
    request: Request,
    answer: (fault: Fault | null, operation: Operation) => Promise<T>,
  ): Promise<T> {
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
