import { QUEUE_ENTRIES_MAX, type ChannelLease, type QueueEntry } from '../ports/records.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'
import type { Instant } from '../values/instant.ts'

/** So many splices of a channel may be live before new orders are refused; the record has room for a few more. */
export const LEASE_QUEUE_LIMIT = 100

/**
 * An order is entered in the queue before its splice is written. For so long an entry without a splice may be such an order
 * on its way; after that its writer has died.
 */
export const ENTRY_GRACE_MS = 60_000

/** So many splices are woken at once when a lease becomes free. */
const WOKEN_AT_ONCE = 20

export const freeLease: ChannelLease = { holder: null, queue: [], frozen: null }

/**
 * Whether a splice has let go of its lease: settled, cancelled, or failed with every attempt dead. It is never taken from
 * anything else. A splice that does not exist holds nothing.
 */
export function isReleased(splice: Splice | null): boolean {
  if (splice === null) return true
  if (!hasEnded(splice.state)) return false
  return splice.state !== 'failed' || splice.attempts.every((attempt) => attempt.notExecuted !== null)
}

/** Whether a splice waits for its own time, `notBefore` or the end of a back-off, so that others may go first. */
export function waitsForTime(splice: Pick<Splice, 'notBefore' | 'nextAttemptAt'>, now: Instant): boolean {
  return Math.max(splice.notBefore ?? 0, splice.nextAttemptAt ?? 0) > now
}

/** What the queue of a channel says of a splice that enters it now. */
export function entryOf(splice: Splice, now: Instant): QueueEntry {
  const { id, tenant, kind, script, amountSats } = splice
  return { id, tenant, kind, script, amountSats, enteredAt: now, passes: waitsForTime(splice, now) }
}

/**
 * Puts a splice at the end of the queue; one that stands there with the same effect is left as it is. `duplicate`: another
 * splice could not be told apart from it on chain. `busy`: its id stands there with another effect. `tenant_full`: its tenant
 * holds its `share` of the places.
 */
export function enter(
  lease: ChannelLease,
  entry: QueueEntry,
  limit = LEASE_QUEUE_LIMIT,
  share = limit,
): ChannelLease | 'full' | 'tenant_full' | 'busy' | { readonly duplicate: QueueEntry } {
  const own = lease.queue.find(({ id }) => id === entry.id)
  if (own !== undefined) return hasSameEffect(own, entry) ? lease : 'busy'
  const duplicate = lease.queue.find((other) => isDuplicate(other, entry))
  if (duplicate !== undefined) return { duplicate }
  const entered = append(lease, entry, limit) ?? 'full'
  if (entered !== 'full' && lease.queue.filter(({ tenant }) => tenant === entry.tenant).length >= share)
    return 'tenant_full'
  return entered
}

/** Puts a splice at the end of the queue, whatever else stands there; null: there is no room. */
export function append(lease: ChannelLease, entry: QueueEntry, limit = QUEUE_ENTRIES_MAX): ChannelLease | null {
  return lease.queue.length >= limit ? null : { ...lease, queue: [...lease.queue, entry] }
}

/** Replaces what the queue says of a splice, in its place. */
export function replaceEntry(lease: ChannelLease, entry: QueueEntry): ChannelLease {
  return { ...lease, queue: lease.queue.map((other) => (other.id === entry.id ? entry : other)) }
}

/** Whether two splices of one queue could not be told apart on chain. A script that is not known yet equals none. */
export function isDuplicate(a: QueueEntry, b: QueueEntry): boolean {
  if (a.id === b.id || a.kind !== b.kind || a.amountSats !== b.amountSats) return false
  return a.kind === 'splice_in' || (a.script !== null && a.script === b.script)
}

function hasSameEffect(a: QueueEntry, b: QueueEntry): boolean {
  return a.kind === b.kind && a.amountSats === b.amountSats && a.script === b.script
}

/** Whether a splice may submit: it has the lease, or nobody has it and everything before it lets others pass. */
export function mayGo(lease: ChannelLease, id: string): boolean {
  return lease.holder === id || (lease.holder === null && isFirst(lease, id))
}

/** Whether a splice stands in the queue and has to wait for another one. */
export function isBehind(lease: ChannelLease, id: string): boolean {
  return isQueued(lease, id) && !mayGo(lease, id)
}

export function isQueued(lease: ChannelLease, id: string): boolean {
  return lease.queue.some((entry) => entry.id === id)
}

/** Whether a splice stands in the queue, and everything before it lets others pass. */
function isFirst({ queue }: ChannelLease, id: string): boolean {
  const at = queue.findIndex((entry) => entry.id === id)
  return at >= 0 && queue.slice(0, at).every(({ passes }) => passes)
}

/**
 * Gives the lease to a splice of the queue; a holder that has let go leaves the queue for it. null unless everything before
 * it lets others pass, and the holder is gone or has let go.
 */
export function takeLease(lease: ChannelLease, id: string, holderReleased: boolean): ChannelLease | null {
  if (lease.holder !== null && !holderReleased) return null
  const left = lease.holder === null ? lease : (leaveLease(lease, lease.holder) ?? lease)
  if (!isFirst(left, id)) return null
  return { ...setPasses(left, id, false), holder: id }
}

/** A splice waits for something of its own: it gives up the lease, and others may go first. null: nothing changes. */
export function letPass(lease: ChannelLease, id: string): ChannelLease | null {
  const passes = lease.queue.find((entry) => entry.id === id)?.passes ?? true
  if (passes && lease.holder !== id) return null
  const passing = setPasses(lease, id, true)
  return giveUpHolding(passing, id) ?? passing
}

/** A splice waits for what all others of its channel wait for: it gives up the lease and keeps its place. null: it has no lease. */
export function giveUpHolding(lease: ChannelLease, id: string): ChannelLease | null {
  return lease.holder === id ? { ...lease, holder: null } : null
}

/** A splice waits for nothing of its own any more; null: nothing changes. */
export function stopPassing(lease: ChannelLease, id: string): ChannelLease | null {
  return lease.queue.some((entry) => entry.id === id && entry.passes) ? setPasses(lease, id, false) : null
}

function setPasses(lease: ChannelLease, id: string, passes: boolean): ChannelLease {
  return {
    ...lease,
    queue: lease.queue.map((entry) => (entry.id === id ? { ...entry, passes } : entry)),
  }
}

/** Removes a splice from holder and queue; null if it stands in neither. */
export function leaveLease(lease: ChannelLease, id: string): ChannelLease | null {
  if (lease.holder !== id && !isQueued(lease, id)) return null
  return {
    ...lease,
    holder: lease.holder === id ? null : lease.holder,
    queue: lease.queue.filter((entry) => entry.id !== id),
  }
}

/** The first splice of the queue that does not let others pass. */
export function firstOf({ queue }: ChannelLease): QueueEntry | undefined {
  return queue.find(({ passes }) => !passes)
}

/** The splices that may go now: the holder, or those up to the first that does not let others pass. */
export function nextOf(lease: ChannelLease): string[] {
  if (lease.holder !== null) return [lease.holder]
  const first = firstOf(lease)
  const last = first === undefined ? lease.queue.length : lease.queue.indexOf(first) + 1
  return lease.queue.slice(Math.max(0, last - WOKEN_AT_ONCE), last).map(({ id }) => id)
}
