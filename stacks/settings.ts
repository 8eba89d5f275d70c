import { parseSettings } from '../functions/settings.ts'

/** Days for which the log groups keep what was logged. */
export const LOG_DAYS = 30

/** What differs between stages, and what the environment of `sst deploy` says. */
export type DeploySettings = {
  readonly isProduction: boolean
  /** The namespace of this stage's metrics. */
  readonly metrics: string
  /** Where alarms go; null: to a topic that nobody hears of. */
  readonly alarmEmail: string | null
  /** A table that stands already, which a backup was restored to; null: the stage has one of its own. */
  readonly tableName: string | null
  /** The environment of every function. */
  readonly environment: Readonly<Record<string, string>>
}

const PASSED_ON = [
  'SPLICEKEEPER_POLICY',
  'SPLICEKEEPER_GENERATION',
  'SPLICEKEEPER_BACKUP_AT',
  'SPLICEKEEPER_WEBHOOKS_PRIVATE',
  'SPLICEKEEPER_REQUESTS_PER_SECOND',
  'SPLICEKEEPER_EXPLORER',
] as const

/** Reads the environment of the deployment; a setting that the functions would refuse stops it here. */
export function readSettings(): DeploySettings {
  const metrics = `splicekeeper/${$app.stage}`
  const given = Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name] ?? '']))
  const environment = { ...given, SPLICEKEEPER_METRICS: metrics, NODE_OPTIONS: '--enable-source-maps' }
  parseSettings(environment)
  return {
    isProduction: $app.stage === 'production',
    metrics,
    tableName: process.env['SPLICEKEEPER_TABLE'] || null,
    alarmEmail: process.env['SPLICEKEEPER_ALARM_EMAIL'] || null,
    environment,
  }
}
