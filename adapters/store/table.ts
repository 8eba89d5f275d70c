import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { ListName } from './cursor.ts'

/** The key attributes of each index. */
export const indexKeyNames = {
  due: { partition: 'duePk', sort: 'dueAt' },
  byTenant: { partition: 'tenant', sort: 'createdAtId' },
  byChannel: { partition: 'tenantChannel', sort: 'createdAtId' },
  byBlock: { partition: 'blockPk', sort: 'createdAtId' },
} as const satisfies Record<ListName, { partition: string; sort: string }>

/** The table for CreateTable, used locally and in tests. The stacks declare the same. */
export const tableDefinition = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'duePk', AttributeType: 'S' },
    { AttributeName: 'dueAt', AttributeType: 'N' },
    { AttributeName: 'tenant', AttributeType: 'S' },
    { AttributeName: 'tenantChannel', AttributeType: 'S' },
    { AttributeName: 'blockPk', AttributeType: 'S' },
    { AttributeName: 'createdAtId', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [keysOnly('due'), keysOnly('byTenant'), keysOnly('byChannel'), keysOnly('byBlock')],
} satisfies Omit<CreateTableCommandInput, 'TableName'>

/** A CreateTable request for a table of that name. */
export function createTableInput(name: string): CreateTableCommandInput {
  return { TableName: name, ...tableDefinition }
}

function keysOnly(list: ListName) {
  const { partition, sort } = indexKeyNames[list]
  return {
    IndexName: list,
    KeySchema: [
      { AttributeName: partition, KeyType: 'HASH' as const },
      { AttributeName: sort, KeyType: 'RANGE' as const },
    ],
    Projection: { ProjectionType: 'KEYS_ONLY' as const },
  }
}
