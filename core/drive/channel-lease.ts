import { livingAttempts } from '../splice/budget.ts'
import type { Slot, Versioned } from '../ports/records.ts'
import type { Ports, Store } from '../ports/ports.ts'
import { emptySlot, enlist, isReleased, leave, SLOT_WAITING_LIMIT, take } from './slot.ts'
import type { Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

/** Rounds of the slot protocol in one go; more racers than this come back at the next look. */
const MAX_ROUNDS = 8

export type SlotOutcome = 'mine' | 'waiting' | 'full' | 'frozen'

/**
 * The slot protocol (design section 9): enlist, take when first and the holder is released, and answer `mine` only where a
 * conditional write has just made this splice the holder. Removes what has ended from the head on the way. A holder from an
 * earlier time writes the slot once more, so that a look from before that cannot give the slot away ({@link giveWay}). `seen`
 * is the slot as a look found it: it is read again only where somebody has written it since.
 */
export async function acquireSlot(
  key: string,
  id: string,
  seen: Versioned<Slot> | null,
  store: Store,
): Promise<SlotOutcome> {
  let item = seen
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const slot = item?.value ?? emptySlot
    const version = item?.version ?? 0
    if (slot.frozen !== null) return 'frozen'
    const next = slot.holder === id ? { ...slot, turn: slot.turn + 1 } : await nextSlot(slot, id, store)
    if (next === null) return isFullFor(slot, id) ? 'full' : 'waiting'
    const written = await store.putItem('slot', key, next, version)
    if (written && next.holder === id) return 'mine'
    item = written ? { version: version + 1, value: next } : await store.item('slot', key)
  }
  return 'waiting'
}

function isFullFor(slot: Slot, id: string): boolean {
  return !slot.waiting.includes(id) && slot.waiting.length >= SLOT_WAITING_LIMIT
}

/** The slot after this splice's next move in the protocol; null when it can only wait. */
async function nextSlot(slot: Slot, id: string, store: Store): Promise<Slot | null> {
  const head = slot.waiting[0]
  if (head !== undefined && head !== id && (await isGone(head, store))) return leave(slot, head)
  const enlisted = slot.waiting.includes(id) ? slot : enlist(slot, id)
  if (enlisted === null) return null
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

/**
 * Gives the slot up only if it is still at that version: what was decided from a look must not undo what another process
 * did with the slot since.
 */
export async function giveWay(key: string, id: string, version: number, ports: Ports): Promise<void> {
  const item = await ports.store.item('slot', key)
  const next = item?.version === version ? leave(item.value, id) : null
  if (next === null || !(await ports.store.putItem('slot', key, next, version))) return
  const head = next.holder === null ? next.waiting[0] : undefined
  if (head !== undefined) await ports.queue.hint(head, 0)
}

/** Nobody submits on this channel until the cause is gone or an operator lifts it. The first cause stands. */
export async function freezeSlot(key: string, cause: string, id: string, ports: Ports): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const item = await ports.store.item('slot', key)
    const slot = item?.value ?? emptySlot
    if (slot.frozen !== null) return
    const frozen = { ...slot, frozen: { cause, at: ports.clock.now(), note: id } }
    if (await ports.store.putItem('slot', key, frozen, item?.version ?? 0)) {
      ports.telemetry.alarm('channel frozen', { slot: key, cause })
      return
    }
  }
  throw new Error('the slot is contended; it is frozen at the next look')
}

/** Lifts the freeze that this splice set for this cause, and no other. */
export async function thawSlot(key: string, cause: string, id: string, ports: Ports): Promise<void> {
  const item = await ports.store.item('slot', key)
  if (item?.value.frozen?.cause !== cause || item.value.frozen.note !== id) return
  await ports.store.putItem('slot', key, { ...item.value, frozen: null }, item.version)
}

/**
 * A head of the line, or a queued holder with nothing alive, whose own gates are shut leaves and enlists again later. The
 * record is written first: a worker that journals an attempt from an older read fails, and one that reads later writes the
 * slot before it journals, which this leaving then fails at.
 */
export async function standAside(
  splice: Splice,
  key: string,
  slot: Versioned<Slot> | null,
  ports: Ports,
): Promise<void> {
  const first = slot !== null && (slot.value.holder === splice.id || slot.value.waiting[0] === splice.id)
  if (!first || splice.state !== 'queued' || livingAttempts(splice).length > 0) return
  if ((await ports.store.save(splice)) === null) return
  await giveWay(key, splice.id, slot.version, ports)
}
