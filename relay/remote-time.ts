import type { Instant } from '../core/values/instant.ts'

/** The header Date of an answer counts whole seconds. */
const DATE_STEP_MS = 1_000
/** How far this machine's clock may be from the one that the service shows. */
const AGREEMENT_MS = 10_000

/** An answer of the service: when it was asked for and when it came, in milliseconds since boot, and its header Date. */
export type Sample = { readonly sentAt: number; readonly receivedAt: number; readonly date: string | null }

/** The service's clock, minus the time since this machine's boot, lies between these. */
type Offset = { readonly leastMs: number; readonly mostMs: number }

/**
 * The service's clock, seen from here. The time since boot only ever goes on, so that one offset tells both; every answer
 * narrows it. Instants are told as the earliest that they can have been, so that nothing is dated after what it preceded.
 */
export class RemoteTime {
  #offset: Offset | null = null
  #sampledAt = 0
  #jumpedAt: number | null = null

  /** Learns from an answer. An answer without a readable Date teaches nothing. */
  note({ sentAt, receivedAt, date }: Sample): void {
    const told = Date.parse(date ?? '')
    if (Number.isNaN(told)) return
    const seen = { leastMs: told - receivedAt, mostMs: told + DATE_STEP_MS - sentAt }
    const known = this.#offset ?? seen
    const leastMs = Math.max(known.leastMs, seen.leastMs)
    const mostMs = Math.min(known.mostMs, seen.mostMs)
    // No offset explains both: a clock was set, or this machine stood still without counting it (a paused guest).
    const jumped = leastMs > mostMs
    if (jumped) this.#jumpedAt = receivedAt
    this.#offset = jumped ? seen : { leastMs, mostMs }
    this.#sampledAt = receivedAt
  }

  /** When the service's last answer came; null: never. */
  get sampledAt(): number | null {
    return this.#offset === null ? null : this.#sampledAt
  }

  /** The earliest that the service's clock can have shown at an instant since boot; null: it is not known. */
  earliest(sinceBoot: number): Instant | null {
    return this.#offset === null ? null : Math.floor(sinceBoot + this.#offset.leastMs)
  }

  /** How far a clock of here that shows `now` is ahead of the service's, in milliseconds; null: not known. */
  aheadMs(now: Instant, sinceBoot: number): number | null {
    if (this.#offset === null) return null
    const { leastMs, mostMs } = this.#offset
    return Math.round(now - sinceBoot - (leastMs + mostMs) / 2)
  }

  /**
   * When something happened on the service's clock, or why that is not certain. Certain is what two clocks agree on, the
   * service's and this machine's, without a jump since it happened.
   */
  dated(happenedAt: number, now: Instant, sinceBoot: number): Instant | { readonly unsure: string } {
    const earliest = this.earliest(happenedAt)
    const aheadMs = this.aheadMs(now, sinceBoot)
    if (earliest === null || aheadMs === null) return { unsure: 'the service has not told its time' }
    if (Math.abs(aheadMs) > AGREEMENT_MS)
      return { unsure: `this machine's clock is ${differenceOf(aheadMs)}` }
    if (this.#jumpedAt !== null && happenedAt < this.#jumpedAt)
      return { unsure: 'a clock has jumped since it happened' }
    return Math.min(earliest, Math.floor(now - (sinceBoot - happenedAt)))
  }
}

/** Says how far a clock is from the service's. */
export function differenceOf(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  return `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the service's`
}
