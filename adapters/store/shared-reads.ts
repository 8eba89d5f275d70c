import type { Key } from './keys.ts'
import type { Row, Rows } from './rows.ts'

type Waiting = { readonly resolve: (row: Row | null) => void; readonly reject: (error: unknown) => void }
type Wanted = { readonly key: Key; readonly waiting: Waiting[] }

/**
 * Rows whose single reads share a request: those that are asked for in one go (`Promise.all` over several) become one batch read,
 * with one signature, one connection and one answer. A read by itself stays a read by itself. As consistent as before, since
 * nothing is sent before it is asked for and nothing is kept. A batch that fails, fails all of its reads.
 */
export function sharedReads(rows: Rows): Rows {
  let wanted = new Map<string, Wanted>()

  async function ask(): Promise<void> {
    const asked = wanted
    wanted = new Map()
    try {
      const keys = [...asked.values()].map(({ key }) => key)
      const found = new Map((await read(rows, keys)).map((row) => [nameOf(row), row]))
      for (const [name, { waiting }] of asked)
        for (const { resolve } of waiting) resolve(found.get(name) ?? null)
    } catch (error) {
      for (const { waiting } of asked.values()) for (const { reject } of waiting) reject(error)
    }
  }

  return {
    get({ pk, sk }) {
      if (wanted.size === 0) queueMicrotask(() => void ask())
      const name = nameOf({ pk, sk })
      const one = wanted.get(name) ?? { key: { pk, sk }, waiting: [] }
      wanted.set(name, one)
      return new Promise((resolve, reject) => one.waiting.push({ resolve, reject }))
    },
    getMany: (keys) => rows.getMany(keys),
    put: (row, condition) => rows.put(row, condition),
    slice: (query) => rows.slice(query),
    list: (query) => rows.list(query),
  }
}

const nameOf = ({ pk, sk }: Key): string => JSON.stringify([pk, sk])

async function read(rows: Rows, keys: readonly Key[]): Promise<Row[]> {
  const [only, ...others] = keys
  if (only === undefined || others.length > 0) return rows.getMany(keys)
  const row = await rows.get(only)
  return row === null ? [] : [row]
}
