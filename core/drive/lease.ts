import type { ChannelLease } from '../ports/records.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

/** More may not wait on one channel: the next one stays `queued` and comes back (design section 9). */
export const LEASE_QUEUE_LIMIT = 100

export const freeLease: ChannelLease = { holder: null, turn: 0, waiting: [], frozen: null }

/**
 * Whether a splice has let go of its lease: settled, cancelled, or failed with every attempt dead. It is never taken from
 * anything else. A splice that does not exist holds nothing.
 */
export function isReleased(splice: Splice | null): boolean {
  if (splice === null) return true
  if (!hasEnded(splice.state)) return false
  return splice.state !== 'failed' || splice.attempts.every((attempt) => attempt.notExecuted !== null)
}

/** Puts a splice at the end of the line; null if it stands in it, holds the lease, or the line is full. */
export function joinQueue(lease: ChannelLease, id: string): ChannelLease | null {
  if (lease.holder === id || lease.waiting.includes(id) || lease.waiting.length >= LEASE_QUEUE_LIMIT)
    return null
  return { ...lease, waiting: [...lease.waiting, id] }
}

/** Takes the lease for the head of the line; null unless it is the head and the holder is gone or released. */
export function takeLease(lease: ChannelLease, id: string, holderReleased: boolean): ChannelLease | null {
  if (lease.waiting[0] !== id || (lease.holder !== null && !holderReleased)) return null
  return { ...lease, holder: id, turn: lease.turn + 1, waiting: lease.waiting.slice(1) }
}

/** Removes a splice from holder and line; null if it stands in neither. */
export function leaveLease(lease: ChannelLease, id: string): ChannelLease | null {
  if (lease.holder !== id && !lease.waiting.includes(id)) return null
  return {
    ...lease,
    holder: lease.holder === id ? null : lease.holder,
    waiting: lease.waiting.filter((waiting) => waiting !== id),
  }
}
