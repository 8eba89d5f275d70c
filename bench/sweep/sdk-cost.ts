import { DynamoRows } from '../../adapters/store/dynamo-rows.ts'
import { duePkOf, indexKeysOf, itemKey, spliceKey } from '../../adapters/store/keys.ts'
import type { Rows } from '../../adapters/store/rows.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { dynoxidePath, openTable, startDynoxide } from '../../harness/emulators.ts'
import type { Life } from './life.ts'

/** What a request to the table costs in this process: the SDK, HTTP without TLS, JSON and attribute maps. Microseconds of CPU. */
export type SdkCost = {
  readonly getItemUs: number
  /** A hundred splices at once; of one of them. */
  readonly batchedSpliceUs: number
  /** A hundred small items at once; of one of them. */
  readonly batchedItemUs: number
  /** A hundred entries of the due index; of one of them. */
  readonly listedEntryUs: number
  readonly putItemUs: number
}

const PAGE = 100
/** Single items are asked for by as many splices as a sweep looks at side by side; pages one after the other. */
const SIDE_BY_SIDE = 32
const TABLE = 'bench'

/** Runs one request many times, some side by side; answers the CPU time of each in microseconds, the least of four. */
async function cpuUsOf(request: (n: number) => Promise<unknown>, times: number, sideBySide: number): Promise<number> {
  let least = Infinity
  for (let sample = 0; sample < 5; sample++) {
    const before = process.cpuUsage()
    for (let n = 0; n < times; n += sideBySide)
      await Promise.all(Array.from({ length: sideBySide }, (_, i) => request(sample * times + n + i)))
    const { user, system } = process.cpuUsage(before)
    // The first one warms up.
    if (sample > 0) least = Math.min(least, (user + system) / times)
  }
  return least
}

async function fill(rows: Rows, { pending, lease, at }: Life): Promise<string[]> {
  const ids = Array.from({ length: PAGE }, (_, n) => spliceIdOf(pending.tenant, `sample-${n}`))
  for (const id of ids) {
    const splice = { ...pending, id, dueAt: at }
    const index = indexKeysOf(splice)
    const { version, writeId } = splice
    // All in one shard, so that one page lists them.
    const due = { duePk: duePkOf(0), dueAt: at }
    await rows.put({ ...spliceKey(id), version, writeId, body: splice, index: { ...index, due } }, 'absent')
    await rows.put({ ...itemKey('lease', id), version: 1, writeId, body: lease, index: null }, 'absent')
  }
  return ids
}

/** Asks an emulator in a process of its own; null where there is none for this machine. */
export async function measureSdk(life: Life): Promise<SdkCost | null> {
  if (dynoxidePath() === null) return null
  const emulator = await startDynoxide()
  try {
    const { client, table } = await openTable(emulator.endpoint, TABLE)
    const rows: Rows = new DynamoRows(client, table)
    const ids = await fill(rows, life)
    const idAt = (n: number): string => ids[n % PAGE] ?? ''
    const query = { list: 'due', partition: duePkOf(0), through: life.at, after: null, limit: PAGE } as const
    const { lease } = life
    const cost = {
      getItemUs: await cpuUsOf((n) => rows.get(itemKey('lease', idAt(n))), 400, SIDE_BY_SIDE),
      batchedSpliceUs: (await cpuUsOf(() => rows.getMany(ids.map(spliceKey)), 40, 1)) / PAGE,
      batchedItemUs: (await cpuUsOf(() => rows.getMany(ids.map((id) => itemKey('lease', id))), 40, 1)) / PAGE,
      listedEntryUs: (await cpuUsOf(() => rows.list(query), 40, 1)) / PAGE,
      putItemUs: await cpuUsOf(
        (n) =>
          rows.put({ ...itemKey('lease', `new-${n}`), version: 1, writeId: 'w', body: lease, index: null }, 'absent'),
        400,
        SIDE_BY_SIDE,
      ),
    }
    client.destroy()
    return cost
  } finally {
    await emulator.close()
  }
}
