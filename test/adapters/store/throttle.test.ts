import { randomUUID } from 'node:crypto'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dynamoStore } from '../../../adapters/store/dynamo.ts'
import { dueShardOf } from '../../../adapters/store/keys.ts'
import { MemoryStoreFault, memoryStore, type Fault, type Operation } from '../../../adapters/store/memory.ts'
import type { LogEvent, Store } from '../../../core/ports/ports.ts'
import { dynamoClient, openTable, startDynalite, type Emulator } from '../../../harness/emulators.ts'
import { startCuttingProxy, type CuttingProxy } from './cutting-proxy.ts'
import { ACCEPTED_AT, countingIds } from '../../../harness/values.ts'
import { aSplice } from '../../../harness/records/splices.ts'

const event: Omit<LogEvent, 'sequence'> = {
  id: 'evt_1',
  type: 'splice.accepted',
  spliceId: 'spl_1',
  epoch: 0,
  at: 1,
}
const lease = { holder: null, queue: [], frozen: null }

/** The SDK pauses for up to a second before each further try of a throttled request. */
const TRIES = 2

describe('the store on a throttled table', () => {
  let dynalite: Emulator
  let proxy: CuttingProxy
  let client: DynamoDBDocumentClient
  let table: string
  let store: Store

  beforeAll(async () => {
    dynalite = await startDynalite()
  })
  afterAll(() => dynalite.close())
  beforeEach(async () => {
    proxy = await startCuttingProxy(dynalite.endpoint)
    client = dynamoClient(proxy.endpoint, TRIES)
    const opened = await openTable(dynalite.endpoint, `t-${randomUUID()}`)
    opened.client.destroy()
    table = opened.table
    store = dynamoStore({ client, table, ids: { id: () => randomUUID() } })
  })
  afterEach(async () => {
    client.destroy()
    await proxy.close()
  })

  const throttle = (operation: string, times: number) => proxy.disturb({ operation, times, how: 'throttle' })
  /** A store whose SDK does not repeat. */
  const impatient = () => {
    client.destroy()
    client = dynamoClient(proxy.endpoint, 1)
    return dynamoStore({ client, table, ids: { id: () => randomUUID() } })
  }
  const throttled = { name: 'ProvisionedThroughputExceededException' }

  test('throws what the database said once the SDK gives up, and nothing is written', async () => {
    const { splice } = await store.create(aSplice())
    throttle('PutItem', TRIES)
    await expect(store.save({ ...splice, epoch: 1 })).rejects.toMatchObject(throttled)
    expect(proxy.tally('PutItem')).toEqual({ arrived: 1 + TRIES, forwarded: 1 })
    expect(await store.load(splice.id)).toEqual(splice)
  })

  test('leaves no event and no small item behind', async () => {
    store = impatient()
    throttle('PutItem', 2)
    await expect(store.appendEvent('acme', event)).rejects.toMatchObject(throttled)
    await expect(store.putItem('lease', 'c', lease, 0)).rejects.toMatchObject(throttled)
    expect(await store.eventsAfter('acme', 0, 9)).toEqual([])
    expect(await store.item('lease', 'c')).toBeNull()
    expect(await store.appendEvent('acme', event)).toBe(1)
  })

  test('does not show a throttled read as an absence', async () => {
    const { splice } = await store.create(aSplice())
    store = impatient()
    throttle('GetItem', 1)
    await expect(store.load(splice.id)).rejects.toMatchObject(throttled)
    throttle('BatchGetItem', 1)
    await expect(store.loadMany([splice.id])).rejects.toMatchObject(throttled)
  })

  test('writes when the throttling ends while the SDK still tries', async () => {
    throttle('PutItem', 1)
    expect(await store.create(aSplice())).toMatchObject({ created: true, splice: { version: 1 } })
  })

  describe('that leaves keys of a batch read unanswered', () => {
    /** Answers nothing to the first batch reads, as a throttled table may. */
    function unanswered(times: number): () => number {
      let requests = 0
      client.middlewareStack.add(
        (next) => async (args) => {
          const { RequestItems: wanted } = { RequestItems: undefined, ...args.input }
          if (wanted === undefined) return next(args)
          requests += 1
          if (requests > times) return next(args)
          return { response: {}, output: { $metadata: {}, Responses: {}, UnprocessedKeys: wanted } }
        },
        { step: 'initialize', priority: 'low' },
      )
      return () => requests
    }

    test('asks for them again', async () => {
      const { splice } = await store.create(aSplice())
      const requests = unanswered(2)
      expect(await store.loadMany([splice.id])).toEqual([splice])
      expect(requests()).toBe(3)
    })

    test('throws after a bounded number of tries instead of leaving them out', async () => {
      const { splice } = await store.create(aSplice())
      const requests = unanswered(100)
      await expect(store.loadMany([splice.id])).rejects.toThrow('1 keys of a batch read were not answered')
      expect(requests()).toBe(6)
    })
  })
})

