import * as z from 'zod'
import { Misconfigured } from '../adapters/misconfigured.ts'
import { Policy } from '../core/splice/policy.ts'
import type { Instant } from '../core/values/instant.ts'

const Environment = z.object({
  /** JSON that overrides default periods and bounds (`core/splice/policy.ts`). */
  SPLICEKEEPER_POLICY: z.string().default(''),
  SPLICEKEEPER_GENERATION: z
    .string()
    .regex(/^\d{0,9}$/, 'must be a number')
    .default(''),
  /** When the backup was taken from which the table was restored. */
  SPLICEKEEPER_BACKUP_AT: z.union([z.literal(''), z.iso.datetime({ offset: true })]).default(''),
  /** Allows webhooks to private addresses and over plain http, for development. */
  SPLICEKEEPER_WEBHOOKS_PRIVATE: z.enum(['', 'false', 'true']).default(''),
  /** The requests that a key may make in a second. Only for a process that serves every request of the key. */
  SPLICEKEEPER_REQUESTS_PER_SECOND: z
    .string()
    .regex(/^([1-9]\d{0,5})?$/, 'must be a whole number from 1')
    .default(''),
  SPLICEKEEPER_LOG: z.enum(['json', 'readable']).default('json'),
  /** The URL of a transaction in a block explorer, with `{txid}` in it. The dashboard links to it. */
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

/** The settings in the environment of a function, which are those of the deployment. */
export type Settings = {
  readonly policy: Policy
  readonly generation: number
  readonly backupAt: Instant | null
  /** Whether webhooks may go to private addresses and over plain http. */
  readonly privateWebhooks: boolean
  /** The rate limit of a key; null: none. A burst may use five seconds' worth at once. */
  readonly requestsPerSecond: number | null
  readonly log: 'json' | 'readable'
  /** null: the dashboard has no links to transactions. */
  readonly explorer: string | null
  /** The namespace of the metrics in CloudWatch. */
  readonly metrics: string
}

/** Reads an environment. Throws Misconfigured, which names the variable. */
export function parseSettings(environment: unknown): Settings {
  const settings = parsed('environment', Environment, environment)
  return {
    policy: parsed('SPLICEKEEPER_POLICY', z.strictObject(Policy.shape), policyOf(settings.SPLICEKEEPER_POLICY)),
    generation: Number(settings.SPLICEKEEPER_GENERATION),
    backupAt: settings.SPLICEKEEPER_BACKUP_AT === '' ? null : Date.parse(settings.SPLICEKEEPER_BACKUP_AT),
    privateWebhooks: settings.SPLICEKEEPER_WEBHOOKS_PRIVATE === 'true',
    requestsPerSecond: Number(settings.SPLICEKEEPER_REQUESTS_PER_SECOND) || null,
    log: settings.SPLICEKEEPER_LOG,
    explorer: settings.SPLICEKEEPER_EXPLORER || null,
    metrics: settings.SPLICEKEEPER_METRICS,
  }
}

const policyOf = (text: string): unknown => (text === '' ? {} : jsonOf('SPLICEKEEPER_POLICY', text))

/** Parses a value. Throws Misconfigured with a line for each error, which never quotes the value. */
export function parsed<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `${what} ${issue.path.join('.')}: ${issue.message}`)
  throw new Misconfigured(lines.join('\n'))
}

/** Parses JSON. Throws Misconfigured without the parser's message, which would quote the text. */
export function jsonOf(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Misconfigured(`${what}: is not JSON`)
  }
}
