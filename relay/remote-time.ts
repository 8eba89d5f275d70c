import type { Instant } from '../core/values/instant.ts'

/** The header Date counts whole seconds. */
const DATE_STEP_MS = 1_000
/** How far this machine's clock may be from the service's. */
const AGREEMENT_MS = 10_000

/** An answer of the service: when it was requested and received, in milliseconds since boot, and its header Date. */
export type Sample = { readonly sentAt: number; readonly receivedAt: number; readonly date: string | null }

/** Bounds on the service's clock minus the time since this machine's boot. */
type Offset = { readonly leastMs: number; readonly mostMs: number }

/**
 * The service's clock, as seen from here. The time since boot only moves forward, so one offset relates the
 * two, and every answer narrows it. Instants are given as the earliest possible, so that nothing is dated
 * after something that it preceded.
 */
export class RemoteTime {
  #offset: Offset | null = null
  #sampledAt = 0
  #jumpedAt: number | null = null

  /** Learns from an answer. An answer without a readable Date is ignored. */
  note({ sentAt, receivedAt, date }: Sample): void {
    const dateMs = Date.parse(date ?? '')
    if (Number.isNaN(dateMs)) return
    const seen = { leastMs: dateMs - receivedAt, mostMs: dateMs + DATE_STEP_MS - sentAt }
    const known = this.#offset ?? seen
    const leastMs = Math.max(known.leastMs, seen.leastMs)
    const mostMs = Math.min(known.mostMs, seen.mostMs)
    // No offset explains both: a clock was set, or this machine was paused without counting the time (a
    // paused guest).
    const jumped = leastMs > mostMs
    if (jumped) this.#jumpedAt = receivedAt
    this.#offset = jumped ? seen : { leastMs, mostMs }
    this.#sampledAt = receivedAt
  }

  /** When the service's last answer came; null: never. */
  get sampledAt(): number | null {
    return this.#offset === null ? null : this.#sampledAt
  }

  /** The earliest time on the service's clock for an instant since boot; null: unknown. */
  earliest(sinceBoot: number): Instant | null {
    return this.#offset === null ? null : Math.floor(sinceBoot + this.#offset.leastMs)
  }

  /** How far a local clock that shows `now` is ahead of the service's, in milliseconds; null: unknown. */
  aheadMs(now: Instant, sinceBoot: number): number | null {
    if (this.#offset === null) return null
    const { leastMs, mostMs } = this.#offset
    return Math.round(now - sinceBoot - (leastMs + mostMs) / 2)
  }

  /**
   * The time of an event on the service's clock, or why it is uncertain. It is certain if the service's clock
   * and this machine's agree and neither has jumped since.
   */
  dated(happenedAt: number, now: Instant, sinceBoot: number): Instant | { readonly unsure: string } {
    const earliest = this.earliest(happenedAt)
    const aheadMs = this.aheadMs(now, sinceBoot)
    if (earliest === null || aheadMs === null) return { unsure: 'the service has not reported its time' }
    if (Math.abs(aheadMs) > AGREEMENT_MS) return { unsure: `this machine's clock is ${differenceOf(aheadMs)}` }
    if (this.#jumpedAt !== null && happenedAt < this.#jumpedAt) return { unsure: 'a clock has jumped since then' }
    return Math.min(earliest, Math.floor(now - (sinceBoot - happenedAt)))
  }
}

/** Describes how far a clock is from the service's. */
export function differenceOf(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  return `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the service's`
}
