import { enterQueue, hintNext, type Entered } from '../../core/drive/channel-lease.ts'
import { ENTRY_GRACE_MS, LEASE_QUEUE_LIMIT, entryOf, freeLease, leaveLease } from '../../core/drive/lease.ts'
import { leaseKeyOf } from '../../core/drive/observe.ts'
import type { ChannelLease, QueueEntry, Versioned } from '../../core/ports/records.ts'
import type { Ports } from '../../core/ports/ports.ts'
import { update } from '../../core/ports/update.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { Problem } from './problem.ts'

const RETRY_SECONDS = '60'

/** Where an order stands: the queue that it has entered, or the splice that its key ordered before. */
export type Place = { readonly lease: ChannelLease } | { readonly earlier: Splice }

/**
 * Enters an order at the end of its channel's queue, before its splice is written: a crash in between leaves an entry that
 * others remove after a minute. The one conditional write is the duplicate check: of two equal orders at one moment, the second
 * finds the first. `seen` is the lease as it was read; left out: it is read here. Throws the problem that stands against it.
 */
export async function enterOrder(
  ports: Ports,
  draft: Splice,
  seen: Versioned<ChannelLease> | null | undefined,
): Promise<Place> {
  const entry = entryOf(draft, ports.clock.now())
  const share = shareOf(ports, draft)
  const found: { earlier: Splice | null; dropped: boolean } = { earlier: null, dropped: false }
  const change = async (standing: ChannelLease | null): Promise<ChannelLease | null> => {
    const lease = standing ?? freeLease
    const entered = await enterQueue(lease, entry, ports, LEASE_QUEUE_LIMIT, share)
    found.earlier = isBusy(entered) ? await ports.store.load(draft.id) : null
    if (found.earlier !== null) return null
    const next = isBusy(entered) ? await entryOfDead(lease, entry, share, ports) : placeIn(entered, entry, share)
    found.dropped = next.queue.length < lease.queue.length + (next === lease ? 0 : 1)
    return next === lease ? null : next
  }
  const { value, written } = await update(ports.store, 'lease', leaseKeyOf(draft), change, seen)
  if (found.earlier !== null) return { earlier: found.earlier }
  const lease = value ?? freeLease
  if (written && found.dropped) await hintNext(lease, ports)
  return { lease }
}

/** Throws what would stand against an order of this effect now; writes nothing. */
export async function refuseUnplaceable(
  ports: Ports,
  draft: Splice,
  seen: Versioned<ChannelLease> | null | undefined,
): Promise<void> {
  const read = seen === undefined ? await ports.store.item('lease', leaseKeyOf(draft)) : seen
  const entry = entryOf(draft, ports.clock.now())
  const share = shareOf(ports, draft)
  placeIn(await enterQueue(read?.value ?? freeLease, entry, ports, LEASE_QUEUE_LIMIT, share), entry, share)
}

function isBusy(entered: Entered): boolean {
  return 'refused' in entered && entered.refused === 'busy'
}

/** The key stands in the queue with another effect, and no splice was written under it: its writer is at work, or has died. */
async function entryOfDead(lease: ChannelLease, entry: QueueEntry, share: number, ports: Ports): Promise<ChannelLease> {
  const own = lease.queue.find(({ id }) => id === entry.id)
  if (own !== undefined && entry.enteredAt - own.enteredAt <= ENTRY_GRACE_MS) return busy()
  const left = leaveLease(lease, entry.id) ?? lease
  return placeIn(await enterQueue(left, entry, ports, LEASE_QUEUE_LIMIT, share), entry, share)
}

/** The lease that an order has entered. An equal splice is named to its own tenant only. */
function placeIn(entered: Entered, { tenant }: QueueEntry, share: number): ChannelLease {
  if ('lease' in entered) return entered.lease
  if ('duplicate' in entered) {
    const { duplicate } = entered
    const detail = duplicate.tenant === tenant ? { detail: `see ${duplicate.id}` } : {}
    throw new Problem('duplicate_output', { field: 'amountSats', ...detail })
  }
  if (entered.refused === 'busy') return busy()
  const headers = { 'Retry-After': RETRY_SECONDS }
  if (entered.refused === 'tenant_full') {
    const detail =
      `you may hold ${share} of the ${LEASE_QUEUE_LIMIT} places of this channel, because other tenants use it too: wait ` +
      'until some of your splices have ended, or use another channel'
    throw new Problem('tenant_queue_full', { detail, headers })
  }
  const detail = 'wait until splices of this channel have ended, or use another channel'
  throw new Problem('channel_queue_full', { detail, headers })
}

/**
 * So many places of a channel's queue one tenant may hold: an equal part of them for each tenant of its node, and of the node at
 * its other end. So each finds room, whatever the others order.
 */
function shareOf({ nodes }: Pick<Ports, 'nodes'>, { tenant, node, nodeId, peerId }: Splice): number {
  const ends = [...nodes.values()].filter((each) => each.name === node || [nodeId, peerId].includes(each.nodeId ?? ''))
  const tenants = new Set([tenant, ...ends.flatMap((each) => each.tenants)])
  return Math.max(1, Math.floor(LEASE_QUEUE_LIMIT / tenants.size))
}

function busy(): never {
  throw new Problem('busy', { headers: { 'Retry-After': RETRY_SECONDS } })
}
