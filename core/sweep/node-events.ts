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

/** One report of a node's relay. A wake-up: nothing ends by it (design section 6, "Reasons"). */
export type NodeEvent = {
  readonly id: string
  readonly type: NodeEventType
  readonly at: Instant
  readonly channelId?: string | undefined
  readonly reason?: FailureReason | undefined
}

const IDS_KEPT = 200
const STARTS_KEPT = 20
const NEWEST_ASKED = 20

/**
 * Takes a node's event: notes a process start, attaches a reason to the splice that holds the channel's lease, and hints
 * whatever may have to go on. Taking one twice changes nothing.
 */
export async function handleNodeEvent(
  node: string,
  told: NodeEvent,
  ports: Ports,
  policy: Policy,
): Promise<void> {
  // A relay whose clock is ahead must not date an event after what came later.
  const event = { ...told, at: Math.min(told.at, ports.clock.now()) }
  const { seen, leases } = await around(node, event, ports)
  if (tellsOfWhatPassed(event)) {
    const taken = seen?.relayEvents.includes(event.id) ?? false
    for (const lease of taken ? [] : leases)
      if (lease?.holder) await hear(lease.holder, node, event, ports, policy)
    // Noted last: a crash before this line has the event taken again, which changes nothing.
    await recordEvent(node, event, ports)
  }
  const inSlots = leases.flatMap((lease) => holderAndNextOf(lease))
  const outside = leases.every((lease) => lease?.holder) ? [] : await idsOutsideLine(node, event, ports)
  await wake([...new Set([...inSlots, ...outside])], event, ports, policy)
}

/** The node as it was last seen, and the leases that an event is about: its channel's, or all of the node's. */
async function around(
  node: string,
  { channelId }: NodeEvent,
  { store }: Ports,
): Promise<{ seen: NodeState | undefined; leases: (ChannelLease | undefined)[] }> {
  const slotOf = async (key: string): Promise<ChannelLease | undefined> =>
    (await store.item('lease', key))?.value
  const [item, lease] = await Promise.all([
    store.item('node', node),
    channelId === undefined ? undefined : slotOf(channelId),
  ])
  const seen = item?.value
  // The lease of a node that picks the channel itself is the node's.
  if (seen?.capabilities.leaseScope === 'node') return { seen, leases: [await slotOf(seen.nodeId)] }
  if (channelId !== undefined) return { seen, leases: [lease] }
  return { seen, leases: await Promise.all((seen?.channelIds ?? []).map(slotOf)) }
}

/**
 * Hints them; or looks at the only one at once where the event tells that something was seen, not that something may be sent: its
 * message would cost as much as the look.
 */
async function wake(
  ids: readonly string[],
  { type }: NodeEvent,
  ports: Ports,
  policy: Policy,
): Promise<void> {
  const [only] = ids
  const tellsOfSigns = type === 'splice_negotiated' || type === 'channel_state_changed'
  if (only !== undefined && ids.length === 1 && tellsOfSigns) {
    try {
      await drive(only, ports, { policy, mayAct: false, shared: null })
      return
    } catch {
      ports.telemetry.count('wake.failed')
    }
  }
  for (const id of ids) await ports.queue.hint(id, 0)
}

/** A start and a failure say what a later look does not show, so each counts once; the others only say: look now. */
function tellsOfWhatPassed({ type }: NodeEvent): boolean {
  return type === 'process_started' || type === 'splice_negotiation_failed'
}

/** Who holds a lease, and who is next in its line. */
export function holderAndNextOf(lease: ChannelLease | undefined): string[] {
  return [lease?.holder, lease?.waiting[0]].filter((id) => typeof id === 'string')
}

/**
 * A splice whose gates are shut has left the lease's line (design section 9), so the lease does not lead to it, and yet it may be
 * what the event lets go on: one that waits for its peer, where nobody else has the lease. The newest are asked; older ones the
 * sweep finds.
 */
async function idsOutsideLine(node: string, { channelId }: NodeEvent, ports: Ports): Promise<string[]> {
  const tenants = ports.nodes.get(node)?.tenants ?? []
  const pages = await Promise.all(
    tenants.map((tenant) =>
      channelId === undefined
        ? ports.store.byTenant(tenant, NEWEST_ASKED, null)
        : ports.store.byChannel(tenant, channelId, NEWEST_ASKED, null),
    ),
  )
  const splices = await ports.store.loadMany(pages.flatMap(({ ids }) => ids))
  return splices.filter((splice) => splice.node === node && splice.state === 'queued').map(({ id }) => id)
}

/** Each event id counts once. Process starts are kept as proof that what the process had in memory is gone. */
async function recordEvent(node: string, event: NodeEvent, ports: Ports): Promise<void> {
  await update(ports.store, 'node', node, (state) => {
    if (state === null) throw new Error('the node has not been seen yet; its event is taken later')
    if (state.relayEvents.includes(event.id)) return null
    const started = event.type === 'process_started' ? [event.at] : []
    return {
      ...state,
      relayEvents: [...state.relayEvents, event.id].slice(-IDS_KEPT),
      processStarts: [...state.processStarts, ...started].slice(-STARTS_KEPT),
    }
  })
}

async function hear(id: string, node: string, event: NodeEvent, ports: Ports, policy: Policy): Promise<void> {
  const { reason } = event
  if (event.type !== 'splice_negotiation_failed' || event.channelId === undefined || reason === undefined)
    return
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
