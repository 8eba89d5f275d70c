import { enterQueue, hintNext, type Entered } from '../../core/drive/channel-lease.ts'
import { ENTRY_GRACE_MS, entryOf, freeLease, leaveLease } from '../../core/drive/lease.ts'
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
  const found: { earlier: Splice | null; dropped: boolean } = { earlier: null, dropped: false }
  const change = async (standing: ChannelLease | null): Promise<ChannelLease | null> => {
    const lease = standing ?? freeLease
    const entered = await enterQueue(lease, entry, ports)
    found.earlier = isBusy(entered) ? await ports.store.load(draft.id) : null
    if (found.earlier !== null) return null
    const next = isBusy(entered) ? await entryOfDead(lease, entry, ports) : placeIn(entered, entry)
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
  placeIn(await enterQueue(read?.value ?? freeLease, entry, ports), entry)
}

function isBusy(entered: Entered): boolean {
  return 'refused' in entered && entered.refused === 'busy'
}

/** The key stands in the queue with another effect, and no splice was written under it: its writer is at work, or has died. */
async function entryOfDead(lease: ChannelLease, entry: QueueEntry, ports: Ports): Promise<ChannelLease> {
  const own = lease.queue.find(({ id }) => id === entry.id)
  if (own !== undefined && entry.enteredAt - own.enteredAt <= ENTRY_GRACE_MS) return busy()
  return placeIn(await enterQueue(leaveLease(lease, entry.id) ?? lease, entry, ports), entry)
}

/** The lease that an order has entered. An equal splice is named to its own tenant only. */
function placeIn(entered: Entered, { tenant }: QueueEntry): ChannelLease {
  if ('lease' in entered) return entered.lease
  if ('duplicate' in entered) {
    const { duplicate } = entered
    const detail = duplicate.tenant === tenant ? { detail: `see ${duplicate.id}` } : {}
    throw new Problem('duplicate_output', { field: 'amountSats', ...detail })
  }
  if (entered.refused === 'busy') return busy()
  const detail = 'wait until splices of this channel have ended, or use another channel'
  throw new Problem('channel_queue_full', { detail, headers: { 'Retry-After': RETRY_SECONDS } })
}

function busy(): never {
  throw new Problem('busy', { headers: { 'Retry-After': RETRY_SECONDS } })
}
