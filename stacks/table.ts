import { indexKeyNames, tableDefinition } from '../adapters/store/table.ts'
import type { DeploySettings } from './settings.ts'

const TYPES = { S: 'string', N: 'number' } as const

/**
 * Creates the table, which is the source of truth. Point-in-time recovery is always on. In production the
 * table survives the removal of its stage and cannot be deleted. Items never expire.
 */
export function createTable({ isProduction, tableName }: DeploySettings): sst.aws.Dynamo {
  if (tableName !== null) return sst.aws.Dynamo.get('Splices', tableName)
  const fields = tableDefinition.AttributeDefinitions.map(
    ({ AttributeName, AttributeType }) => [AttributeName, TYPES[AttributeType]] as const,
  )
  const indexes = Object.entries(indexKeyNames).map(
    ([name, { partition, sort }]) =>
      [name, { hashKey: partition, rangeKey: sort, projection: 'keys-only' as const }] as const,
  )
  return new sst.aws.Dynamo('Splices', {
    fields: Object.fromEntries(fields),
    primaryIndex: { hashKey: 'pk', rangeKey: 'sk' },
    globalIndexes: Object.fromEntries(indexes),
    deletionProtection: isProduction,
  })
}
