import * as z from 'zod'
import { Misconfigured } from '../adapters/misconfigured.ts'
import type { NodeEntry } from '../adapters/node/configured.ts'
import { parseNodes } from '../adapters/node/configured.ts'
import { Policy } from '../core/policy.ts'
import type { Instant } from '../core/splice.ts'

/** What the functions are linked to, by the names of the stacks. */
const Links = z.object({
  Table: z.object({ name: z.string() }),
  WorkQueue: z.object({ url: z.string() }),
  NodeEventsQueue: z.object({ url: z.string() }),
  Nodes: z.object({ value: z.string() }),
})

const Environment = z.object({
  /** JSON of periods and bounds that differ from the design's. */
  SPLICEKEEPER_POLICY: z.string().default(''),
  SPLICEKEEPER_GENERATION: z
    .string()
    .regex(/^\d{0,9}$/, 'must be a number')
    .default(''),
  /** When the backup was taken that the table was restored from. */
  SPLICEKEEPER_BACKUP_AT: z.union([z.literal(''), z.iso.datetime({ offset: true })]).default(''),
  SPLICEKEEPER_LOG: z.enum(['json', 'readable']).default('json'),
})

/** Everything that the functions are told from outside. */
export type Configuration = {
  readonly tableName: string
  readonly workQueueUrl: string
  readonly nodeEventsQueueUrl: string
  readonly nodes: readonly NodeEntry[]
  readonly policy: Policy
  readonly generation: number
  readonly backupAt: Instant | null
  readonly log: 'json' | 'readable'
}

/** Reads links and environment. Throws Misconfigured, naming what is wrong. */
export function parseConfiguration(links: unknown, environment: unknown): Configuration {
  const linked = parsed('link', Links, links)
  const settings = parsed('environment', Environment, environment)
  return {
    tableName: linked.Table.name,
    workQueueUrl: linked.WorkQueue.url,
    nodeEventsQueueUrl: linked.NodeEventsQueue.url,
    nodes: parseNodes(jsonOf('secret Nodes', linked.Nodes.value), 'secret Nodes'),
    policy: parsed(
      'SPLICEKEEPER_POLICY',
      z.strictObject(Policy.shape),
      policyOf(settings.SPLICEKEEPER_POLICY),
    ),
    generation: Number(settings.SPLICEKEEPER_GENERATION),
    backupAt: settings.SPLICEKEEPER_BACKUP_AT === '' ? null : Date.parse(settings.SPLICEKEEPER_BACKUP_AT),
    log: settings.SPLICEKEEPER_LOG,
  }
}

const policyOf = (text: string): unknown => (text === '' ? {} : jsonOf('SPLICEKEEPER_POLICY', text))

function parsed<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `${what} ${issue.path.join('.')}: ${issue.message}`)
  throw new Misconfigured(lines.join('\n'))
}

/** The parser's own message would quote the text. */
function jsonOf(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Misconfigured(`${what}: is not JSON`)
  }
}
