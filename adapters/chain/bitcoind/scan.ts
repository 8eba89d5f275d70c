import type { ChainFault } from '../../../core/ports/chain.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { unreachable } from '../answer.ts'

/** How many searches are remembered. */
const MEMO_ENTRIES = 1_000

export type Place = { readonly height: number; readonly hash: string }

/** The blocks from `from` down to `next` (exclusive) do not contain the searched item. */
type Passed = { readonly from: Place; readonly next: Place }

/** The item if the block contains it, and the block before. */
export type BlockLook<T> = (
  place: Place,
) => Promise<Result<{ readonly found: T | null; readonly previous: string }, ChainFault>>

export type Scan<T> = {
  /** Identifies the search, so that its progress can be remembered. */
  readonly key: string
  readonly tip: Place
  /** The lowest height to search. */
  readonly downTo: number
  readonly look: BlockLook<T>
}

/** Searches blocks from the tip down; null when none contains the item. A fault until all blocks were searched. */
export type Scanner = <T>(scan: Scan<T>, call: Call) => Promise<Result<T | null, ChainFault>>

/** A map of bounded size that drops its oldest entry. */
export class Memo<V> {
  readonly #values = new Map<string, V>()

  get(key: string): V | null {
    return this.#values.get(key) ?? null
  }

  set(key: string, value: V): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    const [oldest] = this.#values.keys()
    if (this.#values.size > MEMO_ENTRIES && oldest !== undefined) this.#values.delete(oldest)
  }
}

const length = ({ from, next }: Passed): number => from.height - next.height

/**
 * A scanner that reads at most `maxBlocks` blocks a call and continues in the next call. It follows each
 * block's link to its parent, and its progress counts only while the best chain still leads there, so reorgs
 * need no special care. It starts with the newest blocks because most searched items are recent.
 */
export function blockScanner(maxBlocks: number): Scanner {
  const memo = new Memo<Passed>()
  return async ({ key, tip, downTo, look }, { signal }) => {
    const passed = memo.get(key)
    let place = tip
    let joined = passed === null
    const note = (): void => {
      const now = { from: tip, next: place }
      if (joined || passed === null || length(now) > length(passed)) memo.set(key, now)
    }
    for (let looks = 0; place.height >= downTo;) {
      if (place.hash === passed?.from.hash && passed.next.height < place.height) {
        place = passed.next
        joined = true
        continue
      }
      if (looks >= maxBlocks || signal.aborted) {
        note()
        return unreachable(`the blocks from ${downTo} on are not all searched yet`)
      }
      looks += 1
      const seen = await look(place)
      if (!seen.ok || seen.value.found !== null) {
        note()
        return seen.ok ? ok(seen.value.found) : seen
      }
      place = { height: place.height - 1, hash: seen.value.previous }
    }
    note()
    return ok(null)
  }
}
