import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { indexUnitsOf, readUnitsOf, sizeOf, writeUnitsOf, type WireItem } from '../../bench/requests/capacity.ts'
import { meterOf, type TableRequest } from '../../bench/requests/meter.ts'
import { requestAims } from '../../bench/aims.ts'
import { countRequests } from '../../bench/requests/requests.ts'
import { startDynalite, openTable } from '../../harness/emulators.ts'

const LOCAL = { region: 'eu-central-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
const indexes = [{ partition: 'duePk', sort: 'dueAt' }]
const key = { pk: { S: 'SPL#a' }, sk: { S: '-' } }
const due = (at: number): WireItem => ({ ...key, duePk: { S: 'DUE#1' }, dueAt: { N: String(at) } })
const long = (characters: number): WireItem => ({ ...key, body: { S: 'x'.repeat(characters) } })

describe('capacity units', () => {
  test('are of what is on the wire', () => {
    const item: WireItem = {
      a: { N: '-1200' },
      b: { L: [{ M: { c: { S: '錄' } } }] },
      d: { BOOL: true },
      e: { NULL: true },
    }
    expect(sizeOf(item)).toBe(1 + 3 + (1 + 3 + 1 + (3 + 1 + 1 + 3)) + 2 + 2)
  })

  test('of a read: one for each 4 KB, and one for nothing', () => {
    expect([0, 1, 4096, 4097].map(readUnitsOf)).toEqual([1, 1, 1, 2])
  })

  test('of a put: one for each KB of what is larger, the item before or after', () => {
    expect(writeUnitsOf(null, long(10))).toBe(1)
    expect(writeUnitsOf(long(3_000), long(10))).toBe(3)
    expect(writeUnitsOf(long(10), long(3_000))).toBe(3)
  })

  test.each([
    ['made', null, due(1), 1],
    ['moved', due(1), due(2), 2],
    ['left as it is', due(1), due(1), 0],
    ['taken away', due(1), key, 1],
    ['never there', key, key, 0],
  ])('of an entry in an index that is %s', (_says, before, after, units) => {
    expect(indexUnitsOf(before, after, indexes)).toBe(units)
  })
})

test('a write is counted whether it is made or refused', async () => {
  const emulator = await startDynalite()
  try {
    await openTable(emulator.endpoint, 'metered')
    const noted: TableRequest[] = []
    const client = new DynamoDBClient({ ...LOCAL, endpoint: emulator.endpoint })
    meterOf(client, (request) => void noted.push(request))
    const put = new PutItemCommand({
      TableName: 'metered',
      Item: { ...key, body: { S: 'x'.repeat(2_000) } },
      ConditionExpression: 'attribute_not_exists(pk)',
    })
    await client.send(put)
    await expect(client.send(put)).rejects.toThrow()
    expect(noted.map(({ operation, item, writeUnits }) => [operation, item, writeUnits])).toEqual([
      ['PutItem', 'SPL', 2],
      ['PutItem', 'SPL', 2],
    ])
    client.destroy()
  } finally {
    await emulator.close()
  }
})

test('a plain splice is billed no more than it should be', async () => {
  for (const { aim, wanted, figure, held } of requestAims(await countRequests()))
    expect(held, `${aim}: ${figure}, ${wanted}`).toBe(true)
}, 120_000)
