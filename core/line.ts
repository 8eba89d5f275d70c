import type { Slot } from './items.ts'
import type { Ports, Store } from './ports.ts'
import { emptySlot, enlist, isReleased, leave, SLOT_WAITING_LIMIT, take } from './slot.ts'
import { hasEnded } from './transitions.ts'

/** Rounds of the slot protocol in one go; more racers than this come back at the next look. */
const MAX_ROUNDS = 8

export type SlotOutcome = 'mine' | 'waiting' | 'full' | 'frozen'

/**
 * The slot protocol (design section 9): enlist, take when first and the holder is released, and answer `mine` only after a
 * consistent read shows this splice as the holder. Removes what has ended from the head on the way.
 */
export async function acquireSlot(key: string, id: string, store: Store): Promise<SlotOutcome> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const item = await store.item('slot', key)
    const slot = item?.value ?? emptySlot
    if (slot.frozen !== null) return 'frozen'
    if (slot.holder === id) return 'mine'
    const next = await nextSlot(slot, id, store)
    if (next === null) {
      return !slot.waiting.includes(id) && slot.waiting.length >= SLOT_WAITING_LIMIT ? 'full' : 'waiting'
    }
    await store.putItem('slot', key, next, item?.version ?? 0)
  }
  return 'waiting'
}

/** The slot after this splice's next move in the protocol; null when it can only wait. */
async function nextSlot(slot: Slot, id: string, store: Store): Promise<Slot | null> {
  const enlisted = slot.waiting.includes(id) ? slot : enlist(slot, id)
  if (enlisted === null) return null
  const head = enlisted.waiting[0]
  if (head !== undefined && head !== id && (await isGone(head, store))) return leave(enlisted, head)
  const free = enlisted.holder === null || (await isFree(enlisted.holder, store))
  const taken = take(enlisted, id, free)
  if (taken !== null) return taken
  return enlisted === slot ? null : enlisted
}

async function isFree(holder: string, store: Store): Promise<boolean> {
  return isReleased(await store.load(holder))
}

async function isGone(id: string, store: Store): Promise<boolean> {
  const splice = await store.load(id)
  return splice === null || hasEnded(splice.state)
}

/** Takes a splice out of holder and line, and hints the next one in it. Does nothing where it stands in neither. */
export async function leaveSlot(key: string, id: string, ports: Ports): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const item = await ports.store.item('slot', key)
    const next = item === null ? null : leave(item.value, id)
    if (item === null || next === null) return
    if (!(await ports.store.putItem('slot', key, next, item.version))) continue
    const head = next.holder === null ? next.waiting[0] : undefined
    if (head !== undefined) await ports.queue.hint(head, 0)
    return
  }
  throw new Error('the slot is contended; it is left at the next look')
}

/** Nobody submits on this channel until the cause is gone or an operator lifts it. The first cause stands. */
export async function freezeSlot(key: string, cause: string, ports: Ports): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const item = await ports.store.item('slot', key)
    const slot = item?.value ?? emptySlot
    if (slot.frozen !== null) return
    const frozen = { ...slot, frozen: { cause, at: ports.clock.now(), note: '' } }
    if (await ports.store.putItem('slot', key, frozen, item?.version ?? 0)) {
      ports.telemetry.alarm('channel frozen', { slot: key, cause })
      return
    }
  }
  throw new Error('the slot is contended; it is frozen at the next look')
}
