import * as z from 'zod'
import { Misconfigured } from '../adapters/misconfigured.ts'
import { Policy } from '../core/splice/policy.ts'
import type { Instant } from '../core/values/instant.ts'

const REQUESTS_PER_SECOND = 20

const Environment = z.object({
  /** JSON of periods and bounds that differ from the design's. */
  SPLICEKEEPER_POLICY: z.string().default(''),
  SPLICEKEEPER_GENERATION: z
    .string()
    .regex(/^\d{0,9}$/, 'must be a number')
    .default(''),
  /** When the backup was taken that the table was restored from. */
  SPLICEKEEPER_BACKUP_AT: z.union([z.literal(''), z.iso.datetime({ offset: true })]).default(''),
  /** Webhooks to private addresses, over http too: for one's own machine. */
  SPLICEKEEPER_WEBHOOKS_PRIVATE: z.enum(['', 'false', 'true']).default(''),
  /** What a key may ask of one process in a second. */
  SPLICEKEEPER_REQUESTS_PER_SECOND: z
    .string()
    .regex(/^([1-9]\d{0,5})?$/, 'must be a whole number from 1')
    .default(''),
  SPLICEKEEPER_LOG: z.enum(['json', 'readable']).default('json'),
  /** The address of a transaction in an explorer, with `{txid}` in it, for the links of the dashboard. */
  SPLICEKEEPER_EXPLORER: z
    .union([
      z.literal(''),
      z
        .url({ protocol: /^https?$/ })
        .max(500)
        .includes('{txid}', 'must have {txid} in it'),
    ])
    .default(''),
  SPLICEKEEPER_METRICS: z.string().min(1).default('Splicekeeper'),
})

/** What the environment says: of a function, and of whoever deploys it. */
export type Settings = {
  readonly policy: Policy
  readonly generation: number
  readonly backupAt: Instant | null
  /** Whether webhooks may go to addresses that are not public, and over http. */
  readonly privateWebhooks: boolean
  /** Requests that a key may make of one process, with a burst of five seconds of them. */
  readonly requestsPerSecond: number
  readonly log: 'json' | 'readable'
  /** null: the dashboard has no links to transactions. */
  readonly explorer: string | null
  /** The namespace of the metrics in CloudWatch. */
  readonly metrics: string
}

/** Reads an environment. Throws Misconfigured, naming the variable. */
export function parseSettings(environment: unknown): Settings {
  const settings = parsed('environment', Environment, environment)
  return {
    policy: parsed(
      'SPLICEKEEPER_POLICY',
      z.strictObject(Policy.shape),
      policyOf(settings.SPLICEKEEPER_POLICY),
    ),
    generation: Number(settings.SPLICEKEEPER_GENERATION),
    backupAt: settings.SPLICEKEEPER_BACKUP_AT === '' ? null : Date.parse(settings.SPLICEKEEPER_BACKUP_AT),
    privateWebhooks: settings.SPLICEKEEPER_WEBHOOKS_PRIVATE === 'true',
    requestsPerSecond: Number(settings.SPLICEKEEPER_REQUESTS_PER_SECOND || REQUESTS_PER_SECOND),
    log: settings.SPLICEKEEPER_LOG,
    explorer: settings.SPLICEKEEPER_EXPLORER || null,
    metrics: settings.SPLICEKEEPER_METRICS,
  }
}

const policyOf = (text: string): unknown => (text === '' ? {} : jsonOf('SPLICEKEEPER_POLICY', text))

/** A value that fits a schema. Throws Misconfigured with a line for each that does not, and never a value. */
export function parsed<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `${what} ${issue.path.join('.')}: ${issue.message}`)
  throw new Misconfigured(lines.join('\n'))
}

/** The parser's own message would quote the text. */
export function jsonOf(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Misconfigured(`${what}: is not JSON`)
  }
}
