import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { Store } from '../../core/ports/ports.ts'
import { DynamoRows } from './dynamo-rows.ts'
import { reachable } from './reach.ts'
import { sharedReads } from './shared-reads.ts'
import { storeOver, type WriteIds } from './store.ts'

/**
 * The store on DynamoDB: conditional writes of single items, no transactions, no streams. `ids` makes globally unique
 * write ids. Throws StoreUnavailable for a database that is slow, throttles or is out of reach, after the client's own retries.
 */
export function dynamoStore(options: { client: DynamoDBDocumentClient; table: string; ids: WriteIds }): Store {
  return storeOver(sharedReads(reachable(new DynamoRows(options.client, options.table))), options.ids)
}
