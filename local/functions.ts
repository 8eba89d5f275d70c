import type { SQSEvent } from 'aws-lambda'
import { invocation } from './invocation.ts'
import { wiring } from '../functions/wiring.ts'

/**
 * The functions as they are deployed, each with the time that the wiring gives it. To be loaded once they are linked: they
 * read their links when they are imported.
 */
export async function loadFunctions() {
  const { ports, within } = await import('../functions/runtime.ts')
  const [{ app }, work, failures, notify, reconcile] = await Promise.all([
    import('../functions/api.ts'),
    import('../functions/work.ts'),
    import('../functions/failures.ts'),
    import('../functions/notify.ts'),
    import('../functions/reconcile.ts'),
  ])
  const called = (name: keyof typeof wiring.functions) => invocation(wiring.functions[name].timeoutSeconds)
  return {
    store: ports.store,
    api: (request: Request): Promise<Response> => within(called('api'), async () => app.fetch(request)),
    work: (event: SQSEvent) => work.handler(event, called('work')),
    failures: (event: SQSEvent) => failures.handler(event, called('failures')),
    notify: (event: SQSEvent) => notify.handler(event, called('notify')),
    reconcile: () => reconcile.handler({}, called('reconcile')),
  }
}

export type Functions = Awaited<ReturnType<typeof loadFunctions>>
