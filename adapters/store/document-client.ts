import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'

/**
 * A client that writes plain values. The SDK tells a plain object by its `constructor`, which a field of a client's metadata may be
 * called as well: with this option such an object is written as any other.
 */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { convertClassInstanceToMap: true } })
}
