import type { Ports } from '../../core/ports/ports.ts'
import type { Instant } from '../../core/values/instant.ts'
import { remember } from './bounded.ts'

/** Last used is known to the hour: a write per request would cost more than it tells. */
const USE_EVERY_MS = 3_600_000
/** Requests that a key may make at once after it has been quiet, in seconds of its rate. */
const BURST_SECONDS = 5
/** Keys that are remembered; the one that was not heard of for longest is forgotten first. */
const KEYS_REMEMBERED = 1_000

/** What is kept of how keys are used. */
export type KeyTraffic = {
  /** Takes one request of a key; answers 0, or in how many seconds it may come again. */
  take(hash: string): number
  /** Notes that a key was used, at most once an hour. Never fails: what it cannot save is counted. */
  note(hash: string): Promise<void>
}

/**
 * How one process counts the requests of keys: a token bucket a key, in memory. On Lambda each instance has its own, and an
 * instance takes one request at a time: it keeps a single busy client from taking an instance for itself, and what all keys
 * ask together is bounded by the throttle of API Gateway alone.
 */
export function keyTraffic(
  { store, clock, telemetry }: Pick<Ports, 'store' | 'clock' | 'telemetry'>,
  requestsPerSecond: number,
): KeyTraffic {
  const burst = requestsPerSecond * BURST_SECONDS
  const buckets = new Map<string, { tokens: number; at: Instant }>()
  const noted = new Map<string, Instant>()
  return {
    take(hash) {
      const now = clock.now()
      const last = buckets.get(hash) ?? { tokens: burst, at: now }
      const refill = (Math.max(0, now - last.at) / 1_000) * requestsPerSecond
      const tokens = Math.min(burst, last.tokens + refill)
      const taken = tokens >= 1
      remember(buckets, hash, { tokens: taken ? tokens - 1 : tokens, at: now }, KEYS_REMEMBERED)
      return taken ? 0 : Math.max(1, Math.ceil((1 - tokens) / requestsPerSecond))
    },

    async note(hash) {
      const now = clock.now()
      if (now - (noted.get(hash) ?? -Infinity) < USE_EVERY_MS) return
      // Before it is saved: where the table fails, it is not asked again at every request.
      remember(noted, hash, now, KEYS_REMEMBERED)
      try {
        const item = await store.item('keyUse', hash)
        if (item === null || now - item.value.at >= USE_EVERY_MS)
          await store.putItem('keyUse', hash, { at: now }, item?.version ?? 0)
      } catch {
        telemetry.count('api_key_use_unsaved')
      }
    },
  }
}
