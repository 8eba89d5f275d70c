import { update } from '../ports/update.ts'
import type { GateReading } from '../decision/gate.ts'
import {
  ENTRY_GRACE_MS,
  LEASE_QUEUE_LIMIT,
  append,
  enter,
  entryOf,
  firstOf,
  freeLease,
  giveUpHolding,
  isQueued,
  isReleased,
  leaveLease,
  letPass,
  nextOf,
  replaceEntry,
  stopPassing,
  takeLease,
  waitsForTime,
} from './lease.ts'
import { unresolvedAttempts } from '../splice/budget.ts'
import { QUEUE_ENTRIES_MAX, type ChannelLease, type QueueEntry, type Versioned } from '../ports/records.ts'
import type { Ports } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'
import type { Instant } from '../values/instant.ts'

export type LeaseOutcome = 'mine' | 'waiting' | 'full' | 'frozen' | 'duplicate'

/** A lease with a splice in its queue, or why it is not there. `duplicate`: an equal splice is live. */
export type Entered =
  | { readonly lease: ChannelLease }
  | { readonly refused: 'full' | 'tenant_full' | 'busy' }
  | { readonly duplicate: QueueEntry }

/**
 * The lease protocol: enters the queue if need be, takes the lease when everything before it lets others pass and the holder
 * has let go, and answers `mine` only where a conditional write has just made this splice the holder. Removes what has ended
 * before it on the way. A holder from an earlier time writes the lease once more, so that a look from before that cannot give
 * the lease away ({@link yieldLease}). `seen` is the lease as a look found it: it is read again only where somebody has written
 * it since.
 */
export async function acquireLease(
  key: string,
  splice: Splice,
  seen: Versioned<ChannelLease> | null,
  ports: Ports,
): Promise<LeaseOutcome> {
  const found: { refused: 'full' | 'duplicate' | null } = { refused: null }
  const { value, written } = await update(
    ports.store,
    'lease',
    key,
    async (standing) => {
      const next = await nextLease(standing ?? freeLease, splice, ports)
      found.refused = typeof next === 'string' ? next : null
      return typeof next === 'string' ? null : next
    },
    seen,
  )
  const lease = value ?? freeLease
  if (lease.frozen !== null) return 'frozen'
  if (found.refused !== null) return found.refused
  return written && lease.holder === splice.id ? 'mine' : 'waiting'
}

/** The lease after this splice's move in the protocol; null when it can only wait, or why it cannot even do that. */
async function nextLease(
  lease: ChannelLease,
  splice: Splice,
  ports: Ports,
): Promise<ChannelLease | 'full' | 'duplicate' | null> {
  const { id } = splice
  if (lease.frozen !== null) return null
  if (lease.holder === id) return { ...lease }
  const entered = await standingIn(await withoutGone(lease, id, ports), splice, ports)
  if (typeof entered === 'string' || entered === null) return entered
  const free = entered.holder === null || isReleased(await ports.store.load(entered.holder))
  const taken = takeLease(entered, id, free)
  if (taken !== null) return withScript(taken, splice)
  return stopPassing(entered, id) ?? (entered === lease ? null : entered)
}

/** Whoever is not in the queue (its writer died half-way, or the splice came back to life) enters at the end. */
async function standingIn(
  lease: ChannelLease,
  splice: Splice,
  ports: Ports,
): Promise<ChannelLease | 'full' | 'duplicate' | null> {
  if (isQueued(lease, splice.id)) return lease
  const entry = entryOf(splice, ports.clock.now())
  if (splice.attempts.length > 0) return append(lease, entry) ?? 'full'
  const entered = await enterQueue(lease, entry, ports, QUEUE_ENTRIES_MAX)
  if ('lease' in entered) return entered.lease
  if ('refused' in entered) return 'full'
  // An order on its way may yet come to nothing: what is live for certain ends this splice.
  return (await ports.store.load(entered.duplicate.id)) === null ? null : 'duplicate'
}

/** The script of a splice-out that came without an address is known once the node has given one. */
function withScript(lease: ChannelLease, { id, script }: Splice): ChannelLease {
  const entry = lease.queue.find((each) => each.id === id)
  return entry === undefined || entry.script === script ? lease : replaceEntry(lease, { ...entry, script })
}

/**
 * Puts a splice at the end of a queue, unless an equal one is live. What stands in its way and has ended, or was never written
 * and is a minute old, is removed.
 */
export async function enterQueue(
  given: ChannelLease,
  entry: QueueEntry,
  ports: Ports,
  limit = LEASE_QUEUE_LIMIT,
  share = limit,
): Promise<Entered> {
  let lease = given
  let swept = false
  for (;;) {
    const entered = enter(lease, entry, limit, share)
    if ((entered === 'full' || entered === 'tenant_full') && !swept) {
      swept = true
      lease = await withoutEnded(lease, ports)
      continue
    }
    if (typeof entered === 'string') return { refused: entered }
    if (!('duplicate' in entered)) return { lease: entered }
    if (!(await isGone(lease, entered.duplicate, ports))) return entered
    lease = leaveLease(lease, entered.duplicate.id) ?? lease
  }
}

