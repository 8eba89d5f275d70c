import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { aBody, CHANNEL, NOW } from '../../harness/api/values.ts'
import { order, request } from '../../harness/api/request.ts'
import { aWorld, type World } from '../../harness/api/world.ts'

const List = z.object({
  data: z.array(z.object({ id: z.string(), amountSats: z.number() })),
  cursor: z.string().nullable(),
})

const SECOND = 1_000

/** Orders a splice a second, each with its number in the metadata, and gives a reader of the list. */
async function ordered(count: number) {
  const world = await aWorld()
  for (let n = 1; n <= count; n += 1) {
    world.told.now = NOW + n * SECOND
    const metadata = { order: String(n), parity: n % 2 === 0 ? 'even' : 'odd', '': 'empty', constructor: `c${n}` }
    const answer = await order(world, `order-${n}`, { ...aBody, amountSats: 50_000 + n, metadata })
    expect(answer.status).toBe(202)
  }
  const get = async (query: string, key = world.keys.reader) =>
    List.parse((await request(world, 'GET', `/v1/splices?${query}`, { key })).body)
  const numbers = async (query: string) => (await get(query)).data.map(({ amountSats }) => amountSats - 50_000)
  return { world, get, numbers }
}

const refusal = async (world: World, query: string) =>
  (await request(world, 'GET', `/v1/splices?${query}`, { key: world.keys.reader })).body

describe('a splice is found', () => {
  test('by its metadata, whatever the name of the field', async () => {
    const { numbers } = await ordered(4)
    expect(await numbers('metadata.order=3')).toEqual([3])
    expect(await numbers('metadata[order]=3')).toEqual([3])
    expect(await numbers('metadata.parity=even')).toEqual([4, 2])
    expect(await numbers('metadata.parity=even&metadata.order=2&status=queued')).toEqual([2])
    expect(await numbers('metadata.parity=even&metadata.order=3')).toEqual([])
    expect(await numbers('metadata.constructor=c1')).toEqual([1])
    expect(await numbers('metadata.toString=x')).toEqual([])
    expect(await numbers('metadata.=empty&limit=1')).toEqual([4])
    expect(await numbers(`metadata.order=1&channel=${CHANNEL}`)).toEqual([1])
  })

  test('although many newer ones come before it: a search reads on until something fits', async () => {
    const { get } = await ordered(30)
    const found = await get('metadata.order=21&limit=1')
    expect(found.data.map(({ id }) => id)).toEqual([spliceIdOf('acme', 'order-21')])
    const early = await get('metadata.order=20&limit=1')
    expect(early.data, 'ten pages are read, no more').toEqual([])
    const rest = await get(`metadata.order=20&limit=1&cursor=${early.cursor ?? ''}`)
    expect(rest.data.map(({ id }) => id)).toEqual([spliceIdOf('acme', 'order-20')])
  })

  test('by its idempotency key, in one read, also while the list lags', async () => {
    const { world, get } = await ordered(2)
    world.store.byTenant = () => Promise.reject(new Error('the list is not read'))
    const found = await get('idempotencyKey=order-1')
    expect(found).toMatchObject({ data: [{ id: spliceIdOf('acme', 'order-1') }], cursor: null })
    expect((await get('idempotencyKey=order-1&status=settled')).data).toEqual([])
    expect((await get('idempotencyKey=order-3')).data).toEqual([])
    expect((await get('idempotencyKey=order-1', world.keys.stranger)).data, 'a key of another tenant').toEqual([])
  })

  test('by when it was accepted; a list that has come to older ones ends', async () => {
    const { get, numbers } = await ordered(5)
    const at = new Date(NOW + 3 * SECOND).toISOString()
    expect(await numbers(`since=${at}`)).toEqual([5, 4, 3])
    const first = await get(`since=${at}&limit=2`)
    expect(first.cursor).not.toBeNull()
    expect(await get(`since=${at}&limit=2&cursor=${first.cursor ?? ''}`)).toMatchObject({ cursor: null })
    expect(await numbers('since=2026-11-30')).toHaveLength(5)
    expect(await numbers('since=2026-12-01')).toEqual([])
  })
})

test.each([
  ['since=yesterday', 'since'],
  ['since=2026-11-30T00:00:00', 'since'],
  ['idempotencyKey=', 'idempotencyKey'],
  [`idempotencyKey=${'k'.repeat(256)}`, 'idempotencyKey'],
  ['metadata=42', 'metadata'],
  ['meta.order=42', 'meta.order'],
  ['constructor=x', 'constructor'],
  ['metadata.order=1&metadata.order=2', 'metadata.order'],
])('the query %s is refused, and its field named', async (query, field) => {
  expect(await refusal(await aWorld(), query)).toMatchObject({ code: 'invalid_request', field })
})
