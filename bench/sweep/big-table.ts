import type { Place } from '../../adapters/store/cursor.ts'
import type { IndexKeys, Key } from '../../adapters/store/keys.ts'
import type { Condition, ListQuery, Row, RowWrite, Rows, SliceQuery } from '../../adapters/store/rows.ts'
import type { History } from './history.ts'
import { comparePlaces, compareText, entriesOf, listKey, lowerBound, type Entry, type TextRow } from './places.ts'

/** Requests to the table, of each kind as DynamoDB calls it. */
export type TableRequests = Record<'GetItem' | 'BatchGetItem' | 'Query' | 'Query of an index' | 'PutItem', number>

const BATCH_KEYS = 100

const noRequests = (): TableRequests => ({
  GetItem: 0,
  BatchGetItem: 0,
  Query: 0,
  'Query of an index': 0,
  PutItem: 0,
})

/**
 * The table in memory, for very many items: each partition of an index is a sorted array. Counts what is asked of it one to one as
 * DynamoDB is asked, and which items were read.
 */
export class BigTable implements Rows {
  requests: TableRequests = noRequests()
  /** Items read, by the first part of their key; and those of them that were read many at once. */
  itemsRead = new Map<string, number>()
  itemsBatched = new Map<string, number>()
  /** Bodies of finished splices that were read. */
  historyRead = 0
  /** Called at each query of an index, with its partition. */
  onList: (partition: string) => void = () => undefined
  /** Finished splices, older than all else that is in the lists of tenants and channels. */
  history: History | null = null
  readonly #rows = new Map<string, TextRow>()
  readonly #sortKeys = new Map<string, string[]>()
  readonly #index = new Map<string, IndexKeys>()
  readonly #lists = new Map<string, Place[]>()
  readonly #unsorted = new Set<string>()

  /** Puts a row there without a request. */
  load(row: TextRow, index: IndexKeys | null): void {
    this.#rows.set(rowKey(row), row)
    if (index === null) return
    this.#index.set(row.pk, index)
    for (const { list, place } of entriesOf(row.pk, index)) {
      const places = this.#lists.get(list)
      if (places === undefined) this.#lists.set(list, [place])
      else places.push(place)
      this.#unsorted.add(list)
    }
  }

  /** Counts from nothing again. */
  reset(): void {
    this.requests = noRequests()
    this.itemsRead = new Map()
    this.itemsBatched = new Map()
    this.historyRead = 0
  }

  async get(key: Key): Promise<Row | null> {
    this.requests.GetItem += 1
    return this.#read(key)
  }

  async getMany(keys: readonly Key[]): Promise<Row[]> {
    this.requests.BatchGetItem += Math.ceil(keys.length / BATCH_KEYS)
    for (const key of keys) countKind(this.itemsBatched, key)
    return keys.flatMap((key) => this.#read(key) ?? [])
  }

  async put({ index, body, ...row }: RowWrite, condition: Condition): Promise<boolean> {
    this.requests.PutItem += 1
    const key = rowKey(row)
    const standing = this.#rows.get(key)
    if ((standing?.version ?? 'absent') !== condition) return false
    this.#rows.set(key, { ...row, body: JSON.stringify(body) })
    if (standing === undefined) this.#noteSortKey(row)
    if (index !== null) this.#reindex(row.pk, index)
    return true
  }

  async slice({ pk, after, descending, limit }: SliceQuery): Promise<Row[]> {
    this.requests.Query += 1
    const all = this.#sortKeys.get(pk) ?? []
    const last = descending ? all.length : 0
    const at = after === null ? last : lowerBound(all.length, (n) => all[n], after, compareText)
    const start = !descending && after !== null && all[at] === after ? at + 1 : at
    const wanted = descending ? all.slice(Math.max(0, start - limit), start).reverse() : all.slice(start, start + limit)
    return wanted.flatMap((sk) => this.#read({ pk, sk }) ?? [])
  }

  async list(query: ListQuery): Promise<Place[]> {
    this.requests['Query of an index'] += 1
    this.onList(query.partition)
    return query.list === 'due' ? this.#due(query) : this.#newest(query)
  }

  #due({ list, partition, through, after, limit }: ListQuery): Place[] {
    const places = this.#sorted(listKey(list, partition))
    const at = after === null ? 0 : lowerBound(places.length, (n) => places[n], after, comparePlaces)
    const here = places[at]
    const start = after !== null && here !== undefined && comparePlaces(here, after) === 0 ? at + 1 : at
    return places.slice(start, start + limit).filter(({ sort }) => through === null || Number(sort) <= through)
  }

  #newest({ list, partition, after, limit }: ListQuery): Place[] {
    const key = listKey(list, partition)
    const places = this.#sorted(key)
    const older = this.history?.lengthOf(key) ?? 0
    const at = (n: number) => (n < older ? this.history?.placeAt(key, n) : places[n - older])
    const length = older + places.length
    const end = after === null ? length : lowerBound<Place>(length, at, after, comparePlaces)
    const numbers = Array.from({ length: Math.min(limit, end) }, (_, n) => end - 1 - n)
    return numbers.flatMap((n) => at(n) ?? [])
  }

  #read(key: Key): Row | null {
    countKind(this.itemsRead, key)
    const row = this.#rows.get(rowKey(key)) ?? this.#finished(key.pk)
    return row === null ? null : { ...row, body: JSON.parse(row.body) }
  }

  #finished(pk: string): TextRow | null {
    const row = this.history?.rowOf(pk) ?? null
    if (row !== null) this.historyRead += 1
    return row
  }

  #noteSortKey({ pk, sk }: Key): void {
    const all = this.#sortKeys.get(pk) ?? []
    all.splice(
      lowerBound(all.length, (n) => all[n], sk, compareText),
      0,
      sk,
    )
    this.#sortKeys.set(pk, all)
  }

  #sorted(key: string): Place[] {
    const places = this.#lists.get(key) ?? []
    if (this.#unsorted.delete(key)) places.sort(comparePlaces)
    return places
  }

  #reindex(pk: string, next: IndexKeys): void {
    const before = this.#index.get(pk)
    this.#index.set(pk, next)
    const gone = before === undefined ? [] : entriesOf(pk, before)
    const come = entriesOf(pk, next)
    for (const entry of gone) if (!come.some((each) => isSame(each, entry))) this.#change(entry, 1)
    for (const entry of come) if (!gone.some((each) => isSame(each, entry))) this.#change(entry, 0, entry.place)
  }

  #change({ list, place }: Entry, removed: number, ...added: Place[]): void {
    const places = this.#sorted(list)
    const at = lowerBound(places.length, (n) => places[n], place, comparePlaces)
    places.splice(at, removed, ...added)
    this.#lists.set(list, places)
  }
}

function countKind(counts: Map<string, number>, { pk }: Key): void {
  const prefix = pk.slice(0, pk.indexOf('#'))
  counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
}

function isSame(one: Entry, other: Entry): boolean {
  return one.list === other.list && comparePlaces(one.place, other.place) === 0
}

function rowKey({ pk, sk }: Key): string {
  return sk === '-' ? pk : `${pk} ${sk}`
}
