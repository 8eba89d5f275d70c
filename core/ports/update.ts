import type { ItemKind, ItemOf, Versioned } from './records.ts'
import type { Store } from './ports.ts'

/** How often a write is tried. When writers run in lockstep, one wins per round, so each needs several tries. */
const TRIES_MAX = 100

/** Another writer won every time. Nothing was saved; the same call may succeed a moment later. */
export class Contended extends Error {
  override readonly name = 'Contended'
}

/** The item after {@link update}, and whether this call wrote it. null: there is no such item. */
export type Updated<T> = { readonly value: T | null; readonly written: boolean }

/**
 * Changes a small item by compare-and-swap: reads it, applies `change`, writes the result, and starts again
 * if somebody else wrote in between. `change` is given null if there is no item yet. To write nothing, it
 * returns null or its argument; an error that it throws stops the update. `seen` is the item from an earlier
 * read: it is read again only if somebody has written it since. Throws {@link Contended}.
 */
export async function update<K extends ItemKind>(
  store: Pick<Store, 'item' | 'putItem'>,
  kind: K,
  key: string,
  change: (value: ItemOf<K> | null) => ItemOf<K> | null | Promise<ItemOf<K> | null>,
  seen?: Versioned<ItemOf<K>> | null,
): Promise<Updated<ItemOf<K>>> {
  let read = seen
  return untilWritten(`${kind} ${key}`, async () => {
    const item = read === undefined ? await store.item(kind, key) : read
    read = undefined
    const before = item?.value ?? null
    const after = await change(before)
    if (after === null || after === before) return { value: before, written: false }
    const written = await store.putItem(kind, key, after, item?.version ?? 0)
    return written ? { value: after, written } : null
  })
}

/**
 * Repeats a read-change-write until it returns a value; null means that somebody else wrote first. Throws
 * {@link Contended}.
 */
export async function untilWritten<T>(what: string, write: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const written = await write()
    if (written !== null) return written
  }
  throw new Contended(`${what} is contended: another writer won every time`)
}
