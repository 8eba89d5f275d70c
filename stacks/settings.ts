import { parseSettings } from '../functions/settings.ts'

/** How many days the log groups keep log lines. */
export const LOG_DAYS = 30

/** The settings of a stage, from its name and from the environment of `sst deploy`. */
export type DeploySettings = {
  readonly isProduction: boolean
  /** The namespace of the stage's metrics. */
  readonly metrics: string
  /** The address that alarms are sent to. null: the alarm topic has no subscriber. */
  readonly alarmEmail: string | null
  /** An existing table to use, such as one restored from a backup. null: the stage creates its own. */
  readonly tableName: string | null
  /** The environment of every function. */
  readonly environment: Readonly<Record<string, string>>
}

const PASSED_ON = [
  'SPLICEKEEPER_POLICY',
  'SPLICEKEEPER_GENERATION',
  'SPLICEKEEPER_BACKUP_AT',
  'SPLICEKEEPER_WEBHOOKS_PRIVATE',
  'SPLICEKEEPER_EXPLORER',
] as const

/** Reads the environment of the deployment. Throws for a setting that the functions would refuse. */
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
