import { indexKeyNames, tableDefinition } from '../adapters/store/table.ts'
import type { DeploySettings } from './settings.ts'

const TYPES = { S: 'string', N: 'number' } as const

/**
 * The table, which is the truth: point-in-time recovery always; in production it survives a removal and cannot be deleted. Its
 * items never expire (docs/design.md, section 9).
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
