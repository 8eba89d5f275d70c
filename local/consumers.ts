import { SQSClient } from '@aws-sdk/client-sqs'
import * as z from 'zod'
import { errorFields } from '../adapters/log/telemetry.ts'
import { Emulators } from './emulators.ts'
import { loadFunctions } from './functions.ts'
import { startLoop } from './loop.ts'
import { Parts } from './parts.ts'
import { startPoller } from './poller.ts'
import type { Part } from './thread.ts'
import { wiring } from '../functions/wiring.ts'

/** In parallel, so that one slow message does not hold up the queue. */
const POLLERS_PER_QUEUE = 2

export const ConsumersGiven = z.object({ queues: Emulators.shape.queues, sweepSeconds: z.number() })

/** Starts the queue pollers and the sweep schedule. */
export async function startConsumers({
  queues: { queues },
  sweepSeconds,
}: z.infer<typeof ConsumersGiven>): Promise<Part<null>> {
  const functions = await loadFunctions()
  const parts = new Parts()
  const client = parts.add(new SQSClient({}), async (part) => part.destroy())
  for (const name of ['work', 'nodeEvents', 'webhooks'] as const) {
    const handler = functions[wiring.queues[name].feeds]
    for (let n = 0; n < POLLERS_PER_QUEUE; n += 1) {
      const poller = startPoller(client, queues[name], handler, reporterOf(`queue ${name}`))
      parts.add(poller, (part) => part.stop())
    }
  }
  const sweep = async (): Promise<boolean> => {
    await functions.reconcile()
    return false
  }
  const schedule = startLoop(sweepSeconds * 1000, sweep, reporterOf('reconcile'))
  parts.add(schedule, (part) => part.stop())
  return { says: null, stop: () => parts.stop() }
}

/** Prints what failed but not the error's message, which may hold secrets. */
export function reporterOf(what: string): (error: unknown) => void {
  return (error) => {
    const { error: name, at } = errorFields(error)
    process.stderr.write(`${what}: ${name} ${at}\n`)
  }
}
