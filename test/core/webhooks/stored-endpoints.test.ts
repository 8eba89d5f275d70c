import { describe, expect, test } from 'vitest'
import { memoryStore, type MemoryStore } from '../../../adapters/store/memory.ts'
import {
  updateEndpoint,
  updateEndpoints,
  endpointOf,
  endpointsOf,
  holdLease,
} from '../../../core/webhooks/stored-endpoints.ts'
import type { Endpoint } from '../../../core/ports/endpoint.ts'
import { LEASE_MS, newEndpoint } from '../../../core/webhooks/endpoint.ts'
import { countingIds, NOW } from '../../../harness/values.ts'

const TENANT = 'acme'

function anEndpoint(id: string, change: Partial<Endpoint> = {}): Endpoint {
  const made = { id, url: 'https://example.com/', description: null, deliveredThrough: 0, secret: 'whsec_a' }
  return { ...newEndpoint(made, NOW), ...change }
}

/** A table with a tenant's endpoints, and how often it was written since. */
async function aTable(...endpoints: readonly Endpoint[]) {
  const table = { puts: 0, contended: false }
  const store: MemoryStore = memoryStore({
    ids: countingIds(),
    hooks: {
      before: ({ type }) => {
        if (type === 'put') table.puts += 1
        return table.contended && type === 'put' ? 'lost_race' : null
      },
    },
  })
  if (endpoints.length > 0) await store.putItem('webhooks', TENANT, { endpoints: [...endpoints] }, 0)
  table.puts = 0
  return { store, table }
}
const never = (): never => {
  throw new Error('nothing there is to be changed')
}

describe('a tenant that never had an endpoint', () => {
  test('has none', async () => {
    const { store } = await aTable()
    expect(await endpointsOf(TENANT, store)).toEqual([])
    expect(await endpointOf(TENANT, 'whk_1', store)).toBeNull()
  })

  test('has none changed, none taken, and nothing written', async () => {
    const { store, table } = await aTable()
    const clock = { now: () => NOW }
    expect(await updateEndpoint(TENANT, 'whk_1', store, never)).toBeNull()
    expect(await holdLease(TENANT, 'whk_1', 'me', { store, clock })).toBeNull()
    expect(table.puts).toBe(0)
  })

  test('can be given its first', async () => {
    const { store } = await aTable()
    await updateEndpoints(TENANT, store, ({ endpoints }) => ({
      endpoints: [...endpoints, anEndpoint('whk_1')],
    }))
    expect(await endpointsOf(TENANT, store)).toEqual([anEndpoint('whk_1')])
  })
})

describe('of several endpoints', () => {
  const both = [anEndpoint('whk_1'), anEndpoint('whk_2')] as const

  test('the one of that id is found, and none for another id', async () => {
    const { store } = await aTable(...both)
    expect(await endpointOf(TENANT, 'whk_2', store)).toEqual(both[1])
    expect(await endpointOf(TENANT, 'whk_3', store)).toBeNull()
  })

  test('one is changed, and the others stay as they are', async () => {
    const { store } = await aTable(...both)
    const changed = await updateEndpoint(TENANT, 'whk_2', store, (each) => ({ ...each, deliveredThrough: 7 }))
    expect(changed).toEqual({ ...both[1], deliveredThrough: 7 })
    expect(await endpointsOf(TENANT, store)).toEqual([both[0], changed])
  })

  test('none is written where the change changes nothing, or is meant for one that is gone', async () => {
    const { store, table } = await aTable(...both)
    expect(await updateEndpoint(TENANT, 'whk_2', store, (each) => each)).toEqual(both[1])
    expect(await updateEndpoint(TENANT, 'whk_3', store, never)).toBeNull()
    expect(await updateEndpoints(TENANT, store, (each) => each)).toEqual({ endpoints: both })
    expect(table.puts).toBe(0)
  })
})

test('a change that never wins is given up after a hundred tries, said aloud, and not saved', async () => {
  const { store, table } = await aTable(anEndpoint('whk_1'))
  table.contended = true
  const change = (each: Endpoint): Endpoint => ({ ...each, deliveredThrough: 7 })
  await expect(updateEndpoint(TENANT, 'whk_1', store, change)).rejects.toThrow('contended')
  expect(table.puts).toBe(100)
  expect(await endpointOf(TENANT, 'whk_1', store)).toEqual(anEndpoint('whk_1'))
})

test('an endpoint that another consumer has is not given to a second one before its lease is over', async () => {
  const { store } = await aTable(anEndpoint('whk_1'))
  let now = NOW
  const hold = (holder: string) => holdLease(TENANT, 'whk_1', holder, { store, clock: { now: () => now } })
  expect((await hold('first'))?.lease).toEqual({ holder: 'first', until: NOW + LEASE_MS })
  now = NOW + LEASE_MS - 1
  expect(await hold('second')).toBeNull()
  now = NOW + LEASE_MS
  expect((await hold('second'))?.lease?.holder).toBe('second')
})
