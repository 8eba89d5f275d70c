import { textOf } from '../local/problem.ts'
import { startProduct } from '../local/product.ts'
import { settingsOf, simulationPolicy } from '../local/settings.ts'

/**
 * The service as `npm start` runs it on a nodes file, in a process of its own that can be killed.
 * `INTEROP_PACE=quick` sweeps every two seconds and shortens the waiting periods to those of a simulation.
 */
try {
  const settings = settingsOf(process.env)
  const quick = { ...settings, sweepSeconds: 2, policy: simulationPolicy }
  const product = await startProduct(process.env['INTEROP_PACE'] === 'quick' ? quick : settings)
  process.once('SIGTERM', () => void product.stop().finally(() => process.exit(0)))
} catch (error) {
  process.stderr.write(`${textOf(error)}\n`)
  process.exit(1)
}
