import { randomUUID } from 'node:crypto'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { GetCommand, PutCommand, ScanCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dynamoStore } from '../../adapters/store/dynamo.ts'
import { StoreAssertion } from '../../adapters/store/assertions.ts'
import { dueShardOf, itemKey, spliceKey } from '../../adapters/store/keys.ts'
import { memoryStore } from '../../adapters/store/memory.ts'
import { tableDefinition } from '../../adapters/store/table.ts'
import {
  dynamoClient,
  dynoxidePath,
  openTable,
  startDynalite,
  startDynoxide,
  type Emulator,
} from '../../harness/emulators.ts'
import { aForeignPayment } from '../../harness/records/payments.ts'
import { ACCEPTED_AT } from '../../harness/values.ts'
import { aSplice, aSpliceAtRest } from '../../harness/records/splices.ts'
import { storeContract } from './store-contract.ts'

const ids = { id: () => randomUUID() }

describe('the store in memory', () => {
  storeContract(async () => {
    const store = memoryStore({ ids })
    return { writer: () => store, close: async () => undefined }
  })
})

describe('the store on dynalite', () => onEngine(startDynalite))

const isDynoxideHere = dynoxidePath() !== null
if (!isDynoxideHere) {
  console.warn('SKIPPED: the store contract on dynoxide. It needs Linux x64 and the package @dynoxide/linux-x64.')
}
describe.skipIf(!isDynoxideHere)('the store on dynoxide', () => onEngine(startDynoxide))

function onEngine(start: () => Promise<Emulator>): void {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = await start()
  })
  afterAll(() => emulator.close())

  storeContract(async () => {
    const { client, table } = await openTable(emulator.endpoint, `t-${randomUUID()}`)
    const clients = [client]
    return {
      writer() {
        const own = dynamoClient(emulator.endpoint)
        clients.push(own)
        return dynamoStore({ client: own, table, ids })
      },
      close: async () => clients.forEach((each) => each.destroy()),
    }
  })

  describe('an item in the table', () => {
    let client: DynamoDBDocumentClient
    let table: string
    const stored = async (id: string) => {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: spliceKey(id) }))
      return Item
    }
    beforeAll(async () => {
      const opened = await openTable(emulator.endpoint, 'items')
      client = opened.client
      table = opened.table
    })
    afterAll(() => client.destroy())

    test('has its index keys beside the body, and none of the due index at rest', async () => {
      const store = dynamoStore({ client, table, ids })
      const { splice } = await store.create(aSplice())
      const live = {
        pk: `SPL#${splice.id}`,
        sk: '-',
        version: 1,
        writeId: splice.writeId,
        tenant: 'acme',
        tenantChannel: `acme#${splice.channelId}`,
        createdAtId: `0001795996800000#${splice.id}`,
        duePk: `DUE#${dueShardOf(splice.id)}`,
        dueAt: ACCEPTED_AT,
        body: { ...splice, metadata: '{}' },
      }
      expect(await stored(splice.id)).toEqual(live)

      const rested = await store.save({ ...aSpliceAtRest(), version: 1 })
      const { duePk, dueAt, ...listed } = (await stored(splice.id)) ?? {}
      expect([duePk, dueAt]).toEqual([undefined, undefined])
      expect(listed).toEqual({
        ...live,
        duePk: undefined,
        dueAt: undefined,
        version: 2,
        writeId: rested?.writeId,
        body: { ...rested, metadata: '{}' },
      })
    })

    test('of a foreign payment has the index keys of what it is found by, and no others', async () => {
      const store = dynamoStore({ client, table, ids })
      const payment = aForeignPayment({ kind: 'foreign_splice' })
      const keysOf = async () => {
        const key = itemKey('payment', payment.id)
        const { Item } = await client.send(new GetCommand({ TableName: table, Key: key }))
        const names = ['pk', 'duePk', 'dueAt', 'blockPk', 'createdAtId', 'tenant', 'tenantChannel']
        return names.map((name): unknown => Item?.[name])
      }
      const createdAtId = `0001795996800000#${payment.id}`
      await store.putItem('payment', payment.id, payment, 0)
      const duePk = `DUE#${dueShardOf(payment.id)}`
      const pending = [`PAY#${payment.id}`, duePk, ACCEPTED_AT, undefined, createdAtId, undefined, undefined]
      expect(await keysOf()).toEqual(pending)
      const final = { at: 1, block: { height: 7, hash: 'h' } }
      await store.putItem('payment', payment.id, { ...payment, final, dueAt: null }, 1)
      const rested = [`PAY#${payment.id}`, undefined, undefined, 'BLOCK#h', createdAtId, undefined, undefined]
      expect(await keysOf()).toEqual(rested)
    })

    test('of any kind has no empty and no null attribute outside its body', async () => {
      const store = dynamoStore({ client, table, ids })
      await store.putItem('tx', 'ab', { paymentId: 'p' }, 0)
      await store.appendEvent('acme', { id: 'e', type: 'splice.accepted', spliceId: 's', epoch: 0, at: 1 })
      const { Items: items = [] } = await client.send(new ScanCommand({ TableName: table }))
      const attributes = items.flatMap((item) => Object.entries(item)).filter(([name]) => name !== 'body')
      expect(attributes.filter(([, value]) => value === '' || value === null)).toEqual([])
      expect(items.map((item) => String(item['pk'])).filter((pk) => !pk.startsWith('SPL#'))).toEqual(
        expect.arrayContaining(['TX#ab', 'EV#acme']),
      )
    })

    test('that was changed behind our back is not taken for true', async () => {
      const store = dynamoStore({ client, table, ids })
      const { splice } = await store.create(aSplice({ id: 'spl_changed' }))
      const changed = { ...(await stored(splice.id)), version: 7 }
      await client.send(new PutCommand({ TableName: table, Item: changed }))
      await expect(store.load(splice.id)).rejects.toThrow(StoreAssertion)
      await client.send(new PutCommand({ TableName: table, Item: { ...changed, body: { id: splice.id } } }))
      await expect(store.load(splice.id)).rejects.toThrow(StoreAssertion)
    })

    test('is read consistently, except through an index', async () => {
      const reads: string[] = []
      const own = dynamoClient(emulator.endpoint)
      own.middlewareStack.add(
        (next) => (args) => {
          reads.push(JSON.stringify(args.input))
          return next(args)
        },
        { step: 'initialize' },
      )
      const store = dynamoStore({ client: own, table, ids })
      await store.load('a')
      await store.loadMany(['a'])
      await store.item('lease', 'c')
      await store.eventsAfter('acme', 0, 1)
      await store.endOfLog('acme')
      expect(reads.map((read) => read.includes('"ConsistentRead":true'))).toEqual([true, true, true, true, true])
      await store.byTenant('acme', 1, null)
      expect(reads.at(-1)).not.toContain('"ConsistentRead":true')
      own.destroy()
    })

    test('is indexed by keys only, as the definition says', async () => {
      const { Table: described } = await client.send(new DescribeTableCommand({ TableName: table }))
      const indexes = described?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => {
        return { IndexName, KeySchema, Projection }
      })
      expect(indexes).toHaveLength(4)
      expect(indexes).toEqual(expect.arrayContaining(tableDefinition.GlobalSecondaryIndexes))
    })
  })
}
