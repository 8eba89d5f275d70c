import { update } from '../ports/update.ts'
import { LEASE_QUEUE_LIMIT, freeLease, isReleased, joinQueue, leaveLease, takeLease } from './lease.ts'
import { unresolvedAttempts } from '../splice/budget.ts'
import type { ChannelLease, Versioned } from '../ports/records.ts'
import type { Ports, Store } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

/** How many ended splices are removed from the front of a queue at once. */
const ENDED_AT_ONCE = 8

/** `full`: the splice is not in the queue either, because it is full. */
export type LeaseOutcome = 'mine' | 'waiting' | 'full' | 'frozen'

/**
 * Acquires the lease of a channel: joins the queue, and takes the lease if this splice is first in the queue and the
 * holder has released it. Returns `mine` only if a conditional write has just made or confirmed this splice as the
 * holder: only then may an attempt be journalled. Confirming bumps the lease's version, so that a release that was
 * decided on an earlier look fails ({@link releaseUnchanged}). Removes ended splices from the front of the queue.
 * `seen` is the lease as the look found it; it is read again only if another writer has changed it since.
 */
export async function acquireLease(
  key: string,
  id: string,
  seen: Versioned<ChannelLease> | null,
  store: Store,
): Promise<LeaseOutcome> {
  const { value, written } = await update(
    store,
    'lease',
    key,
    (lease) => nextLease(lease ?? freeLease, id, store),
    seen,
  )
  const lease = value ?? freeLease
  if (lease.frozen !== null) return 'frozen'
  if (written && lease.holder === id) return 'mine'
  return isFullFor(lease, id) ? 'full' : 'waiting'
}

function isFullFor(lease: ChannelLease, id: string): boolean {
  return !lease.waiting.includes(id) && lease.waiting.length >= LEASE_QUEUE_LIMIT
}

/** The lease after this splice's move; null: it can only wait. */
async function nextLease(lease: ChannelLease, id: string, store: Store): Promise<ChannelLease | null> {
  if (lease.frozen !== null) return null
  if (lease.holder === id) return { ...lease, turn: lease.turn + 1 }
  const queue = await withoutEnded(lease, id, store)
  const joined = queue.waiting.includes(id) ? queue : (joinQueue(queue, id) ?? queue)
  const free = joined.holder === null || (await isFree(joined.holder, store))
  return takeLease(joined, id, free) ?? (joined === lease ? null : joined)
}

/** Removes ended splices from the front of the queue, a few at once. */
async function withoutEnded(lease: ChannelLease, id: string, store: Store): Promise<ChannelLease> {
  let queue = lease
  for (let removed = 0; removed < ENDED_AT_ONCE; removed += 1) {
    const next = queue.waiting[0]
    if (next === undefined || next === id || !(await isEnded(next, store))) break
    queue = leaveLease(queue, next) ?? queue
  }
  return queue
}

async function isFree(holder: string, store: Store): Promise<boolean> {
  return isReleased(await store.load(holder))
}

async function isEnded(id: string, store: Store): Promise<boolean> {
  const splice = await store.load(id)
  return splice === null || hasEnded(splice.state)
}

/** Removes a splice as holder and from the queue, and hints the first in the queue. */
export async function releaseLease(key: string, id: string, ports: Ports): Promise<void> {
  const { value, written } = await update(ports.store, 'lease', key, (lease) =>
    lease === null ? null : leaveLease(lease, id),
  )
  if (written && value !== null) await hintNext(value, ports)
}

/** If nobody holds the lease, the first in its queue may take it now. */
async function hintNext({ holder, waiting }: ChannelLease, ports: Ports): Promise<void> {
  const next = holder === null ? waiting[0] : undefined
  if (next !== undefined) await ports.queue.hint(next, 0)
}

/**
 * Releases the lease only if it still has that version: a decision based on a look must not undo what another
 * process has done with the lease since.
 */
export async function releaseUnchanged(key: string, id: string, version: number, ports: Ports): Promise<void> {
  const item = await ports.store.item('lease', key)
  const next = item?.version === version ? leaveLease(item.value, id) : null
  if (next === null || !(await ports.store.putItem('lease', key, next, version))) return
  await hintNext(next, ports)
}

/** Blocks all submissions on the channel until the cause is gone or an operator unfreezes it. The first cause stays. */
export async function freezeChannel(key: string, cause: string, id: string, ports: Ports): Promise<void> {
  const { written } = await update(ports.store, 'lease', key, (standing) => {
    const lease = standing ?? freeLease
    return lease.frozen === null ? { ...lease, frozen: { cause, at: ports.clock.now(), note: id } } : null
  })
  if (written) ports.telemetry.alarm('channel frozen', { lease: key, cause })
}

/** Lifts the freeze if this splice set it for this cause. */
export async function unfreezeChannel(key: string, cause: string, id: string, ports: Ports): Promise<void> {
  const item = await ports.store.item('lease', key)
  if (item?.value.frozen?.cause !== cause || item.value.frozen.note !== id) return
  await ports.store.putItem('lease', key, { ...item.value, frozen: null }, item.version)
}

/**
 * Lets others go first: a `queued` splice without unresolved attempts, whose own gates are closed and which
 * holds the lease or is first in its queue, leaves it and joins again later. Saves the splice first. Then a
 * worker that journals an attempt from an older read fails, and one that reads later writes the lease before
 * it journals, so that the release here fails.
 */
export async function yieldLease(
  splice: Splice,
  key: string,
  lease: Versioned<ChannelLease> | null,
  ports: Ports,
): Promise<void> {
  const first = lease !== null && (lease.value.holder === splice.id || lease.value.waiting[0] === splice.id)
  if (!first || splice.state !== 'queued' || unresolvedAttempts(splice).length > 0) return
  if ((await ports.store.save(splice)) === null) return
  await releaseUnchanged(key, splice.id, lease.version, ports)
}
