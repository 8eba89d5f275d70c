import type { DeliveryHint, DeliveryQueue, Endpoint } from '../ports/endpoint.ts'
import { holdLease, updateEndpoint, endpointOf } from './stored-endpoints.ts'
import type { Policy } from '../splice/policy.ts'
import type { Call, LogEvent, Ports } from '../ports/ports.ts'
import type { Instant } from '../values/instant.ts'
import type { Delivered } from './endpoint.ts'
import { afterDelivery, bodyOf, isDue, isUnannounced, validSecrets } from './endpoint.ts'

/** Lines read at a time. */
const PAGE = 25
/** How long one consumer goes on sending to one endpoint before it leaves the rest to the next. */
const SENDING_MS = 20_000
/** Longer waits than some sweeps are left to the sweep. */
const LONGEST_DELAY_MS = 120_000
/** Tenants that a sweep asks about side by side. */
const SIDE_BY_SIDE = 16
/** Clocks of two writers may differ by this much. */
const CLOCK_SKEW_MS = 10_000

/** One webhook to send. `id` is that of the event, however often it is sent. */
export type Delivery = {
  readonly url: string
  /** Each signs it. */
  readonly secrets: readonly string[]
  readonly id: string
  readonly at: Instant
  readonly body: string
}

/** Sends webhooks by the Standard Webhooks specification. Never throws, never repeats, follows no redirect. */
export interface WebhookPort {
  deliver(delivery: Delivery, call: Call): Promise<Delivered>
}

/** What the consumer of notices may touch. */
export type DeliveryPorts = Pick<Ports, 'store' | 'clock' | 'chance' | 'telemetry' | 'call'> & {
  readonly webhooks: DeliveryQueue
  readonly webhook: WebhookPort
}

/** Hints every endpoint of a tenant that may be told now. Never throws: what is lost here, the sweep finds. */
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
 * The sweep's part: hints whoever is behind and due, and whoever was given up without a word. Asked by tenant, not by event: the
 * cost does not grow with history.
 */
export async function remindEndpoints(ports: Ports): Promise<void> {
  const { webhooks: webhooks } = ports
  if (webhooks === undefined) return
  const tenants = [...new Set([...ports.nodes.values()].flatMap((node) => node.tenants))]
  for (let start = 0; start < tenants.length; start += SIDE_BY_SIDE)
    await Promise.all(
      tenants.slice(start, start + SIDE_BY_SIDE).map((each) => survive(each, ports, webhooks)),
    )
}

/** One tenant that fails does not stop the others. */
async function survive(tenant: string, ports: Ports, webhooks: DeliveryQueue): Promise<void> {
  try {
    await remind(tenant, ports, webhooks)
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown'
    ports.telemetry.alarm('the webhooks of a tenant could not be swept', { tenant, error: name })
  }
}

async function remind(tenant: string, ports: Ports, webhooks: DeliveryQueue): Promise<void> {
  const endpoints = (await ports.store.item('webhooks', tenant))?.value.endpoints ?? []
  const due = endpoints.filter((each) => isUnannounced(each) || isDue(each, ports.clock.now()))
  if (due.length === 0) return
  const end = await ports.store.endOfLog(tenant)
  const behind = due.filter((each) => isUnannounced(each) || each.deliveredThrough < end)
  for (const { id } of behind) await webhooks.hint({ tenant, endpointId: id }, 0)
  ports.telemetry.count('webhook.behind', behind.length)
}

/** Takes a notice. Taking one twice, late or for nothing costs at most a repeated delivery under the same id. */
export async function deliverWebhooks(
  notice: DeliveryHint,
  ports: DeliveryPorts,
  policy: Policy,
): Promise<void> {
  const { tenant, endpointId, sequence } = notice
  const endpoint = await endpointOf(tenant, endpointId, ports.store)
  if (endpoint === null) return
  if (isUnannounced(endpoint)) return announceEnd(tenant, endpoint, ports)
  if (sequence !== undefined && sequence <= endpoint.deliveredThrough)
    return repeat(tenant, endpoint, sequence, ports)
  await catchUp(tenant, endpointId, ports, policy)
}

