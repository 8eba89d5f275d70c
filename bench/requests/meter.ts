import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as z from 'zod'
import { indexKeyNames } from '../../adapters/store/table.ts'
import { WireItem, indexUnitsOf, readUnitsOf, sizeOf, writeUnitsOf } from './capacity.ts'

/** One request to DynamoDB as it left this process: what it is called there, which items it named, and what it is billed. */
export type TableRequest = {
  readonly operation: 'GetItem' | 'BatchGetItem' | 'Query' | 'Query of an index' | 'PutItem'
  /** The kind of item, by the prefix of its key: `SPL`, `LEASE`, `EV`, ... */
  readonly item: string
  readonly key: string
  readonly readUnits: number
  readonly writeUnits: number
}

const Request = z.object({ headers: z.record(z.string(), z.string()), body: z.instanceof(Uint8Array) })
const Key = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) })
const Keyed = z.object({ Key })
const Put = z.object({ Item: WireItem })
const Batch = z.object({ RequestItems: z.record(z.string(), z.object({ Keys: z.array(Key) })) })
const Query = z.object({ IndexName: z.string().optional(), ExpressionAttributeValues: WireItem })
/** What a query found, as the document client hands it on: of an index, only the keys. */
const Found = z.object({
  output: z.object({ Items: z.array(z.record(z.string(), z.unknown())).optional() }),
})
const FoundKey = z.object({ pk: z.string(), sk: z.string() })

const indexes = Object.values(indexKeyNames)

/**
 * Notes every request that a client sends to DynamoDB, repetitions included, with the capacity that AWS's documentation says it
 * consumes. All writes to the table have to go through this client: what a put replaces is known from the puts before it.
 */
export function meterOf(client: DynamoDBClient, note: (request: TableRequest) => void): void {
  const table = new Map<string, WireItem>()
  const bytesAt = ({ pk, sk }: z.infer<typeof Key>): number => {
    const item = table.get(nameOf(pk.S, sk.S))
    return item === undefined ? 0 : sizeOf(item)
  }
  const read = (operation: TableRequest['operation'], key: string, readUnits: number): void =>
    note({ operation, item: key.split('#')[0] ?? '', key, readUnits, writeUnits: 0 })

  const put = async <T>(body: unknown, send: () => Promise<T>): Promise<T> => {
    const item = Put.parse(body).Item
    const { pk, sk } = Key.parse({ pk: item['pk'], sk: item['sk'] })
    const before = table.get(nameOf(pk.S, sk.S)) ?? null
    const written = { operation: 'PutItem' as const, item: pk.S.split('#')[0] ?? '', key: pk.S, readUnits: 0 }
    const units = writeUnitsOf(before, item)
    try {
      const answer = await send()
      table.set(nameOf(pk.S, sk.S), item)
      note({ ...written, writeUnits: units + indexUnitsOf(before, item, indexes) })
      return answer
    } catch (error) {
      // A failed condition is billed like the write.
      note({ ...written, key: `${pk.S} (refused)`, writeUnits: units })
      throw error
    }
  }

  const query = async <T>(body: unknown, send: () => Promise<T>): Promise<T> => {
    const { IndexName: index, ExpressionAttributeValues: values } = Query.parse(body)
    const answer = await send()
    const items = Found.parse(answer).output.Items ?? []
    const keys = items.map((item) => FoundKey.parse(item))
    if (index !== undefined) read('Query of an index', index, readUnitsOf(keysSize(items)) / 2)
    else {
      const bytes = keys.reduce((sum, { pk, sk }) => sum + bytesAt({ pk: { S: pk }, sk: { S: sk } }), 0)
      const pk = keys[0]?.pk ?? JSON.stringify(values[':pk'])
      read('Query', pk, readUnitsOf(bytes))
    }
    return answer
  }

  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body: bytes } = Request.parse(args.request)
      const operation = headers['x-amz-target']?.split('.')[1]
      const body: unknown = JSON.parse(new TextDecoder().decode(bytes))
      if (operation === 'PutItem') return put(body, () => next(args))
      if (operation === 'Query') return query(body, () => next(args))
      if (operation === 'GetItem') {
        const { Key: key } = Keyed.parse(body)
        read('GetItem', key.pk.S, readUnitsOf(bytesAt(key)))
      }
      if (operation === 'BatchGetItem') {
        const keys = Object.values(Batch.parse(body).RequestItems).flatMap(({ Keys }) => Keys)
        const units = keys.reduce((sum, key) => sum + readUnitsOf(bytesAt(key)), 0)
        read('BatchGetItem', keys[0]?.pk.S ?? '', units)
      }
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low', name: 'meter' },
  )
}

/** Bytes of items that are keys only. */
function keysSize(items: readonly Record<string, unknown>[]): number {
  const attributes = items.flatMap((item) => Object.entries(item))
  return attributes.reduce((sum, [name, value]) => sum + Buffer.byteLength(name + String(value)), 0)
}

const nameOf = (pk: string, sk: string): string => JSON.stringify([pk, sk])
