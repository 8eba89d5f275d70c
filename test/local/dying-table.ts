import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import database from 'dynalite/db/index.js'
import { DynamoRows } from '../../adapters/store/dynamo-rows.ts'
import { startTable } from '../../local/emulators.ts'

/** Writes an item, and again, into the table of a folder, and dies by SIGKILL just before the nth write to the disk. */
const [folder = '', death = ''] = process.argv.slice(2)

const { create } = database
let left = Infinity
const dyingBefore = <A extends readonly unknown[]>(write: (...args: A) => unknown) => {
  return (...args: A): unknown => {
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
    return write(...args)
  }
}
database.create = (options) => {
  const store = create(options)
  const { db } = store
  db.put = dyingBefore(db.put)
  db.del = dyingBefore(db.del)
  db.batch = dyingBefore(db.batch)
  return store
}

const table = await startTable(folder)
const client = new DynamoDBClient({
  region: 'eu-central-1',
  endpoint: table.endpoint,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
})
const rows = new DynamoRows(DynamoDBDocumentClient.from(client), table.name)
const row = (version: number) => ({
  pk: 'SPL#one',
  sk: '-',
  version,
  writeId: `write-${version}`,
  body: {},
  index: {
    createdAtId: 'created#one',
    lists: { tenant: 'acme', tenantChannel: 'acme#channel' },
    due: { duePk: 'DUE#0', dueAt: version },
    block: null,
  },
})
left = Number(death)
await rows.put(row(1), 'absent')
await rows.put(row(2), 1)
process.exit(0)
