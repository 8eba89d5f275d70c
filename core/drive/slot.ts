import type { Slot } from '../ports/records.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

/** More may not wait on one channel: the next one stays `queued` and comes back (design section 9). */
export const SLOT_WAITING_LIMIT = 100

export const emptySlot: Slot = { holder: null, turn: 0, waiting: [], frozen: null }

/**
 * Whether a splice has let go of its slot: settled, cancelled, or failed with every attempt dead. It is never taken from
 * anything else. A splice that does not exist holds nothing.
 */
export function isReleased(splice: Splice | null): boolean {
  if (splice === null) return true
  if (!hasEnded(splice.state)) return false
  return splice.state !== 'failed' || splice.attempts.every((attempt) => attempt.dead !== null)
}

/** Puts a splice at the end of the line; null if it stands in it, holds the slot, or the line is full. */
export function enlist(slot: Slot, id: string): Slot | null {
  if (slot.holder === id || slot.waiting.includes(id) || slot.waiting.length >= SLOT_WAITING_LIMIT)
    return null
  return { ...slot, waiting: [...slot.waiting, id] }
}

/** Takes the slot for the head of the line; null unless it is the head and the holder is gone or released. */
export function take(slot: Slot, id: string, holderReleased: boolean): Slot | null {
  if (slot.waiting[0] !== id || (slot.holder !== null && !holderReleased)) return null
  return { ...slot, holder: id, turn: slot.turn + 1, waiting: slot.waiting.slice(1) }
}

/** Removes a splice from holder and line; null if it stands in neither. */
export function leave(slot: Slot, id: string): Slot | null {
  if (slot.holder !== id && !slot.waiting.includes(id)) return null
  return {
    ...slot,
    holder: slot.holder === id ? null : slot.holder,
    waiting: slot.waiting.filter((waiting) => waiting !== id),
  }
}
