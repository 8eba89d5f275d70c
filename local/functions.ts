import type { SQSEvent } from 'aws-lambda'
import { invocation } from './invocation.ts'
import { wiring } from '../functions/wiring.ts'

/**
 * The functions as deployed, each with its time limit from the wiring. Load them after linking, since they
 * read their links on import.
 */
export async function loadFunctions() {
  const { ports, within } = await import('../functions/runtime.ts')
  const [{ app }, work, nodeEvents, webhooks, reconcile] = await Promise.all([
    import('../functions/api.ts'),
    import('../functions/work.ts'),
    import('../functions/node-events.ts'),
    import('../functions/webhooks.ts'),
    import('../functions/reconcile.ts'),
  ])
  const called = (name: keyof typeof wiring.functions) => invocation(wiring.functions[name].timeoutSeconds)
  return {
    store: ports.store,
    api: (request: Request): Promise<Response> => within(called('api'), async () => app.fetch(request)),
    work: (event: SQSEvent) => work.handler(event, called('work')),
    nodeEvents: (event: SQSEvent) => nodeEvents.handler(event, called('nodeEvents')),
    webhooks: (event: SQSEvent) => webhooks.handler(event, called('webhooks')),
    reconcile: () => reconcile.handler({}, called('reconcile')),
  }
}

export type Functions = Awaited<ReturnType<typeof loadFunctions>>
