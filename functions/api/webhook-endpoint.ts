import type { Endpoint } from '../../core/ports/endpoint.ts'
import { endpointOf, updateEndpoint } from '../../core/webhooks/stored-endpoints.ts'
import { audit } from './audit.ts'
import type { ApiContext } from './context.ts'
import { Problem } from './problem.ts'

/** The tenant's endpoint with an id. Throws the same 404 for a missing endpoint and for another tenant's. */
export async function webhookOf(c: ApiContext, id: string): Promise<Endpoint> {
  const { deps, key } = c.var
  const endpoint = await endpointOf(key.tenant, id, deps.ports.store)
  if (endpoint === null) throw new Problem('webhook_not_found', { field: 'id' })
  return endpoint
}

/** Changes an endpoint and audits that as `action`. Throws 404 if it does not exist. */
export async function updateWebhook(
  c: ApiContext,
  { id, action }: { readonly id: string; readonly action: string },
  change: (endpoint: Endpoint) => Endpoint,
): Promise<Endpoint> {
  const { deps, key } = c.var
  const audited = audit(c, action, { webhook: (await webhookOf(c, id)).id })
  await audited.before()
  const endpoint = await updateEndpoint(key.tenant, id, deps.ports.store, change)
  if (endpoint === null) throw new Problem('webhook_not_found', { field: 'id' })
  audited.done()
  return endpoint
}

/** Starts the deliveries to an endpoint. A failure is only counted: the sweep finds what is not delivered. */
export async function hintEndpoint(c: ApiContext, endpointId: string, sequence?: number): Promise<void> {
  const { ports } = c.var.deps
  const about = sequence === undefined ? {} : { sequence }
  try {
    await ports.webhooks?.hint({ tenant: c.var.key.tenant, endpointId, ...about }, 0)
  } catch {
    ports.telemetry.count('api_webhook_hint_failed')
  }
}
