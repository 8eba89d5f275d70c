import { wiring } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'

/** The sweep, every minute. One that fails is not repeated: the next one does all that is due. */
export function createSchedules(functions: Functions): void {
  const { feeds, everySeconds } = wiring.schedules.reconcile
  const minutes = everySeconds / 60
  new sst.aws.CronV2('Reconcile', {
    schedule: minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`,
    function: functions[feeds].arn,
    retries: 0,
  })
}