/** One line once more; what comes of it changes nothing. */
async function repeat(tenant: string, endpoint: Endpoint, sequence: number, ports: DeliveryPorts) {
  const [line] = await ports.store.eventsAfter(tenant, sequence - 1, 1)
  if (line === undefined || endpoint.disabled !== null) return
  const { ok } = await send(line, endpoint, ports)
  ports.telemetry.count(ok ? 'webhook.repeated' : 'webhook.failed')
}

/** Tells an endpoint, in order, what it has not had, as long as it takes it. */
async function catchUp(tenant: string, endpointId: string, ports: DeliveryPorts, policy: Policy) {
  const endsAt = ports.clock.now() + SENDING_MS
  const holder = ports.chance.id()
  for (;;) {
    const held = await holdLease(tenant, endpointId, holder, ports)
    if (held === null) return
    const left = await forward(tenant, held, { holder, endsAt, policy }, ports)
    if (left === null) return
    if (isUnannounced(left)) return announceEnd(tenant, left, ports)
    if (left.failing !== null) return retryLater(tenant, left, ports)
    // Its hint may have met the lease: a line that was appended before the lease was given back.
    if ((await ports.store.endOfLog(tenant)) <= left.deliveredThrough) return
    if (ports.clock.now() >= endsAt) return ports.webhooks.hint({ tenant, endpointId }, 0)
  }
}

type Turn = { readonly holder: string; readonly endsAt: Instant; readonly policy: Policy }

/** Sends until nothing is left, something fails, time is up or the lease is not ours any more. null: there is no such endpoint. */
async function forward(
  tenant: string,
  held: Endpoint,
  { holder, endsAt, policy }: Turn,
  ports: DeliveryPorts,
): Promise<Endpoint | null> {
  let endpoint = held
  const isOurs = (each: Endpoint): boolean => each.lease?.holder === holder
  for (;;) {
    const lines = await ports.store.eventsAfter(tenant, endpoint.deliveredThrough, PAGE)
    for (const line of lines) {
      if (line.sequence !== endpoint.deliveredThrough + 1)
        throw new Error(`line ${line.sequence} of a log stands after ${endpoint.deliveredThrough}`)
      if (ports.clock.now() >= endsAt) return giveBack(tenant, endpoint.id, holder, ports)
      const delivered = await send(line, endpoint, ports)
      ports.telemetry.count(delivered.ok ? 'webhook.delivered' : 'webhook.failed')
      const context = { now: ports.clock.now(), policy, jitter: ports.chance.fraction() }
      // Whoever else moves the cursor or disables the endpoint takes the lease away.
      const saved = await updateEndpoint(tenant, endpoint.id, ports.store, (now) =>
        isOurs(now) ? afterDelivery(now, line.sequence, delivered, context) : now,
      )
      if (saved === null || !isOurs(saved)) return saved
      endpoint = saved
    }
    if (lines.length === 0) return giveBack(tenant, endpoint.id, holder, ports)
  }
}

function giveBack(
  tenant: string,
  id: string,
  holder: string,
  ports: DeliveryPorts,
): Promise<Endpoint | null> {
  return updateEndpoint(tenant, id, ports.store, (now) =>
    now.lease?.holder === holder ? { ...now, lease: null } : now,
  )
}

async function retryLater(tenant: string, { id, failing }: Endpoint, ports: DeliveryPorts): Promise<void> {
  const waitMs = (failing?.nextAttemptAt ?? 0) - ports.clock.now()
  if (waitMs <= LONGEST_DELAY_MS) await ports.webhooks.hint({ tenant, endpointId: id }, Math.max(0, waitMs))
}

function send(line: LogEvent, endpoint: Endpoint, ports: DeliveryPorts): Promise<Delivered> {
  const at = ports.clock.now()
  const { url } = endpoint
  const secrets = validSecrets(endpoint, at)
  return ports.webhook.deliver({ url, secrets, id: line.id, at, body: bodyOf(line) }, ports.call())
}

/** Says in the log that an endpoint was given up, once: a process that died in between may have said so. */
async function announceEnd(tenant: string, endpoint: Endpoint, ports: DeliveryPorts): Promise<void> {
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
