import { describe, expect, test } from 'vitest'
import { MemoryRows } from '../../../adapters/store/memory-rows.ts'
import type { Row, Rows } from '../../../adapters/store/rows.ts'
import { sharedReads } from '../../../adapters/store/shared-reads.ts'

const rowOf = (pk: string, version = 1): Row => ({ pk, sk: '-', version, writeId: 'w', body: { pk } })
const at = (pk: string) => ({ pk, sk: '-' })

/** Rows `a` and `b`, and what was asked of them. */
async function aTable({ fails = false } = {}) {
  const asked: string[] = []
  const memory = new MemoryRows()
  for (const pk of ['a', 'b']) await memory.put({ ...rowOf(pk), index: null }, 'absent')
  const answer = async <T>(name: string, read: () => Promise<T>): Promise<T> => {
    asked.push(name)
    if (fails) throw new Error('throttled')
    return read()
  }
  const rows: Rows = {
    get: (key) => answer(`get ${key.pk}`, () => memory.get(key)),
    getMany: (keys) => answer(`getMany ${keys.map(({ pk }) => pk).join(' ')}`, () => memory.getMany(keys)),
    put: (row, condition) => memory.put(row, condition),
    slice: (query) => memory.slice(query),
    list: (query) => memory.list(query),
  }
  return { rows: sharedReads(rows), memory, asked }
}

describe('reads that are asked for in one go', () => {
  test('share one request, and each gets its own row, or none', async () => {
    const { rows, asked } = await aTable()
    const read = await Promise.all([rows.get(at('b')), rows.get(at('missing')), rows.get(at('a'))])
    expect(read).toEqual([rowOf('b'), null, rowOf('a')])
    expect(asked).toEqual(['getMany b missing a'])
  })

  test('name an item once: a batch with a key twice is refused', async () => {
    const { rows, asked } = await aTable()
    const read = await Promise.all([rows.get(at('a')), rows.get(at('b')), rows.get(at('a'))])
    expect(read).toEqual([rowOf('a'), rowOf('b'), rowOf('a')])
    expect(asked).toEqual(['getMany a b'])
  })

  test('tell items apart whose keys only look alike when joined', async () => {
    const { rows } = await aTable()
    const read = await Promise.all([rows.get({ pk: 'a', sk: '-' }), rows.get({ pk: 'a-', sk: '' })])
    expect(read).toEqual([rowOf('a'), null])
  })

  test('fail together', async () => {
    const { rows, asked } = await aTable({ fails: true })
    const read = await Promise.allSettled([rows.get(at('a')), rows.get(at('b'))])
    expect(read.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(asked).toHaveLength(1)
  })
})

describe('a read by itself', () => {
  test('stays one', async () => {
    const { rows, asked } = await aTable()
    expect(await rows.get(at('a'))).toEqual(rowOf('a'))
    expect(await rows.get(at('missing'))).toBeNull()
    expect(asked).toEqual(['get a', 'get missing'])
  })

  test('is made anew each time, and sees what was written before it was asked for', async () => {
    const { rows, memory, asked } = await aTable()
    await rows.get(at('a'))
    await memory.put({ ...rowOf('a', 2), index: null }, 1)
    expect(await rows.get(at('a'))).toEqual(rowOf('a', 2))
    expect(asked).toEqual(['get a', 'get a'])
  })

  test('works again after one that failed', async () => {
    const { rows, asked } = await aTable({ fails: true })
    await expect(rows.get(at('a'))).rejects.toThrow('throttled')
    await expect(rows.get(at('b'))).rejects.toThrow('throttled')
    expect(asked).toEqual(['get a', 'get b'])
  })
})
