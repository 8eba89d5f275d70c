import type { ListName, Place } from './cursor.ts'
import type { IndexKeys, Key } from './keys.ts'

/** One item of the table. */
export type Row = Key & {
  /** From 1, one more at each write; events stay at 1. */
  readonly version: number
  /** Made anew for each write, so that a writer recognises its own. */
  readonly writeId: string
  /** Plain JSON: no undefined, no class instances. */
  readonly body: unknown
}

/** A row as it is written: with what the indexes shall show of it; null: in no index. */
export type RowWrite = Row & { readonly index: IndexKeys | null }

/** What must stand in the table for a put to be made: nothing (`absent`), or that version. */
export type Condition = 'absent' | number

/** A stretch of one partition of an index, up to `limit` places: `due` ascending, the others descending. */
export type ListQuery = {
  readonly list: ListName
  readonly partition: string
  /** The last sort key wanted, included; null: to the end. Only for `due`. */
  readonly through: number | null
  /** The place after which to go on; null: from the start. */
  readonly after: Place | null
  readonly limit: number
}

/** A stretch of one partition of the table in the order of sort keys, or backwards. */
export type SliceQuery = {
  readonly pk: string
  /** The sort key after which to go on in that direction, excluded; null: from the start. */
  readonly after: string | null
  readonly descending: boolean
  readonly limit: number
}

/**
 * What the store needs of a database: single items under conditions, and ordered reads. All reads but `list` are
 * consistent. DynamoDB and memory both implement it, so that both run the same store on top.
 */
export interface Rows {
  get(key: Key): Promise<Row | null>
  /** Missing ones are left out; in any order. */
  getMany(keys: readonly Key[]): Promise<Row[]>
  /** False: the condition failed when last tried; an earlier try, whose answer was lost, may have won. */
  put(row: RowWrite, condition: Condition): Promise<boolean>
  slice(query: SliceQuery): Promise<Row[]>
  /** Places in an index, which may lag. */
  list(query: ListQuery): Promise<Place[]>
}
