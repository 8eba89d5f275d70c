import type { ChannelLease } from '../ports/records.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

/** The longest queue of a lease. A splice that finds it full stays `queued` and tries again later. */
export const LEASE_QUEUE_LIMIT = 100

/** A lease that nobody holds. */
export const freeLease: ChannelLease = { holder: null, turn: 0, waiting: [], frozen: null }

/**
 * Whether a splice has released its lease: settled, cancelled, or failed with every attempt proven not
 * executed. A lease is never taken from any other splice. A missing splice holds nothing.
 */
export function isReleased(splice: Splice | null): boolean {
  if (splice === null) return true
  if (!hasEnded(splice.state)) return false
  return splice.state !== 'failed' || splice.attempts.every((attempt) => attempt.notExecuted !== null)
}

/** Appends a splice to the queue; null: it is in it, holds the lease, or the queue is full. */
export function joinQueue(lease: ChannelLease, id: string): ChannelLease | null {
  if (lease.holder === id || lease.waiting.includes(id) || lease.waiting.length >= LEASE_QUEUE_LIMIT) return null
  return { ...lease, waiting: [...lease.waiting, id] }
}

/** Gives the lease to the first in the queue; null: the splice is not first, or the holder has not released it. */
export function takeLease(lease: ChannelLease, id: string, holderReleased: boolean): ChannelLease | null {
  if (lease.waiting[0] !== id || (lease.holder !== null && !holderReleased)) return null
  return { ...lease, holder: id, turn: lease.turn + 1, waiting: lease.waiting.slice(1) }
}

/** Removes a splice as holder and from the queue; null: it is neither. */
export function leaveLease(lease: ChannelLease, id: string): ChannelLease | null {
  if (lease.holder !== id && !lease.waiting.includes(id)) return null
  return {
    ...lease,
    holder: lease.holder === id ? null : lease.holder,
    waiting: lease.waiting.filter((waiting) => waiting !== id),
  }
}
