import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { JournalEntry as JournalEntrySchema, type JournalEntry } from '../../simulator/world/journal-entry.ts'
import { startChild, type Child } from '../../local/child.ts'
import { send } from '../../local/control-client.ts'

const SCRIPT = fileURLToPath(new URL('product.ts', import.meta.url))
const START_MS = 60_000
/** A regtest P2WPKH address. */
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'

const SpliceAnswer = z.object({
  id: z.string(),
  status: z.string(),
  attempts: z.array(z.object({ result: z.string().nullable() })),
})

/** A local product in a process of its own, on a fresh table and a fresh world. */
export type LocalRun = {
  readonly child: Child
  readonly folder: string
  /** Orders a splice-out; answers its id. */
  order(channel: string, amountSats: number): Promise<string>
  splice(id: string): Promise<z.infer<typeof SpliceAnswer>>
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>
  /** Pulls a lever of the world. */
  lever(words: string): Promise<unknown>
  /** The last lines of the world's journal. */
  journal(last: number): Promise<JournalEntry[]>
}

/** Starts a product, to be measured by `measure`, and ends it. */
export async function withProduct<T>(
  environment: Readonly<Record<'CHANNELS' | 'SWEEP_SECONDS' | 'BLOCK_SECONDS', string> & { IN_ONE_THREAD?: '1' }>,
  measure: (run: LocalRun) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-bench-'))
  try {
    const child = await startChild(folder, environment, { script: SCRIPT, startMs: START_MS })
    try {
      return await measure(runOf(child, folder))
    } finally {
      await child.end('SIGKILL')
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runOf(child: Child, folder: string): LocalRun {
  const { api, key, sim } = child.endpoints
  const asked = async <T>(path: string, schema: z.ZodType<T>, init: RequestInit = {}): Promise<T> => {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${key}`)
    const answer = await fetch(api + path, { ...init, headers })
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}: ${await answer.text()}`)
    return schema.parse(await answer.json())
  }
  const lever = (words: string): Promise<unknown> => send(z.string().parse(sim), words.split(' '))
  return {
    child,
    folder,
    async order(channel, amountSats) {
      const body = { node: 'alice', channel, kind: 'splice_out', amountSats, address: ADDRESS }
      const { id } = await asked('/v1/splices', z.object({ id: z.string() }), {
        method: 'POST',
        headers: { 'Idempotency-Key': `${channel}-${amountSats}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
      return id
    },
    splice: (id) => asked(`/v1/splices/${id}`, SpliceAnswer),
    get: (path, schema) => asked(path, schema),
    lever,
    journal: async (last) => z.array(JournalEntrySchema).parse(await lever(`journal ${last}`)),
  }
}
