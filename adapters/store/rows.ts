import type { ListName, Place } from './cursor.ts'
import type { IndexKeys, Key } from './keys.ts'

/** One item of the table. */
export type Row = Key & {
  /** Starts at 1 and grows by one at each write; log lines stay at 1. */
  readonly version: number
  /** New for each write, so that a writer recognises its own. */
  readonly writeId: string
  /** Plain JSON: no undefined, no class instances. */
  readonly body: unknown
}

/** A row to write, with its keys in the indexes; null: it is in no index. */
export type RowWrite = Row & { readonly index: IndexKeys | null }

/** What a put requires: that the row is absent, or has that version. */
export type Condition = 'absent' | number

/** Up to `limit` places of one partition of an index: `due` ascending, the others descending. */
export type ListQuery = {
  readonly list: ListName
  readonly partition: string
  /** The last sort key, inclusive; null: to the end. Only for `due`. */
  readonly through: number | null
  /** The place to continue after; null: from the start. */
  readonly after: Place | null
  readonly limit: number
}

/** Up to `limit` rows of one partition of the table, in the order of their sort keys or backwards. */
export type SliceQuery = {
  readonly pk: string
  /** The sort key to continue after, in that direction; null: from the start. */
  readonly after: string | null
  readonly descending: boolean
  readonly limit: number
}

/**
 * What the store needs of a database: conditional writes of single items, and ordered reads. All reads but
 * `list` are consistent. DynamoDB and memory both implement it, so that the same store runs on both.
 */
export interface Rows {
  get(key: Key): Promise<Row | null>
  /** In any order; missing rows are left out. */
  getMany(keys: readonly Key[]): Promise<Row[]>
  /** False: the condition failed in the last try. An earlier try whose answer was lost may have succeeded. */
  put(row: RowWrite, condition: Condition): Promise<boolean>
  slice(query: SliceQuery): Promise<Row[]>
  /** The index may lag behind the table. */
  list(query: ListQuery): Promise<Place[]>
}
