import type { RelayEvent } from '../core/nodes/relay-event.ts'

const WAKE_UPS_MAX = 1_000

const isStart = ({ type }: RelayEvent): boolean => type === 'process_started'

/** Whether two wake-ups carry the same news. */
const isSame = (one: RelayEvent, other: RelayEvent): boolean =>
  one.type === other.type && one.channelId === other.channelId && one.txid === other.txid && one.reason === other.reason

/**
 * The events still to be reported, oldest first, in memory. A wake-up that repeats a waiting one is left out.
 * Beyond the bound the oldest wake-ups are dropped and counted. A process start is never dropped: it may
 * prove that an attempt was not executed, and a sweep cannot find it.
 */
export class Outbox {
  #events: RelayEvent[] = []
  #inFlight = new Set<string>()
  readonly #waiters = new Set<() => void>()
  #dropped = 0
  readonly #wakeUpsMax: number

  constructor(wakeUpsMax: number = WAKE_UPS_MAX) {
    this.#wakeUpsMax = wakeUpsMax
  }

  get size(): number {
    return this.#events.length
  }

  /** The number of dropped wake-ups. */
  get dropped(): number {
    return this.#dropped
  }

  add(event: RelayEvent): void {
    // Keep every failure: its time shows which attempt it belongs to.
    const isNews = isStart(event) || event.reason !== undefined
    if (!isNews && this.#events.some((each) => this.#waits(each) && isSame(each, event))) return
    this.#events.push(event)
    const wakeUps = this.#events.filter((each) => !isStart(each) && this.#waits(each))
    const [oldest] = wakeUps
    if (wakeUps.length > this.#wakeUpsMax && oldest !== undefined) {
      this.#events.splice(this.#events.indexOf(oldest), 1)
      this.#dropped += 1
    }
    for (const wake of this.#waiters) wake()
  }

  /** The oldest events, at most `max`. They count as being sent until `remove` or the next `take`. */
  take(max: number): RelayEvent[] {
    const batch = this.#events.slice(0, max)
    this.#inFlight = new Set(batch.map(({ id }) => id))
    return batch
  }

  /** Removes events that need not be sent any more. */
  remove(events: readonly RelayEvent[]): void {
    const gone = new Set(events.map(({ id }) => id))
    this.#events = this.#events.filter(({ id }) => !gone.has(id))
    this.#inFlight.clear()
  }

  /** Waits until there is something to send or the signal ends. */
  async filled(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#events.length > 0) return
    await new Promise<undefined>((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve(undefined)
      }
      this.#waiters.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #waits({ id }: RelayEvent): boolean {
    return !this.#inFlight.has(id)
  }
}
