import type { NodeEventType } from '../nodes/relay-event.ts'
import { update } from '../ports/update.ts'
import type { FailureReason } from '../splice/failure.ts'
import { updateSplice } from '../drive/save.ts'
import { drive } from '../drive/drive.ts'
import type { NodeState, ChannelLease } from '../ports/records.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import type { Instant } from '../values/instant.ts'
import { step } from '../splice/step.ts'

/** One event that a node's relay reported. A wake-up: no splice ends because of it. */
export type NodeEvent = {
  readonly id: string
  readonly type: NodeEventType
  readonly at: Instant
  readonly channelId?: string | undefined
  readonly reason?: FailureReason | undefined
}

const IDS_KEPT = 200
const STARTS_KEPT = 20
const NEWEST_READ = 20

/**
 * Handles a node's event: records a process start, attaches a failure reason to the splice that holds the
 * channel's lease, and hints every splice that may now continue. Handling an event twice changes nothing.
 */
export async function handleNodeEvent(node: string, reported: NodeEvent, ports: Ports, policy: Policy): Promise<void> {
  // A relay whose clock is ahead must not date an event in the future.
  const event = { ...reported, at: Math.min(reported.at, ports.clock.now()) }
  const { seen, leases } = await leasesOf(node, event, ports)
  if (isRecorded(event)) {
    const isKnown = seen?.relayEvents.includes(event.id) ?? false
    for (const lease of isKnown ? [] : leases)
      if (lease?.holder) await attachReason(lease.holder, node, event, ports, policy)
    // Recorded last: after a crash before this line, the event is handled again, which changes nothing.
    await recordEvent(node, event, ports)
  }
  const onLeases = leases.flatMap((lease) => holderAndNextOf(lease))
  const others = leases.every((lease) => lease?.holder) ? [] : await queuedIdsOf(node, event, ports)
  await hintOrDrive([...new Set([...onLeases, ...others])], event, ports, policy)
}

/** The saved node, and the leases that an event concerns: its channel's, or all of the node's. */
async function leasesOf(
  node: string,
  { channelId }: NodeEvent,
  { store }: Ports,
): Promise<{ seen: NodeState | undefined; leases: (ChannelLease | undefined)[] }> {
  const leaseOf = async (key: string): Promise<ChannelLease | undefined> => (await store.item('lease', key))?.value
  const [item, lease] = await Promise.all([
    store.item('node', node),
    channelId === undefined ? undefined : leaseOf(channelId),
  ])
  const seen = item?.value
  // A node that picks the channel itself has one lease for all its channels.
  if (seen?.capabilities.leaseScope === 'node') return { seen, leases: [await leaseOf(seen.nodeId)] }
  if (channelId !== undefined) return { seen, leases: [lease] }
  return { seen, leases: await Promise.all((seen?.channelIds ?? []).map(leaseOf)) }
}

/**
 * Hints the splices. A single splice is instead looked at right here, without sending anything, if the event
 * reports news to see rather than a chance to send: a queue message would cost as much as the look.
 */
async function hintOrDrive(ids: readonly string[], { type }: NodeEvent, ports: Ports, policy: Policy): Promise<void> {
  const [only] = ids
  const isNews = type === 'splice_negotiated' || type === 'channel_state_changed'
  if (only !== undefined && ids.length === 1 && isNews) {
    try {
      await drive(only, ports, { policy, mayAct: false, shared: null })
      return
    } catch {
      ports.telemetry.count('wake.failed')
    }
  }
  for (const id of ids) await ports.queue.hint(id, 0)
}

/** Process starts and failures report what a later look cannot show, so they are recorded. The others only wake. */
function isRecorded({ type }: NodeEvent): boolean {
  return type === 'process_started' || type === 'splice_negotiation_failed'
}

/** The ids of a lease's holder and of the first in its queue. */
export function holderAndNextOf(lease: ChannelLease | undefined): string[] {
  return [lease?.holder, lease?.waiting[0]].filter((id) => typeof id === 'string')
}

/**
 * The queued splices of the channel or node that a lease does not lead to. A splice whose own gates are
 * closed leaves the lease's queue, yet the event may be what it waits for, such as its peer's return. Only
 * the newest are read; the sweep finds older ones.
 */
async function queuedIdsOf(node: string, { channelId }: NodeEvent, ports: Ports): Promise<string[]> {
  const tenants = ports.nodes.get(node)?.tenants ?? []
  const pages = await Promise.all(
    tenants.map((tenant) =>
      channelId === undefined
        ? ports.store.byTenant(tenant, NEWEST_READ, null)
        : ports.store.byChannel(tenant, channelId, NEWEST_READ, null),
    ),
  )
  const splices = await ports.store.loadMany(pages.flatMap(({ ids }) => ids))
  return splices.filter((splice) => splice.node === node && splice.state === 'queued').map(({ id }) => id)
}

/** Records an event's id, so that it counts once, and a process start: it proves that the node's memory was lost. */
async function recordEvent(node: string, event: NodeEvent, ports: Ports): Promise<void> {
  await update(ports.store, 'node', node, (state) => {
    if (state === null) throw new Error('the node has not been seen yet; its event is handled later')
    if (state.relayEvents.includes(event.id)) return null
    const started = event.type === 'process_started' ? [event.at] : []
    return {
      ...state,
      relayEvents: [...state.relayEvents, event.id].slice(-IDS_KEPT),
      processStarts: [...state.processStarts, ...started].slice(-STARTS_KEPT),
    }
  })
}

async function attachReason(id: string, node: string, event: NodeEvent, ports: Ports, policy: Policy): Promise<void> {
  const { reason } = event
  if (event.type !== 'splice_negotiation_failed' || event.channelId === undefined || reason === undefined) return
  await updateSplice(
    id,
    (splice) =>
      splice.node === node
        ? step(splice, { type: 'reason_heard', reason, at: event.at }, { now: ports.clock.now(), policy })
        : { splice, actions: [] },
    ports,
    policy,
  )
}
