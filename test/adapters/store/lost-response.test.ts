import { randomUUID } from 'node:crypto'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dynamoStore } from '../../../adapters/store/dynamo.ts'
import type { LogEvent, Store } from '../../../core/ports/ports.ts'
import { dynamoClient, openTable, startDynalite, type Emulator } from '../../../harness/emulators.ts'
import { startCuttingProxy, type CuttingProxy } from './cutting-proxy.ts'
import { aSplice } from '../../../harness/records/splices.ts'

const ids = { id: () => randomUUID() }
const lease = { holder: null, queue: [], frozen: null }
const event = (id: string): Omit<LogEvent, 'sequence'> => {
  return { id, type: 'splice.accepted', spliceId: 'spl_1', epoch: 0, at: 1 }
}

describe('the store, when the connection is reset after the database has written', () => {
  let dynalite: Emulator
  let proxy: CuttingProxy
  let cutClient: DynamoDBDocumentClient
  let directClient: DynamoDBDocumentClient
  /** Ours, through the proxy. */
  let store: Store
  /** Somebody else's, with a connection of its own. */
  let other: Store
  let maxAttempts: number

  beforeAll(async () => {
    dynalite = await startDynalite()
  })
  afterAll(() => dynalite.close())
  beforeEach(async () => {
    proxy = await startCuttingProxy(dynalite.endpoint)
    cutClient = dynamoClient(proxy.endpoint)
    maxAttempts = await cutClient.config.maxAttempts()
    const opened = await openTable(dynalite.endpoint, `t-${randomUUID()}`)
    directClient = opened.client
    store = dynamoStore({ client: cutClient, table: opened.table, ids })
    other = dynamoStore({ client: directClient, table: opened.table, ids })
  })
  afterEach(async () => {
    cutClient.destroy()
    directClient.destroy()
    await proxy.close()
  })

  const cut = (times: number, meanwhile?: () => Promise<void>) =>
    proxy.disturb({
      operation: 'PutItem',
      times,
      how: 'cut_after_response',
      ...(meanwhile && { meanwhile }),
    })
  const puts = () => proxy.tally('PutItem').forwarded

  test.each([1, 2])('reports a save that won as ours, once, after %i cuts', async (times) => {
    const { splice } = await other.create(aSplice())
    cut(times)
    const saved = await store.save({ ...splice, attemptSerial: 1 })
    expect(puts()).toBe(times + 1)
    expect(saved).toMatchObject({ version: 2, attemptSerial: 1 })
    expect(await other.load(splice.id)).toEqual(saved)
  })

  test('reports a create that won as created, and the next one as a replay', async () => {
    cut(1)
    const answer = await store.create(aSplice())
    expect(puts()).toBe(2)
    expect(answer).toMatchObject({ created: true, splice: { version: 1 } })
    expect(await other.create(aSplice())).toEqual({ created: false, splice: answer.splice })
  })

  test('reports a small item that was written as written, over nothing and over a version', async () => {
    cut(1)
    expect(await store.putItem('lease', 'c', lease, 0)).toBe(true)
    cut(1)
    expect(await store.putItem('lease', 'c', { ...lease, holder: 'a' }, 1)).toBe(true)
    expect(puts()).toBe(4)
    expect(await other.item('lease', 'c')).toEqual({ version: 2, value: { ...lease, holder: 'a' } })
  })

  test('appends an event once', async () => {
    await other.appendEvent('acme', event('a'))
    cut(2)
    expect(await store.appendEvent('acme', event('b'))).toBe(2)
    expect(puts()).toBe(3)
    expect((await other.eventsAfter('acme', 0, 9)).map((line) => line.id)).toEqual(['a', 'b'])
  })

  test('appends an event once although others append behind it before the SDK repeats', async () => {
    cut(1, async () => {
      await other.appendEvent('acme', event('theirs'))
    })
    expect(await store.appendEvent('acme', event('ours'))).toBe(1)
    expect((await other.eventsAfter('acme', 0, 9)).map((line) => line.id)).toEqual(['ours', 'theirs'])
  })

  test('reports another writer’s save as theirs when ours came too late', async () => {
    const { splice } = await other.create(aSplice())
    const theirs = await other.save({ ...splice, attemptSerial: 7 })
    cut(1)
    expect(await store.save({ ...splice, attemptSerial: 1 })).toBeNull()
    expect(await store.load(splice.id)).toEqual(theirs)
  })

  test('does not claim a save that won and was overwritten before it could be found', async () => {
    const { splice } = await other.create(aSplice())
    cut(1, async () => {
      const ours = await other.load(splice.id)
      if (ours !== null) await other.save({ ...ours, epoch: 3 })
    })
    expect(await store.save({ ...splice, attemptSerial: 1 })).toBeNull()
    expect(await store.load(splice.id)).toMatchObject({ version: 3, attemptSerial: 1, epoch: 3 })
  })

  test('reports another writer’s create and lease as theirs', async () => {
    await other.create(aSplice({ amountSats: 7_000 }))
    await other.putItem('lease', 'c', { ...lease, holder: 'theirs' }, 0)
    cut(2)
    expect(await store.create(aSplice())).toMatchObject({ created: false, splice: { amountSats: 7_000 } })
    expect(await store.putItem('lease', 'c', { ...lease, holder: 'ours' }, 0)).toBe(false)
    expect(await other.item('lease', 'c')).toMatchObject({ value: { holder: 'theirs' } })
  })

  test('throws when every try was cut, and what was written is there once', async () => {
    const { splice } = await other.create(aSplice())
    cut(maxAttempts)
    await expect(store.save({ ...splice, attemptSerial: 1 })).rejects.toThrow()
    expect(puts()).toBe(maxAttempts)
    expect(await store.load(splice.id)).toMatchObject({ version: 2, attemptSerial: 1 })
  })

  test('answers the sequence of an event whose append had thrown after it was written', async () => {
    cut(maxAttempts)
    await expect(store.appendEvent('acme', event('a'))).rejects.toThrow()
    expect(await store.appendEvent('acme', event('a'))).toBe(1)
    expect(await other.eventsAfter('acme', 0, 9)).toHaveLength(1)
  })

  describe('or before it hears of the request', () => {
    const cutBefore = (times: number, meanwhile?: () => Promise<void>) =>
      proxy.disturb({
        operation: 'PutItem',
        times,
        how: 'cut_before_forwarding',
        ...(meanwhile && { meanwhile }),
      })

    test('saves with the repeated request', async () => {
      const { splice } = await other.create(aSplice())
      cutBefore(1)
      expect(await store.save({ ...splice, attemptSerial: 1 })).toMatchObject({ version: 2 })
      expect(proxy.tally('PutItem')).toEqual({ arrived: 2, forwarded: 1 })
    })

    test('reports a writer that came in between as the one who won', async () => {
      const { splice } = await other.create(aSplice())
      cutBefore(1, async () => {
        await other.save({ ...splice, attemptSerial: 7 })
      })
      expect(await store.save({ ...splice, attemptSerial: 1 })).toBeNull()
      expect(await store.load(splice.id)).toMatchObject({ version: 2, attemptSerial: 7 })
    })

    test('appends after the line that came in between', async () => {
      cutBefore(1, async () => {
        await other.appendEvent('acme', event('theirs'))
      })
      expect(await store.appendEvent('acme', event('ours'))).toBe(2)
    })

    test('throws when every try was cut, and nothing is written', async () => {
      cutBefore(maxAttempts)
      await expect(store.create(aSplice())).rejects.toThrow()
      expect(proxy.tally('PutItem')).toEqual({ arrived: maxAttempts, forwarded: 0 })
      expect(await store.load(aSplice().id)).toBeNull()
    })
  })

  test('reads again when the answer to a read is lost', async () => {
    const { splice } = await other.create(aSplice())
    for (const operation of ['GetItem', 'BatchGetItem', 'Query']) {
      proxy.disturb({ operation, times: 1, how: 'cut_after_response' })
    }
    expect(await store.load(splice.id)).toEqual(splice)
    expect(await store.loadMany([splice.id])).toEqual([splice])
    expect((await store.byTenant('acme', 5, null)).ids).toEqual([splice.id])
  })
})
