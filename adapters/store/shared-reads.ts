import DataLoader from 'dataloader'
import type { Key } from './keys.ts'
import type { Row, Rows } from './rows.ts'

/**
 * Rows whose concurrent single reads (`Promise.all` over several) share one batch read. Nothing is cached, so
 * each read stays consistent. If a batch fails, all of its reads fail.
 */
export function sharedReads(rows: Rows): Rows {
  const loader = new DataLoader<Key, Row | null>((keys) => readAll(rows, keys), { cache: false })
  return {
    get: ({ pk, sk }) => loader.load({ pk, sk }),
    getMany: (keys) => rows.getMany(keys),
    put: (row, condition) => rows.put(row, condition),
    slice: (query) => rows.slice(query),
    list: (query) => rows.list(query),
  }
}

const nameOf = ({ pk, sk }: Key): string => JSON.stringify([pk, sk])

/** The rows of some keys, in their order. A batch read must name each item once. */
async function readAll(rows: Rows, keys: readonly Key[]): Promise<(Row | null)[]> {
  const wanted = [...new Map(keys.map((key) => [nameOf(key), key])).values()]
  const [only, ...others] = wanted
  const single = only !== undefined && others.length === 0 ? await rows.get(only) : null
  const read = others.length === 0 ? (single === null ? [] : [single]) : await rows.getMany(wanted)
  const found = new Map(read.map((row) => [nameOf(row), row]))
  return keys.map((key) => found.get(nameOf(key)) ?? null)
}
