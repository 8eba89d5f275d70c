import type { DeliveryHint, DeliveryQueue, Endpoint } from '../ports/endpoint.ts'
import { holdLease, updateEndpoint, endpointOf } from './stored-endpoints.ts'
import type { Policy } from '../splice/policy.ts'
import type { Call, LogEvent, Ports } from '../ports/ports.ts'
import type { Instant } from '../values/instant.ts'
import { afterDelivery, bodyOf, isDue, lacksDisabledEvent, validSecrets, type Delivered } from './endpoint.ts'

/** Events read at a time. */
const PAGE = 25
/** How long one consumer sends to one endpoint before it leaves the rest to the next. */
const SENDING_MS = 20_000
/** A longer wait needs no delayed hint: the sweep, once a minute, finds the endpoint. */
const MAX_HINT_DELAY_MS = 120_000
/** Tenants that a sweep handles concurrently. */
const TENANTS_AT_ONCE = 16
/** Clocks of two writers may differ by this much. */
const CLOCK_SKEW_MS = 10_000

/** One webhook to send. `id` is the event's, the same at each repetition. */
export type Delivery = {
  readonly url: string
  /** Each secret adds a signature. */
  readonly secrets: readonly string[]
  readonly id: string
  readonly at: Instant
  readonly body: string
}

/** Sends webhooks as the Standard Webhooks specification says. Never throws, retries or follows a redirect. */
export interface WebhookPort {
  deliver(delivery: Delivery, call: Call): Promise<Delivered>
}

/** The ports of the consumer of delivery hints. */
export type DeliveryPorts = Pick<Ports, 'store' | 'clock' | 'chance' | 'telemetry' | 'call'> & {
  readonly webhooks: DeliveryQueue
  readonly webhook: WebhookPort
}

/** Queues a delivery hint for each of a tenant's endpoints that is due. Never throws: the sweep finds what is lost. */
export async function hintEndpoints(
  tenant: string,
  ports: Pick<Ports, 'store' | 'clock' | 'telemetry'> & { readonly webhooks?: DeliveryQueue },
): Promise<void> {
  const { webhooks } = ports
  if (webhooks === undefined) return
  try {
    const endpoints = (await ports.store.item('webhooks', tenant))?.value.endpoints ?? []
    const wanted = endpoints.filter((endpoint) => isDue(endpoint, ports.clock.now()))
    await Promise.all(wanted.map(({ id }) => webhooks.hint({ tenant, endpointId: id }, 0)))
  } catch {
    ports.telemetry.count('webhook_hint_failed')
  }
}

/**
 * The sweep's part: hints each endpoint that is due and behind, or disabled without its event. It asks per
 * tenant, not per event, so that the cost does not grow with history.
 */
export async function remindEndpoints(ports: Ports): Promise<void> {
  const { webhooks } = ports
  if (webhooks === undefined) return
  const tenants = [...new Set([...ports.nodes.values()].flatMap((node) => node.tenants))]
  for (let start = 0; start < tenants.length; start += TENANTS_AT_ONCE)
    await Promise.all(tenants.slice(start, start + TENANTS_AT_ONCE).map((each) => remindSafely(each, ports, webhooks)))
}

/** One tenant that fails does not stop the others. */
async function remindSafely(tenant: string, ports: Ports, webhooks: DeliveryQueue): Promise<void> {
  try {
    await remind(tenant, ports, webhooks)
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown'
    ports.telemetry.alarm("a tenant's webhooks could not be checked", { tenant, error: name })
  }
}

async function remind(tenant: string, ports: Ports, webhooks: DeliveryQueue): Promise<void> {
  const endpoints = (await ports.store.item('webhooks', tenant))?.value.endpoints ?? []
  const due = endpoints.filter((each) => lacksDisabledEvent(each) || isDue(each, ports.clock.now()))
  if (due.length === 0) return
  const end = await ports.store.endOfLog(tenant)
  const behind = due.filter((each) => lacksDisabledEvent(each) || each.deliveredThrough < end)
  for (const { id } of behind) await webhooks.hint({ tenant, endpointId: id }, 0)
  ports.telemetry.count('webhook.behind', behind.length)
}

/** Handles one delivery hint. A repeated, late or needless one costs at most a repeated delivery with the same id. */
export async function deliverWebhooks(hint: DeliveryHint, ports: DeliveryPorts, policy: Policy): Promise<void> {
  const { tenant, endpointId, sequence } = hint
  const endpoint = await endpointOf(tenant, endpointId, ports.store)
  if (endpoint === null) return
  if (lacksDisabledEvent(endpoint)) return appendDisabledEvent(tenant, endpoint, ports)
  if (sequence !== undefined && sequence <= endpoint.deliveredThrough)
    return redeliver(tenant, endpoint, sequence, ports)
  await catchUp(tenant, endpointId, ports, policy)
}

