import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb'
import { TABLE, identity } from '../../local/emulators.ts'
import { spreadOf, type Spread } from './spread.ts'

const EVERY_MS = 100
const BYTES = 4096

/** What the machine itself takes: a write of 4 KiB with fsync, and a bare conditional put of as much on the table's emulator. */
export type Beside = { readonly fsync: Spread; readonly put: Spread }

/** Measures both, one after the other, until `isOver`. */
export async function measureBeside(folder: string, endpoint: string, isOver: () => boolean): Promise<Beside> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...identity, endpoint }))
  const file = openSync(join(folder, 'fsync'), 'w')
  const [fsyncs, puts]: [number[], number[]] = [[], []]
  const content = 'x'.repeat(BYTES)
  try {
    while (!isOver()) {
      fsyncs.push(timed(() => fsynced(file, content)))
      const Item = { pk: `BENCH#${puts.length}-${Date.now()}`, sk: '-', content }
      const before = performance.now()
      await client.send(new PutCommand({ TableName: TABLE, Item, ConditionExpression: 'attribute_not_exists(pk)' }))
      puts.push(performance.now() - before)
      await pause(EVERY_MS)
    }
    return { fsync: spreadOf(fsyncs), put: spreadOf(puts) }
  } finally {
    closeSync(file)
    client.destroy()
  }
}

function timed(act: () => void): number {
  const before = performance.now()
  act()
  return performance.now() - before
}

function fsynced(file: number, content: string): void {
  writeSync(file, content, 0)
  fsyncSync(file)
}
