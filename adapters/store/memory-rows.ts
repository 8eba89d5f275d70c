import type { ListName, Place } from './cursor.ts'
import { idOfPk, type IndexKeys, type Key } from './keys.ts'
import type { Condition, ListQuery, Row, RowWrite, Rows, SliceQuery } from './rows.ts'

type Partition = Map<string, Row>
type IndexEntry = { readonly list: ListName; readonly partition: string; readonly place: Place }

/**
 * The table in memory. It stores frozen copies, so that readers can share the row. The indexes are updated
 * only by {@link MemoryRows.index}, so that they can lag.
 */
export class MemoryRows implements Rows {
  readonly #partitions = new Map<string, Partition>()
  readonly #indexKeys = new Map<string, IndexKeys>()
  readonly #entries = new Map<string, IndexEntry[]>()

  async get(key: Key): Promise<Row | null> {
    return this.#read(key)
  }

  async getMany(keys: readonly Key[]): Promise<Row[]> {
    return keys.flatMap((key) => this.#read(key) ?? [])
  }

  async put({ index, ...row }: RowWrite, condition: Condition): Promise<boolean> {
    const standing = this.#read(row)?.version ?? 'absent'
    if (standing !== condition) return false
    const partition = this.#partitions.get(row.pk) ?? new Map<string, Row>()
    this.#partitions.set(row.pk, partition.set(row.sk, { ...row, body: frozenCopy(row.body) }))
    if (index !== null) this.#indexKeys.set(row.pk, index)
    return true
  }

  async slice({ pk, after, descending, limit }: SliceQuery): Promise<Row[]> {
    const keys = [...(this.#partitions.get(pk)?.keys() ?? [])]
      .filter((sk) => after === null || (descending ? sk < after : sk > after))
      .sort()
    if (descending) keys.reverse()
    return this.getMany(keys.slice(0, limit).map((sk) => ({ pk, sk })))
  }

  async list({ list, partition, through, after, limit }: ListQuery): Promise<Place[]> {
    const direction = list === 'due' ? 1 : -1
    return [...this.#entries.values()]
      .flat()
      .filter((entry) => entry.list === list && entry.partition === partition)
      .map((entry) => entry.place)
      .filter((place) => through === null || Number(place.sort) <= through)
      .filter((place) => after === null || direction * compare(place, after) > 0)
      .sort((a, b) => direction * compare(a, b))
      .slice(0, limit)
  }

  /** Brings the indexes up to date for a partition key. */
  index(pk: string): void {
    const keys = this.#indexKeys.get(pk)
    if (keys !== undefined) this.#entries.set(pk, entriesOf(idOfPk(pk), keys))
  }

  /** Takes a backup of the table; the returned function restores it, indexes included. */
  backup(): () => void {
    const partitions = [...this.#partitions].map(([pk, rows]) => [pk, new Map(rows)] as const)
    const indexKeys = new Map(this.#indexKeys)
    return () => {
      this.#partitions.clear()
      this.#entries.clear()
      this.#indexKeys.clear()
      for (const [pk, rows] of partitions) this.#partitions.set(pk, new Map(rows))
      for (const [pk, keys] of indexKeys) {
        this.#indexKeys.set(pk, keys)
        this.index(pk)
      }
    }
  }

  #read({ pk, sk }: Key): Row | null {
    return this.#partitions.get(pk)?.get(sk) ?? null
  }
}

/** A deeply frozen copy of plain JSON. */
function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy))
  const entries = Object.entries(value).map(([key, part]) => [key, frozenCopy(part)] as const)
  return Object.freeze(Object.fromEntries(entries))
}

function entriesOf(id: string, { createdAtId, lists, block, due }: IndexKeys): IndexEntry[] {
  const place = { sort: createdAtId, id }
  const entries: IndexEntry[] = []
  if (block !== null) entries.push({ list: 'byBlock', partition: block.blockPk, place })
  if (lists !== null) entries.push({ list: 'byTenant', partition: lists.tenant, place })
  if (lists !== null) entries.push({ list: 'byChannel', partition: lists.tenantChannel, place })
  if (due !== null) entries.push({ list: 'due', partition: due.duePk, place: { sort: due.dueAt, id } })
  return entries
}

function compare(a: Place, b: Place): number {
  if (a.sort !== b.sort) return a.sort < b.sort ? -1 : 1
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}
