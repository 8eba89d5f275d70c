import type { Ports } from '../../core/ports/ports.ts'
import type { Instant } from '../../core/values/instant.ts'
import { remember } from './bounded.ts'

/** The last use is saved at most once an hour: a write for every request would cost too much. */
const USE_EVERY_MS = 3_600_000
/** The burst that an idle key may make at once, in seconds of its rate. */
const BURST_SECONDS = 5
/** How many keys are remembered. The least recently used one is forgotten first. */
const KEYS_REMEMBERED = 1_000

/** Rate limits and records the use of API keys. */
export type KeyTraffic = {
  /** Counts a request of a key. Returns 0 to allow it, or the seconds after which to try again. */
  take(hash: string): number
  /** Saves that a key was used, at most once an hour. Never fails: a failed save is only counted. */
  note(hash: string): Promise<void>
}

/**
 * Keeps a token bucket per key, in the memory of one process. On Lambda every instance has its own buckets
 * and serves one request at a time, so this only keeps a busy client from occupying an instance. The throttle
 * of API Gateway bounds all keys together.
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
      // Remembered before it is saved, so that a failing table is not asked at every request.
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
