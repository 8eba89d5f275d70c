import { describe, expect, test } from 'vitest'
import { checkedSplice } from '../../../adapters/store/assertions.ts'
import { itemOf } from '../../../adapters/store/dynamo-rows.ts'
import { rowOf } from '../../../adapters/store/store.ts'
import { truncate } from '../../../core/splice/timeline.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { itemBytes } from '../../../harness/item-bytes.ts'
import { LONG, LONGEST, type Length } from '../../../harness/long-life/length.ts'
import { longLife } from '../../../harness/long-life/long-life.ts'

const KB = 1_000
const bytesOf = (splice: Splice): number => itemBytes(itemOf(rowOf(splice)))
const largestOf = (length: Length): number => Math.max(...longLife(length).map(bytesOf))

describe('an item is as large as DynamoDB counts it', () => {
  test.each<[string, Record<string, unknown>, number]>([
    ['names and texts in UTF-8', { a: 'b', é: '錄' }, 2 + 2 + 3],
    ['numbers by their significant digits', { a: 0, b: 12, c: 123, d: -12, e: 1_200_000 }, 5 + 1 + 2 + 3 + 3 + 2],
    ['a byte for null, and for true', { a: null, b: true }, 4],
    ['three bytes for a list, and one for each element', { a: ['b', 'c'] }, 1 + 3 + 2 + 2],
    ['three bytes for a map, and one for each element', { a: { b: 'c' } }, 1 + 3 + 1 + 1 + 1],
    ['nothing for what is undefined', { a: undefined, b: { c: undefined } }, 1 + 3],
  ])('%s', (_says, item, bytes) => expect(itemBytes(item)).toBe(bytes))
})

describe('the item of a splice', () => {
  test('stays under 40 KB through all that a client, a node and the chain can do in a long life', () => {
    const bytes = largestOf(LONG)
    expect(bytes).toBeLessThan(40 * KB)
    // The life reaches what it is to bound: it is a long one.
    expect(bytes).toBeGreaterThan(30 * KB)
  })

  // Of one byte, of three, and such as JSON writes as two and as six.
  test.each(['x', '錄', '"', '\u0001'])(
    'can be stored at every moment of a life that reaches every bound, in %j',
    (letter) => {
      const records = longLife({ ...LONGEST, letter })
      for (const splice of records) expect(() => rowOf(checkedSplice({ ...splice, version: 2 }))).not.toThrow()
      const last = records.at(-1)
      expect(last?.attempts).toHaveLength(20)
      expect(last?.bumps).toHaveLength(10)
      expect(last?.candidates).toHaveLength(20)
      expect(last?.fundingHistory).toHaveLength(50)
      expect(last?.timeline).toHaveLength(50)
    },
  )
})

describe('a text is cut', () => {
  test.each<[string, number, string]>([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['錄錄', 5, '錄'],
    ['"""', 5, '""'],
    ['a\u0001b', 6, 'a'],
    ['a\u0001b', 7, 'a\u0001'],
    ['😀😀', 7, '😀'],
    ['', 0, ''],
  ])('%j to %i bytes as it is written', (text, bytes, kept) => expect(truncate(text, bytes)).toBe(kept))
})
