import { update } from '../ports/update.ts'
import type { Ports, Store } from '../ports/ports.ts'
import type { Endpoint, Endpoints } from '../ports/endpoint.ts'
import { LEASE_MS, isDue } from './endpoint.ts'

/** A tenant's endpoints. */
export async function endpointsOf(tenant: string, store: Store): Promise<readonly Endpoint[]> {
  return (await store.item('webhooks', tenant))?.value.endpoints ?? []
}

/** One endpoint; null: the tenant has none with that id. */
export async function endpointOf(tenant: string, id: string, store: Store): Promise<Endpoint | null> {
  return (await endpointsOf(tenant, store)).find((each) => each.id === id) ?? null
}

/**
 * Changes a tenant's endpoints and returns the stored result. If `change` returns its argument, nothing is
 * written; if it throws, neither. Throws Contended.
 */
export async function updateEndpoints(
  tenant: string,
  store: Store,
  change: (endpoints: Endpoints) => Endpoints,
): Promise<Endpoints> {
  const none: Endpoints = { endpoints: [] }
  const { value } = await update(store, 'webhooks', tenant, (before) => {
    const after = change(before ?? none)
    return after === none ? null : after
  })
  return value ?? none
}

/** The same for one endpoint; null: the tenant has none with that id. */
export async function updateEndpoint(
  tenant: string,
  id: string,
  store: Store,
  change: (endpoint: Endpoint) => Endpoint,
): Promise<Endpoint | null> {
  const stored = await updateEndpoints(tenant, store, (before) => {
    const found = before.endpoints.find((each) => each.id === id)
    if (found === undefined) return before
    const changed = change(found)
    if (changed === found) return before
    return { endpoints: before.endpoints.map((each) => (each === found ? changed : each)) }
  })
  return stored.endpoints.find((each) => each.id === id) ?? null
}

/** Leases an endpoint to a consumer; null: it is not due, does not exist, or is leased to another consumer. */
export async function holdLease(
  tenant: string,
  id: string,
  holder: string,
  { store, clock }: Pick<Ports, 'store' | 'clock'>,
): Promise<Endpoint | null> {
  const held = await updateEndpoint(tenant, id, store, (endpoint) => {
    const now = clock.now()
    return isDue(endpoint, now) ? { ...endpoint, lease: { holder, until: now + LEASE_MS } } : endpoint
  })
  return held?.lease?.holder === holder ? held : null
}
