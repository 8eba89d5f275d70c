import type { Instant } from '../../core/values/instant.ts'
import { delaySecondsOf, type Sender } from './sender.ts'

/** A received message. `receipt` belongs to this delivery and is stale once the message is received again. */
export type Received<T> = {
  readonly serial: number
  readonly message: T
  readonly receipt: string
  /** How often it was received, from 1. */
  readonly receives: number
}

/** Hooks for simulations. Deterministic if the hooks are. */
export type QueueHooks<T> = {
  /**
   * The deliveries of a sent message: one per entry, delayed by that many extra milliseconds. `[]` loses it,
   * `[0, 0]` doubles it, `[5000]` delays it. Default `[0]`.
   */
  readonly deliveries?: (message: T, delayMs: number) => readonly number[]
  /** The order in which visible messages are handed out. Default: oldest first. */
  readonly order?: (visible: readonly T[]) => readonly number[]
}

/** A standard queue in memory, with its own clock. */
export type MemoryQueue<T> = Sender<T> & {
  /** Hands out up to `max` visible messages and hides them for the visibility timeout. */
  receive(max: number): Received<T>[]
  /** Deletes a message. False when the receipt is stale. */
  remove(receipt: string): boolean
  /** When the next message becomes visible (now or in the past: one already is); null: the queue is empty. */
  nextVisibleAt(): Instant | null
  /** Messages that were received too often. */
  deadLetters(): readonly T[]
  /** The number of messages, hidden ones included. */
  size(): number
}

type Entry = { serial: number; json: string; visibleAt: Instant; receives: number }

/**
 * A queue for simulations that behaves like SQS: at least once, hidden while being processed, and a dead letter after
 * `maxReceives` deliveries. Messages are stored as JSON. `now` and `visibilityMs` are in milliseconds.
 */
export function memoryQueue<T>(options: {
  readonly now: () => Instant
  readonly visibilityMs: number
  readonly maxReceives: number
  readonly parse: (value: unknown) => T
  readonly hooks?: QueueHooks<T>
}): MemoryQueue<T> {
  const { now, visibilityMs, maxReceives, parse, hooks = {} } = options
  const entries = new Map<number, Entry>()
  const notExecuted: Entry[] = []
  let serial = 0
  const messageOf = (entry: Entry): T => parse(JSON.parse(entry.json))

  return {
    async send(message, delayMs = 0) {
      const visibleAt = now() + delaySecondsOf(delayMs) * 1_000
      for (const extraMs of hooks.deliveries?.(message, delayMs) ?? [0]) {
        serial += 1
        const json = JSON.stringify(message)
        entries.set(serial, { serial, json, visibleAt: visibleAt + extraMs, receives: 0 })
      }
    },

    receive(max) {
      const visible = inOrder(visibleBy(entries, now()), (list) => hooks.order?.(list.map(messageOf)))
      const received: Received<T>[] = []
      for (const entry of visible) {
        if (received.length === max) break
        if (entry.receives === maxReceives) {
          entries.delete(entry.serial)
          notExecuted.push(entry)
          continue
        }
        entry.receives += 1
        entry.visibleAt = now() + visibilityMs
        const receipt = `${entry.serial}.${entry.receives}`
        received.push({ serial: entry.serial, message: messageOf(entry), receipt, receives: entry.receives })
      }
      return received
    },

    remove(receipt) {
      const [number, receives] = receipt.split('.').map(Number)
      if (number === undefined || entries.get(number)?.receives !== receives) return false
      return entries.delete(number)
    },

    nextVisibleAt() {
      const times = [...entries.values()].map((entry) => entry.visibleAt)
      return times.length === 0 ? null : Math.min(...times)
    },

    deadLetters: () => notExecuted.map(messageOf),
    size: () => entries.size,
  }
}

function visibleBy(entries: ReadonlyMap<number, Entry>, now: Instant): Entry[] {
  return [...entries.values()]
    .filter((entry) => entry.visibleAt <= now)
    .sort((a, b) => a.visibleAt - b.visibleAt || a.serial - b.serial)
}

/** The entries at the given positions; the others are left for a later call. */
function inOrder(entries: Entry[], order: (entries: Entry[]) => readonly number[] | undefined): Entry[] {
  return order(entries)?.flatMap((position) => entries[position] ?? []) ?? entries
}
