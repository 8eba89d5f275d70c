import type { Place } from '../../adapters/store/cursor.ts'
import { idOfPk, indexKeysOf, spliceKey } from '../../adapters/store/keys.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { entriesOf, type TextRow } from './places.ts'

const ID_PREFIX = 'spl_'
const ID_BYTES = 12

/**
 * Finished splices in a table: the key of each, and its entries in the indexes, lie in flat memory, so that a million of them
 * burden neither the heap nor its collection; bodies are made when somebody reads them. `splice` makes the nth record, oldest first.
 */
export class History {
  readonly count: number
  readonly #splice: (n: number) => Splice
  readonly #ids: Buffer
  /** Numbers of splices from 1, found by the first bytes of their ids; 0: a free place. */
  readonly #places: Uint32Array
  /** The numbers in each partition of an index, oldest first. */
  readonly #lists = new Map<string, Uint32Array>()

  constructor(count: number, splice: (n: number) => Splice) {
    this.count = count
    this.#splice = splice
    this.#ids = Buffer.alloc(count * ID_BYTES)
    this.#places = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(2, count * 2))))
    const lists = new Map<string, number[]>()
    for (let n = 0; n < count; n++) {
      const finished = splice(n)
      this.#ids.write(finished.id.slice(ID_PREFIX.length), n * ID_BYTES, 'hex')
      this.#places[this.#placeOf(n * ID_BYTES, this.#ids)] = n + 1
      for (const { list } of entriesOf(spliceKey(finished.id).pk, indexKeysOf(finished))) {
        const numbers = lists.get(list)
        if (numbers === undefined) lists.set(list, [n])
        else numbers.push(n)
      }
    }
    for (const [list, numbers] of lists) this.#lists.set(list, Uint32Array.from(numbers))
  }

  /** How many are in a partition of an index. */
  lengthOf(list: string): number {
    return this.#lists.get(list)?.length ?? 0
  }

  /** The place of the nth in a partition of an index, oldest first. */
  placeAt(list: string, at: number): Place | null {
    const n = this.#lists.get(list)?.[at]
    if (n === undefined) return null
    const { id } = this.#splice(n)
    return { sort: indexKeysOf(this.#splice(n)).createdAtId, id }
  }

  /** The row under a key; null: it is none of them. */
  rowOf(pk: string): TextRow | null {
    const id = idOfPk(pk)
    if (!id.startsWith(ID_PREFIX)) return null
    const bytes = Buffer.from(id.slice(ID_PREFIX.length), 'hex')
    const n = (bytes.length === ID_BYTES ? this.#places[this.#placeOf(0, bytes)] : undefined) ?? 0
    if (n === 0) return null
    const finished = this.#splice(n - 1)
    const { version, writeId } = finished
    return { ...spliceKey(id), version, writeId, body: JSON.stringify(finished) }
  }

  /** Where the id at an offset stands in the table of places, or the free place where it belongs. */
  #placeOf(offset: number, bytes: Buffer): number {
    const mask = this.#places.length - 1
    let at = bytes.readUInt32LE(offset) & mask
    for (;;) {
      const n = this.#places[at] ?? 0
      const start = (n - 1) * ID_BYTES
      if (n === 0 || bytes.compare(this.#ids, start, start + ID_BYTES, offset, offset + ID_BYTES) === 0) return at
      at = (at + 1) & mask
    }
  }
}
