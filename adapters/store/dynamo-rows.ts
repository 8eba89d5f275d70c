import { setTimeout as pause } from 'node:timers/promises'
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  type DynamoDBDocumentClient,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import { StoreUnavailable } from '../../core/ports/store-unavailable.ts'
import type { Place } from './cursor.ts'
import { idOfPk, indexedKey, type IndexKeys, type Key } from './keys.ts'
import type { Condition, ListQuery, Row, RowWrite, Rows, SliceQuery } from './rows.ts'
import { indexKeyNames } from './table.ts'

/** BatchGetItem's limit. */
const BATCH_KEYS = 100
/** Requests for a batch's unprocessed keys before the read fails. */
const MAX_BATCH_TRIES = 6
/** The pause before the first repetition; it doubles each time. */
const BATCH_PAUSE_MS = 20

const StoredKey = z.object({ pk: z.string(), sk: z.string() })
const StoredRow = StoredKey.extend({ version: z.int().positive(), writeId: z.string(), body: z.unknown() })
const StoredPlace = z.object({
  pk: z.string(),
  dueAt: z.number().optional(),
  createdAtId: z.string().optional(),
})
const StoredSort = z.union([z.string(), z.number()])

type Items = Record<string, unknown>[]

/** The table in DynamoDB. Throws what the SDK throws, except a failed condition. */
export class DynamoRows implements Rows {
  readonly #client: DynamoDBDocumentClient
  readonly #table: string

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client
    this.#table = table
  }

  async get({ pk, sk }: Key): Promise<Row | null> {
    const command = new GetCommand({ TableName: this.#table, Key: { pk, sk }, ConsistentRead: true })
    const { Item: item } = await this.#client.send(command)
    return item === undefined ? null : StoredRow.parse(item)
  }

  async getMany(keys: readonly Key[]): Promise<Row[]> {
    const rows: Row[] = []
    for (let start = 0; start < keys.length; start += BATCH_KEYS) {
      rows.push(...(await this.#batch(keys.slice(start, start + BATCH_KEYS))))
    }
    return rows
  }

  async put(row: RowWrite, condition: Condition): Promise<boolean> {
    const command = new PutCommand({
      TableName: this.#table,
      Item: itemOf(row),
      ...expressionOf(condition),
    })
    try {
      await this.#client.send(command)
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }

  async slice({ pk, after, descending, limit }: SliceQuery): Promise<Row[]> {
    const bound = after === null ? '' : ` AND sk ${descending ? '<' : '>'} :after`
    const items = await this.#query(limit, {
      KeyConditionExpression: `pk = :pk${bound}`,
      ExpressionAttributeValues: { ':pk': pk, ...(after === null ? {} : { ':after': after }) },
      ScanIndexForward: !descending,
      ConsistentRead: true,
    })
    return items.map((item) => StoredRow.parse(item))
  }

  async list({ list, partition, through, after, limit }: ListQuery): Promise<Place[]> {
    // DynamoDB answers a start key outside of the range with an error, not with an empty page.
    if (through !== null && after !== null && Number(after.sort) > through) return []
    const names = indexKeyNames[list]
    const start = after && { ...indexedKey(after.id), [names.partition]: partition, [names.sort]: after.sort }
    const items = await this.#query(limit, {
      IndexName: list,
      KeyConditionExpression: `#partition = :partition${through === null ? '' : ' AND #sort <= :through'}`,
      ExpressionAttributeNames: {
        '#partition': names.partition,
        ...(through === null ? {} : { '#sort': names.sort }),
      },
      ExpressionAttributeValues: {
        ':partition': partition,
        ...(through === null ? {} : { ':through': through }),
      },
      ScanIndexForward: list === 'due',
      ...(start && { ExclusiveStartKey: start }),
    })
    return items.map((item) => {
      const keys = StoredPlace.parse(item)
      return { id: idOfPk(keys.pk), sort: StoredSort.parse(keys[names.sort]) }
    })
  }

  async #query(limit: number, input: Omit<QueryCommandInput, 'TableName' | 'Limit'>): Promise<Items> {
    const items: Items = []
    let start = input.ExclusiveStartKey
    do {
      const paging = { Limit: limit - items.length, ...(start && { ExclusiveStartKey: start }) }
      const page = await this.#client.send(new QueryCommand({ ...input, ...paging, TableName: this.#table }))
      items.push(...(page.Items ?? []))
      start = page.LastEvaluatedKey
    } while (start !== undefined && items.length < limit)
    return items
  }

  async #batch(keys: readonly Key[]): Promise<Row[]> {
    const rows: Row[] = []
    let wanted = keys.map(({ pk, sk }) => ({ pk, sk }))
    for (let tries = 0; tries < MAX_BATCH_TRIES && wanted.length > 0; tries += 1) {
      if (tries > 0) await pause(BATCH_PAUSE_MS * 2 ** (tries - 1))
      const request = { [this.#table]: { Keys: wanted, ConsistentRead: true } }
      const answer = await this.#client.send(new BatchGetCommand({ RequestItems: request }))
      rows.push(...(answer.Responses?.[this.#table] ?? []).map((item) => StoredRow.parse(item)))
      wanted = (answer.UnprocessedKeys?.[this.#table]?.Keys ?? []).map((key) => StoredKey.parse(key))
    }
    if (wanted.length > 0)
      throw new StoreUnavailable('UnprocessedKeys', `${wanted.length} keys of a batch read were not answered`)
    return rows
  }
}

/** A row as the item that DynamoDB stores, and whose size it counts. */
export function itemOf({ index, ...row }: RowWrite): Record<string, unknown> {
  return { ...row, ...indexAttributes(index) }
}

/** Leaves absent keys out: DynamoDB refuses a null or empty index key, and its emulators silently store it. */
function indexAttributes(index: IndexKeys | null): Record<string, string | number> {
  if (index === null) return {}
  const { createdAtId, lists, due, block } = index
  return { createdAtId, ...lists, ...due, ...block }
}

function expressionOf(condition: Condition) {
  if (condition === 'absent') return { ConditionExpression: 'attribute_not_exists(pk)' }
  return {
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': condition },
  }
}
