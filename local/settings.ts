import { join, resolve } from 'node:path'
import * as z from 'zod'
import { Policy } from '../core/splice/policy.ts'
import { LocalError } from './problem.ts'
import { wiring } from '../functions/wiring.ts'

const SIMULATED_DATA_DIR = '.local'
/** A separate folder, because a table belongs to the nodes that it was created with. */
const REAL_DATA_DIR = '.local/nodes'

const Seconds = z.coerce.number().nonnegative().max(86_400)

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  DATA_DIR: z.string().default(''),
  BLOCK_SECONDS: Seconds.default(5),
  NODES_FILE: z.string().default(''),
  REQUESTS_PER_SECOND: z.coerce.number().int().min(1).max(999_999).default(1_000),
})

/** The settings of the local product. */
export type Settings = {
  /** 0: any free port. */
  readonly port: number
  readonly dataDir: string
  /** 0: blocks only by command. */
  readonly blockSeconds: number
  /** Real nodes instead of the simulated one. */
  readonly nodesFile: string | null
  /** The rate limit of a key. */
  readonly requestsPerSecond: number
  readonly sweepSeconds: number
  readonly policy: Partial<Policy>
}

/** Reads the settings from the environment. Throws LocalError naming the variable. */
export function settingsOf(environment: unknown): Settings {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new LocalError(lines.join('\n'))
  }
  const { PORT, DATA_DIR, BLOCK_SECONDS, NODES_FILE, REQUESTS_PER_SECOND } = parsed.data
  const real = NODES_FILE !== ''
  return {
    port: PORT,
    dataDir: resolve(DATA_DIR || (real ? REAL_DATA_DIR : SIMULATED_DATA_DIR)),
    blockSeconds: BLOCK_SECONDS,
    nodesFile: real ? resolve(NODES_FILE) : null,
    requestsPerSecond: REQUESTS_PER_SECOND,
    sweepSeconds: real ? wiring.schedules.reconcile.everySeconds : 1,
    policy: real ? {} : simulationPolicy,
  }
}

/**
 * The default waiting periods, shortened for a world in which a splice takes a second and all clocks agree.
 * They still apply.
 */
export const simulationPolicy = {
  quietMs: 3_000,
  quietGapMs: 10_000,
  startMarginMs: 100,
  backoffBaseMs: 1_000,
  backoffCapMs: 5_000,
  // No shorter: each splice that waits behind others is read and written that often.
  watchEveryMs: 60_000,
  dueJitterMs: 200,
  webhookBackoffBaseMs: 1_000,
  webhookBackoffCapMs: 10_000,
} as const satisfies Partial<Policy>

/** Bounds how long after its signing a request can still be accepted by the simulated node: its fence. */
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
