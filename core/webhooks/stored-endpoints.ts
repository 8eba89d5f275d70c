import type { Ports, Store } from '../ports/ports.ts'
import type { Endpoint, Endpoints } from '../ports/endpoint.ts'
import { LEASE_MS, isDue } from './endpoint.ts'

/** How often a change is tried against others that write the same item: ten consumers in lockstep win one after the other. */
const TRIES_MAX = 100

/** A tenant's endpoints, as they stand; empty where there are none. */
export async function endpointsOf(tenant: string, store: Store): Promise<readonly Endpoint[]> {
  return (await store.item('webhooks', tenant))?.value.endpoints ?? []
}

/** One of them; null: this tenant has none of that id. */
export async function endpointOf(tenant: string, id: string, store: Store): Promise<Endpoint | null> {
  return (await endpointsOf(tenant, store)).find((each) => each.id === id) ?? null
}

/**
 * Changes a tenant's endpoints by a conditional write, again from what is stored where somebody was faster. Answers them as they
 * stand then. A change that answers what it was given writes nothing; what it throws stops all. Throws where it never wins.
 */
export async function updateEndpoints(
  tenant: string,
  store: Store,
  change: (hooks: Endpoints) => Endpoints,
): Promise<Endpoints> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const item = await store.item('webhooks', tenant)
    const before = item?.value ?? { endpoints: [] }
    const after = change(before)
    if (after === before) return before
    if (await store.putItem('webhooks', tenant, after, item?.version ?? 0)) return after
  }
  throw new Error('the endpoints of a tenant are contended; the change is not saved')
}

/** The same for one endpoint; null: there is none of that id. */
export async function updateEndpoint(
  tenant: string,
  id: string,
  store: Store,
  change: (endpoint: Endpoint) => Endpoint,
): Promise<Endpoint | null> {
  const hooks = await updateEndpoints(tenant, store, (before) => {
    const found = before.endpoints.find((each) => each.id === id)
    if (found === undefined) return before
    const changed = change(found)
    if (changed === found) return before
    return { endpoints: before.endpoints.map((each) => (each === found ? changed : each)) }
  })
  return hooks.endpoints.find((each) => each.id === id) ?? null
}

/** Takes an endpoint for a consumer; null: it is not due, not there, or another one has it. */
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
