import { rmSync } from 'node:fs'
import * as z from 'zod'
import { jsonIn, writeWhole } from './files.ts'
import { LocalError } from './problem.ts'
import { pathsIn } from './settings.ts'

const PROBE_MS = 1_000

/**
 * The addresses of what `npm start` runs, for commands and tests. Holds the keys, so only its owner may read the file.
 */
export const Endpoints = z.object({
  pid: z.int(),
  api: z.url(),
  key: z.string(),
  operatorKey: z.string(),
  /** The control server of the simulated world, and its chain; null with real nodes. */
  sim: z.url().nullable(),
  esplora: z.url().nullable(),
  node: z.string().nullable(),
  nodeUrl: z.url().nullable(),
  channels: z.array(z.string()),
  table: z.url(),
  queues: z.url(),
})
export type Endpoints = z.infer<typeof Endpoints>

/** The endpoints of the last start; null if nothing runs or it was stopped. */
export function readEndpoints(dataDir: string): Endpoints | null {
  return jsonIn(pathsIn(dataDir).endpoints, Endpoints)
}

export function writeEndpoints(dataDir: string, endpoints: Endpoints): void {
  writeWhole(pathsIn(dataDir).endpoints, `${JSON.stringify(endpoints, null, 2)}\n`)
}

export function removeEndpoints(dataDir: string): void {
  rmSync(pathsIn(dataDir).endpoints, { force: true })
}

/** Throws LocalError if another product runs on the data directory: the table serves one at a time. */
export async function refuseSecond(dataDir: string): Promise<void> {
  const written = readEndpoints(dataDir)
  if (written === null || !isAlive(written.pid)) return
  const signal = AbortSignal.timeout(PROBE_MS)
  const answer = await fetch(`${written.api}/health`, { signal }).catch(() => null)
  if (answer?.ok !== true) return
  throw new LocalError(
    `another one is running on ${dataDir} (process ${written.pid}): stop it, or set DATA_DIR to another folder`,
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