describe('the store in memory, when told to misbehave', () => {
  const putsOnly =
    (fault: Fault) =>
    (operation: Operation): Fault | null =>
      operation.type === 'put' ? fault : null

  /** A store whose next put meets a fault, and which is well behaved before and after. */
  function faulty() {
    const faults: Fault[] = []
    const seen: Operation[] = []
    const store = memoryStore({
      ids: countingIds('w'),
      hooks: {
        before: (operation) => (operation.type === 'put' ? (faults.shift() ?? null) : null),
        after: (operation) => void seen.push(operation),
      },
    })
    return { store, faults, seen }
  }

  test('throttles: throws, and nothing is written', async () => {
    const { store, faults } = faulty()
    faults.push('throttle')
    await expect(store.create(aSplice())).rejects.toThrow(MemoryStoreFault)
    expect(await store.load(aSplice().id)).toBeNull()
  })

  test('loses a response for good: throws, although it is written', async () => {
    const { store, faults } = faulty()
    const { splice } = await store.create(aSplice())
    faults.push('no_response')
    await expect(store.save({ ...splice, epoch: 1 })).rejects.toThrow(MemoryStoreFault)
    expect(await store.load(splice.id)).toMatchObject({ version: 2, epoch: 1 })
  })

  test('loses a response that the SDK repeats: the write is recognised as ours', async () => {
    const { store, faults } = faulty()
    faults.push('lost_response', 'lost_response', 'lost_response', 'lost_response')
    const { created, splice } = await store.create(aSplice())
    expect(created).toBe(true)
    expect(await store.save(splice)).toMatchObject({ version: 2 })
    expect(await store.putItem('lease', 'c', lease, 0)).toBe(true)
    expect(await store.appendEvent('acme', event)).toBe(1)
    expect(await store.eventsAfter('acme', 0, 9)).toHaveLength(1)
  })

  test('loses races: a save answers null, an append goes on until it wins', async () => {
    const { store, faults } = faulty()
    const { splice } = await store.create(aSplice())
    faults.push('lost_race', 'lost_race', 'lost_race')
    expect(await store.save({ ...splice, epoch: 1 })).toBeNull()
    expect(await store.load(splice.id)).toEqual(splice)
    expect(await store.appendEvent('acme', event)).toBe(1)
  })

  test('lets a hook race for real', async () => {
    let racing = true
    const store = memoryStore({
      ids: countingIds('w'),
      hooks: {
        async before(operation) {
          if (operation.type === 'put' && operation.condition === 1 && racing) {
            racing = false
            const theirs = await store.load(aSplice().id)
            if (theirs !== null) await store.save({ ...theirs, attemptSerial: 7 })
          }
          return null
        },
      },
    })
    const { splice } = await store.create(aSplice())
    expect(await store.save({ ...splice, attemptSerial: 1 })).toBeNull()
    expect(await store.load(splice.id)).toMatchObject({ version: 2, attemptSerial: 7 })
  })

  test('lets a hook crash after a request that was done', async () => {
    const store = memoryStore({
      ids: countingIds('w'),
      hooks: {
        after(operation) {
          if (operation.type === 'put') throw new Error('crash')
        },
      },
    })
    await expect(store.create(aSplice())).rejects.toThrow('crash')
    expect(await store.load(aSplice().id)).toMatchObject({ version: 1 })
  })

  test('shows every request in order', async () => {
    const { store, seen } = faulty()
    await store.create(aSplice())
    await store.create(aSplice())
    await store.due(0, 0, 1, null)
    expect(seen.map((operation) => `${operation.serial} ${operation.type}`)).toEqual([
      '1 put',
      '2 put',
      '3 get',
      '4 list',
    ])
  })

  test('says which fault it was', async () => {
    const store = memoryStore({ ids: countingIds(), hooks: { before: putsOnly('throttle') } })
    await expect(store.create(aSplice())).rejects.toMatchObject({
      fault: 'throttle',
      name: 'MemoryStoreFault',
    })
  })

  test('lags its indexes: ids are missing or stale, and the consistent read tells', async () => {
    let lagging = false
    const store = memoryStore({ ids: countingIds('w'), hooks: { lags: () => lagging } })
    const { id } = aSplice()
    const due = () => store.due(dueShardOf(id), ACCEPTED_AT, 9, null)
    const loadDue = async () => {
      const splices = await store.loadMany((await due()).ids)
      return splices.filter(({ dueAt }) => dueAt !== null && dueAt <= ACCEPTED_AT)
    }

    const { splice } = await store.create(aSplice())
    lagging = true
    await store.save({ ...splice, state: 'cancelled', leaseHeld: false, dueAt: null })
    expect((await due()).ids).toEqual([id])
    expect(await loadDue()).toEqual([])

    store.catchUp()
    expect((await due()).ids).toEqual([])

    await store.create(aSplice({ id: 'spl_new' }))
    expect((await store.byTenant('acme', 9, null)).ids).toEqual([id])
    expect(await store.load('spl_new')).not.toBeNull()
    store.catchUp()
    expect((await store.byTenant('acme', 9, null)).ids).toContain('spl_new')
  })
})
