import { join, resolve } from 'node:path'
import * as z from 'zod'
import { Policy } from '../core/splice/policy.ts'
import { LocalError } from './problem.ts'
import { wiring } from '../functions/wiring.ts'

const SIMULATED_DATA_DIR = '.local'
/** What is in a table is about the nodes that it was made with. */
const REAL_DATA_DIR = '.local/nodes'

const Seconds = z.coerce.number().nonnegative().max(86_400)

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  DATA_DIR: z.string().default(''),
  BLOCK_SECONDS: Seconds.default(5),
  NODES_FILE: z.string().default(''),
})

/** How the local product runs. */
export type Settings = {
  /** 0: a free one. */
  readonly port: number
  readonly dataDir: string
  /** 0: blocks come by hand only. */
  readonly blockSeconds: number
  /** Real nodes instead of the simulated one. */
  readonly nodesFile: string | null
  readonly sweepSeconds: number
  readonly policy: Partial<Policy>
}

/** Reads the environment of a command. Throws LocalError naming the variable. */
export function settingsOf(environment: unknown): Settings {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new LocalError(lines.join('\n'))
  }
  const { PORT, DATA_DIR, BLOCK_SECONDS, NODES_FILE } = parsed.data
  const real = NODES_FILE !== ''
  return {
    port: PORT,
    dataDir: resolve(DATA_DIR || (real ? REAL_DATA_DIR : SIMULATED_DATA_DIR)),
    blockSeconds: BLOCK_SECONDS,
    nodesFile: real ? resolve(NODES_FILE) : null,
    sweepSeconds: real ? wiring.schedules.reconcile.everySeconds : 1,
    policy: real ? {} : simulationPolicy,
  }
}

/**
 * The design's waiting periods, shortened for a world in which a splice takes a second and all clocks are one. They are
 * waited for all the same.
 */
export const simulationPolicy = {
  quietMs: 3_000,
  quietGapMs: 10_000,
  startMarginMs: 100,
  backoffBaseMs: 1_000,
  backoffCapMs: 5_000,
  watchEveryMs: 10_000,
  dueJitterMs: 200,
  webhookBackoffBaseMs: 1_000,
  webhookBackoffCapMs: 10_000,
} as const satisfies Partial<Policy>

/** How long a request to the simulated node can be received after it was signed: its fence. */
export const simulationAuth = { authWindowSeconds: 4, clockSkewSeconds: 1 } as const

/** The files of a data directory. */
export function pathsIn(dataDir: string) {
  return {
    table: join(dataDir, 'table'),
    world: join(dataDir, 'world.json'),
    relay: join(dataDir, 'relay.json'),
    keys: join(dataDir, 'keys.json'),
    endpoints: join(dataDir, 'endpoints.json'),
  }
}
