import { wiring } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'

/** Runs the sweep every minute. A failed run is not retried: the next one does everything that is due. */
export function createSchedules(functions: Functions): void {
  const { feeds, everySeconds } = wiring.schedules.reconcile
  const minutes = everySeconds / 60
  new sst.aws.CronV2('Reconcile', {
    schedule: minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`,
    function: functions[feeds].arn,
    retries: 0,
  })
}