/** Delivers one past event again. The outcome does not change the endpoint. */
async function redeliver(tenant: string, endpoint: Endpoint, sequence: number, ports: DeliveryPorts) {
  const [event] = await ports.store.eventsAfter(tenant, sequence - 1, 1)
  if (event === undefined || endpoint.disabled !== null) return
  const { ok } = await send(event, endpoint, ports)
  ports.telemetry.count(ok ? 'webhook.repeated' : 'webhook.failed')
}

/** Delivers, in order, all events that an endpoint has not received, until one fails. */
async function catchUp(tenant: string, endpointId: string, ports: DeliveryPorts, policy: Policy) {
  const endsAt = ports.clock.now() + SENDING_MS
  const holder = ports.chance.id()
  for (;;) {
    const held = await holdLease(tenant, endpointId, holder, ports)
    if (held === null) return
    const after = await sendPending(tenant, held, { holder, endsAt, policy }, ports)
    if (after === null) return
    if (lacksDisabledEvent(after)) return appendDisabledEvent(tenant, after, ports)
    if (after.failing !== null) return retryLater(tenant, after, ports)
    // While we held the lease, hints for newer events were dropped.
    if ((await ports.store.endOfLog(tenant)) <= after.deliveredThrough) return
    if (ports.clock.now() >= endsAt) return ports.webhooks.hint({ tenant, endpointId }, 0)
  }
}

type Turn = { readonly holder: string; readonly endsAt: Instant; readonly policy: Policy }

/** Sends until nothing is left, a delivery fails, time is up or the lease is lost. null: the endpoint is gone. */
async function sendPending(
  tenant: string,
  held: Endpoint,
  { holder, endsAt, policy }: Turn,
  ports: DeliveryPorts,
): Promise<Endpoint | null> {
  let endpoint = held
  const isOurs = (each: Endpoint): boolean => each.lease?.holder === holder
  for (;;) {
    const events = await ports.store.eventsAfter(tenant, endpoint.deliveredThrough, PAGE)
    for (const event of events) {
      if (event.sequence !== endpoint.deliveredThrough + 1)
        throw new Error(`event ${event.sequence} follows ${endpoint.deliveredThrough}: the log has a gap`)
      if (ports.clock.now() >= endsAt) return releaseEndpoint(tenant, endpoint.id, holder, ports)
      const delivered = await send(event, endpoint, ports)
      ports.telemetry.count(delivered.ok ? 'webhook.delivered' : 'webhook.failed')
      const context = { now: ports.clock.now(), policy, jitter: ports.chance.fraction() }
      // A client that moves the cursor or disables the endpoint also ends the lease.
      const saved = await updateEndpoint(tenant, endpoint.id, ports.store, (now) =>
        isOurs(now) ? afterDelivery(now, event.sequence, delivered, context) : now,
      )
      if (saved === null || !isOurs(saved)) return saved
      endpoint = saved
    }
    if (events.length === 0) return releaseEndpoint(tenant, endpoint.id, holder, ports)
  }
}

function releaseEndpoint(tenant: string, id: string, holder: string, ports: DeliveryPorts): Promise<Endpoint | null> {
  return updateEndpoint(tenant, id, ports.store, (now) =>
    now.lease?.holder === holder ? { ...now, lease: null } : now,
  )
}

async function retryLater(tenant: string, { id, failing }: Endpoint, ports: DeliveryPorts): Promise<void> {
  const waitMs = (failing?.nextAttemptAt ?? 0) - ports.clock.now()
  if (waitMs <= MAX_HINT_DELAY_MS) await ports.webhooks.hint({ tenant, endpointId: id }, Math.max(0, waitMs))
}

function send(event: LogEvent, endpoint: Endpoint, ports: DeliveryPorts): Promise<Delivered> {
  const at = ports.clock.now()
  const { url } = endpoint
  const secrets = validSecrets(endpoint, at)
  return ports.webhook.deliver({ url, secrets, id: event.id, at, body: bodyOf(event) }, ports.call())
}

/**
 * Appends the `webhook.disabled` of an endpoint that was given up. Once: an earlier process may have appended
 * it and died before it could record that.
 */
async function appendDisabledEvent(tenant: string, endpoint: Endpoint, ports: DeliveryPorts): Promise<void> {
  const at = endpoint.disabled?.at ?? 0
  const id = `evt_${endpoint.id}_${at}`
  const type = 'webhook.disabled'
  const event = { id, type, spliceId: null, epoch: 0, at, endpointId: endpoint.id } as const
  if (await ports.store.appendOnce(tenant, event, at - CLOCK_SKEW_MS)) ports.telemetry.count(type)
  await updateEndpoint(tenant, endpoint.id, ports.store, (now) =>
    now.disabled?.at === at ? { ...now, disabled: { ...now.disabled, announced: true } } : now,
  )
  await hintEndpoints(tenant, ports)
}
