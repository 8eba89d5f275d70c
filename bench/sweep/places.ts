import type { ListName, Place } from '../../adapters/store/cursor.ts'
import { idOfPk, type IndexKeys, type Key } from '../../adapters/store/keys.ts'

/** A row as it lies in the table: its body as text, so that each read pays for reading it. */
export type TextRow = Key & { readonly version: number; readonly writeId: string; readonly body: string }

/** A place in a partition of an index. */
export type Entry = { readonly list: string; readonly place: Place }

/** What the indexes show of what stands under a partition key. */
export function entriesOf(pk: string, { createdAtId, lists, block, due }: IndexKeys): Entry[] {
  const id = idOfPk(pk)
  const place = { sort: createdAtId, id }
  return [
    ...(block === null ? [] : [{ list: listKey('byBlock', block.blockPk), place }]),
    ...(lists === null ? [] : [{ list: listKey('byTenant', lists.tenant), place }]),
    ...(lists === null ? [] : [{ list: listKey('byChannel', lists.tenantChannel), place }]),
    ...(due === null ? [] : [{ list: listKey('due', due.duePk), place: { sort: due.dueAt, id } }]),
  ]
}

/** Names a partition of an index. */
export function listKey(list: ListName, partition: string): string {
  return `${list} ${partition}`
}

/** The order of places in a partition. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.sort !== b.sort) return a.sort < b.sort ? -1 : 1
  return compareText(a.id, b.id)
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** The first of so many positions whose value is not below the wanted one. */
export function lowerBound<T>(
  length: number,
  at: (position: number) => T | null | undefined,
  wanted: T,
  compare: (a: T, b: T) => number,
): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = at(middle)
    if (value !== undefined && value !== null && compare(value, wanted) < 0) low = middle + 1
    else high = middle
  }
  return low
}
