import { update } from '../ports/update.ts'
import { LEASE_QUEUE_LIMIT, freeLease, isReleased, joinQueue, leaveLease, takeLease } from './lease.ts'
import { unresolvedAttempts } from '../splice/budget.ts'
import type { ChannelLease, Versioned } from '../ports/records.ts'
import type { Ports, Store } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

/** How many ended splices are taken from the head of a queue in one go. */
const GONE_AT_ONCE = 8

export type LeaseOutcome = 'mine' | 'waiting' | 'full' | 'frozen'

/**
 * The lease protocol (design section 9): enlist, take when first and the holder is released, and answer `mine` only where a
 * conditional write has just made this splice the holder. Removes what has ended from the head on the way. A holder from an
 * earlier time writes the lease once more, so that a look from before that cannot give the lease away ({@link releaseUnchanged}). `seen`
 * is the lease as a look found it: it is read again only where somebody has written it since.
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

/** The lease after this splice's move in the protocol; null when it can only wait. */
async function nextLease(lease: ChannelLease, id: string, store: Store): Promise<ChannelLease | null> {
  if (lease.frozen !== null) return null
  if (lease.holder === id) return { ...lease, turn: lease.turn + 1 }
  const queue = await withoutGone(lease, id, store)
  const joined = queue.waiting.includes(id) ? queue : (joinQueue(queue, id) ?? queue)
  const free = joined.holder === null || (await isFree(joined.holder, store))
  return takeLease(joined, id, free) ?? (joined === lease ? null : joined)
}

/** Takes splices that have ended from the head of the queue, a few in one go. */
async function withoutGone(lease: ChannelLease, id: string, store: Store): Promise<ChannelLease> {
  let queue = lease
  for (let gone = 0; gone < GONE_AT_ONCE; gone += 1) {
    const head = queue.waiting[0]
    if (head === undefined || head === id || !(await isGone(head, store))) break
    queue = leaveLease(queue, head) ?? queue
  }
  return queue
}

async function isFree(holder: string, store: Store): Promise<boolean> {
  return isReleased(await store.load(holder))
}

async function isGone(id: string, store: Store): Promise<boolean> {
  const splice = await store.load(id)
  return splice === null || hasEnded(splice.state)
}

/** Takes a splice out of holder and line, and hints the next one in it. Does nothing where it stands in neither. */
export async function releaseLease(key: string, id: string, ports: Ports): Promise<void> {
  const { value, written } = await update(ports.store, 'lease', key, (lease) =>
    lease === null ? null : leaveLease(lease, id),
  )
  if (written && value !== null) await hintNext(value, ports)
}

/** The next splice in the queue of a lease that nobody holds may go now. */
async function hintNext({ holder, waiting }: ChannelLease, ports: Ports): Promise<void> {
  const head = holder === null ? waiting[0] : undefined
  if (head !== undefined) await ports.queue.hint(head, 0)
}

/**
 * Gives the lease up only if it is still at that version: what was decided from a look must not undo what another process
 * did with the lease since.
 */
export async function releaseUnchanged(
  key: string,
  id: string,
  version: number,
  ports: Ports,
): Promise<void> {
  const item = await ports.store.item('lease', key)
  const next = item?.version === version ? leaveLease(item.value, id) : null
  if (next === null || !(await ports.store.putItem('lease', key, next, version))) return
  await hintNext(next, ports)
}

/** Nobody submits on this channel until the cause is gone or an operator lifts it. The first cause stands. */
export async function freezeChannel(key: string, cause: string, id: string, ports: Ports): Promise<void> {
  const { written } = await update(ports.store, 'lease', key, (standing) => {
    const lease = standing ?? freeLease
    return lease.frozen === null ? { ...lease, frozen: { cause, at: ports.clock.now(), note: id } } : null
  })
  if (written) ports.telemetry.alarm('channel frozen', { lease: key, cause })
}

/** Lifts the freeze that this splice set for this cause, and no other. */
export async function unfreezeChannel(key: string, cause: string, id: string, ports: Ports): Promise<void> {
  const item = await ports.store.item('lease', key)
  if (item?.value.frozen?.cause !== cause || item.value.frozen.note !== id) return
  await ports.store.putItem('lease', key, { ...item.value, frozen: null }, item.version)
}

/**
 * A head of the line, or a queued holder with nothing alive, whose own gates are shut leaves and enlists again later. The
 * record is written first: a worker that journals an attempt from an older read fails, and one that reads later writes the
 * lease before it journals, which this leaving then fails at.
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
