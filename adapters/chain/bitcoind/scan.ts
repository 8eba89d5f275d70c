import type { ChainFault } from '../../../core/ports/chain.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import { unreachable } from '../answer.ts'

/** So many things looked for are remembered. */
const MEMO_ENTRIES = 1_000

export type Place = { readonly height: number; readonly hash: string }

/** The blocks from one down to, but without, another hold nothing of what was looked for. */
type Passed = { readonly from: Place; readonly next: Place }

/** What a block holds of it, and which block is before it. */
export type BlockLook<T> = (
  place: Place,
) => Promise<Result<{ readonly found: T | null; readonly previous: string }, ChainFault>>

export type Scan<T> = {
  /** What is looked for: the name that its progress is remembered by. */
  readonly key: string
  readonly tip: Place
  /** The lowest block to look at. */
  readonly downTo: number
  readonly look: BlockLook<T>
}

/** Looks through blocks from the tip down; null: none of them holds it. A fault until all were looked at. */
export type Scanner = <T>(scan: Scan<T>, call: Call) => Promise<Result<T | null, ChainFault>>

/** A map that forgets what was set first. */
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
 * A scanner that looks at no more than so many blocks a call, and goes on in the next call where it ended. It goes from
 * block to block by the hash that each has of the one before it: what it passed counts only while the best chain still leads
 * there, so a reorg needs no care. The newest blocks come first: what is looked for is mostly young.
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
