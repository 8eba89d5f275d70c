import { createAlarms } from './alarms.ts'
import { createApi } from './api.ts'
import { createDashboard } from './dashboard.ts'
import { createFunctions } from './functions.ts'
import { createQueues } from './queues.ts'
import { createSchedules } from './schedules.ts'
import { createSecrets } from './secrets.ts'
import { readSettings } from './settings.ts'
import { subscribeQueues } from './subscriptions.ts'
import { createTable } from './table.ts'

/** Creates all resources of a stage. Returns the outputs of the deployment. */
export function deploy() {
  const settings = readSettings()
  const table = createTable(settings)
  const queues = createQueues()
  const functions = createFunctions({ table, queues, secrets: createSecrets() }, settings)
  subscribeQueues(queues, functions)
  createSchedules(functions)
  const api = createApi(functions)
  createAlarms({ queues, functions, settings })
  createDashboard({ table, queues, functions, settings })
  return { api: api.url }
}
