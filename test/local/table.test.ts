import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { expect, test } from 'vitest'
import { DynamoRows } from '../../adapters/store/dynamo-rows.ts'
import { startTable } from '../../local/emulators.ts'
import { temporaryFolder } from '../../harness/local-product.ts'

const SCRIPT = fileURLToPath(new URL('dying-table.ts', import.meta.url))
/** More than both writes of the script are on the disk, however they are taken apart. */
const MOST_WRITES = 12

/** Runs the script on a folder; answers whether it was killed. */
async function dies(folder: string, beforeWrite: number): Promise<boolean> {
  const child = spawn(process.execPath, [SCRIPT, folder, String(beforeWrite)], { stdio: 'inherit' })
  const ended: unknown[] = await once(child, 'close')
  return ended[1] === 'SIGKILL'
}

/** What stands in the table of a folder: an item's version, and the entries of two indexes. */
async function standing(folder: string) {
  const table = await startTable(folder)
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ region: 'eu-central-1', endpoint: table.endpoint, credentials })
  const rows = new DynamoRows(DynamoDBDocumentClient.from(client), table.name)
  const list = async (name: 'due' | 'byTenant', partition: string) =>
    (await rows.list({ list: name, partition, through: null, after: null, limit: 10 })).map(({ sort }) => sort)
  const found = {
    version: (await rows.get({ pk: 'SPL#one', sk: '-' }))?.version ?? null,
    due: await list('due', 'DUE#0'),
    listed: await list('byTenant', 'acme'),
  }
  client.destroy()
  await table.close()
  return found
}

test('an item and its entries in the indexes agree, whenever the process is killed', async () => {
  let killed = 0
  for (let write = 1; write <= MOST_WRITES; write += 1) {
    const folder = temporaryFolder()
    const wasKilled = await dies(folder, write)
    const { version, due, listed } = await standing(folder)
    const whole = version === null ? { due: [], listed: [] } : { due: [version], listed: ['created#one'] }
    expect({ write, due, listed }).toEqual({ write, ...whole })
    if (wasKilled) killed += 1
    else break
  }
  expect(killed).toBeGreaterThan(1)
})