/** Removes what has ended from a full queue. */
async function withoutEnded(lease: ChannelLease, ports: Ports): Promise<ChannelLease> {
  const now = ports.clock.now()
  const found = await ports.store.loadMany(lease.queue.map(({ id }) => id))
  const splices = new Map(found.map((splice) => [splice.id, splice]))
  const gone = lease.queue.filter((entry) => hasGone(lease, entry, splices.get(entry.id) ?? null, now))
  return gone.reduce((left, { id }) => leaveLease(left, id) ?? left, lease)
}

/**
 * Removes splices that have ended, or were never written, from before another one in the queue, as far as they would not let
 * it pass. An entry younger than a minute may still be written.
 */
export async function withoutGone(lease: ChannelLease, id: string, ports: Ports): Promise<ChannelLease> {
  let left = lease
  for (;;) {
    const first = firstOf(left)
    if (first === undefined || first.id === id || !(await isGone(left, first, ports))) return left
    left = leaveLease(left, first.id) ?? left
  }
}

async function isGone(lease: ChannelLease, entry: QueueEntry, { store, clock }: Ports): Promise<boolean> {
  return hasGone(lease, entry, await store.load(entry.id), clock.now())
}

/** Whether an entry stands for nothing any more. A holder has to have let go of the lease, too. */
function hasGone(lease: ChannelLease, entry: QueueEntry, splice: Splice | null, now: Instant): boolean {
  if (splice === null) return now - entry.enteredAt > ENTRY_GRACE_MS
  return lease.holder === entry.id ? isReleased(splice) : hasEnded(splice.state)
}

/** Takes a splice out of holder and queue, and hints those that may go next. Does nothing where it stands in neither. */
export async function releaseLease(key: string, id: string, ports: Ports): Promise<void> {
  const { value, written } = await update(ports.store, 'lease', key, (lease) =>
    lease === null ? null : leaveLease(lease, id),
  )
  if (written && value !== null) await hintNext(value, ports)
}

/** Hints the splices that may go now that nobody has the lease. */
export async function hintNext(lease: ChannelLease, ports: Ports): Promise<void> {
  if (lease.holder !== null) return
  for (const id of nextOf(lease)) await ports.queue.hint(id, 0)
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
 * Enters a splice that has come back to life after its end, so that an equal order is refused. It asks for nothing: those
 * behind it may go first, if the channel's gates let them.
 */
export async function reenterQueue(key: string, splice: Splice, ports: Ports): Promise<void> {
  await update(ports.store, 'lease', key, (standing) => {
    const lease = standing ?? freeLease
    if (isQueued(lease, splice.id)) return null
    return append(lease, { ...entryOf(splice, ports.clock.now()), passes: true })
  })
}

/**
 * A splice without an unresolved attempt whose gate is shut makes room: for those behind it where it waits for something of
 * its own; where it waits for what they all wait for, it gives up the lease and keeps its place. Of a holder the record is
 * written first: a worker that journals an attempt from an older read fails, and one that reads later writes the lease before
 * it journals, which this write then fails at. The lease is written only as it was looked at.
 */
export async function yieldLease(
  splice: Splice,
  key: string,
  lease: Versioned<ChannelLease> | null,
  first: GateReading | undefined,
  ports: Ports,
): Promise<void> {
  const next = lease === null ? null : yielded(lease.value, splice, first, ports.clock.now())
  if (lease === null || next === null) return
  if (lease.value.holder === splice.id && (await ports.store.save(splice)) === null) return
  if (!(await ports.store.putItem('lease', key, next, lease.version))) return
  const head = next.holder === null ? firstOf(next) : undefined
  if (head !== undefined && head.id !== splice.id) await ports.queue.hint(head.id, 0)
}

/** The lease once a splice has made room; null: it has none to make. `first`: its first shut gate. */
function yielded(
  lease: ChannelLease,
  splice: Splice,
  first: GateReading | undefined,
  now: Instant,
): ChannelLease | null {
  const { id, state } = splice
  // It submits nothing before an operator allows it. With the lease it may have something under way.
  if (state === 'needs_attention') return lease.holder === id ? null : letPass(lease, id)
  if (state !== 'queued' || unresolvedAttempts(splice).length > 0) return null
  if (waitsForTime(splice, now) || isOwn(first)) return letPass(lease, id)
  return first === undefined ? null : giveUpHolding(lease, id)
}

/** Whether a shut gate is the splice's own: of the gates of node and channel, those behind it would wait for the same. */
function isOwn(reading: GateReading | undefined): boolean {
  switch (reading?.name) {
    case undefined:
    case 'node':
    case 'funding_unspent':
    case 'no_candidate':
      return false
    case 'channel':
      return reading.shut?.code === 'balance'
    default:
      return true
  }
}
