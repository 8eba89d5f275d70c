import type { Ports } from '../../core/ports/ports.ts'
import type { Instant } from '../../core/values/instant.ts'
import { remember } from './bounded.ts'

/** The last use is saved at most once an hour: a write for every request would cost too much. */
const USE_EVERY_MS = 3_600_000
/** The burst that an idle key may make at once, in seconds of its rate. */
const BURST_SECONDS = 5
/** How many keys are remembered. The least recently used one is forgotten first. */
const KEYS_REMEMBERED = 1_000

/** What the rate limit says of a request. */
export type Taken = {
  /** 0: the request is allowed. */
  readonly waitSeconds: number
  /** The headers of the answer (draft-ietf-httpapi-ratelimit-headers). */
  readonly headers: Readonly<Record<string, string>>
}

/** Rate limits and records the use of API keys. */
export type KeyTraffic = {
  /** Counts a request of a key. null: there is no limit. */
  take(hash: string): Taken | null
  /** Saves that a key was used, at most once an hour. Never fails: a failed save is only counted. */
  note(hash: string): Promise<void>
}

/**
 * Keeps a token bucket per key, in the memory of this process. So a limit is only for a process that serves every request of
 * the key: the local product. On Lambda there is none, because each instance would count for itself; the throttle of API
 * Gateway bounds all keys together. `requestsPerSecond` null: no limit.
 */
export function keyTraffic(
  { store, clock, telemetry }: Pick<Ports, 'store' | 'clock' | 'telemetry'>,
  requestsPerSecond: number | null,
): KeyTraffic {
  const buckets = new Map<string, { tokens: number; at: Instant }>()
  const noted = new Map<string, Instant>()
  return {
    take(hash) {
      if (requestsPerSecond === null) return null
      const now = clock.now()
      const burst = requestsPerSecond * BURST_SECONDS
      const last = buckets.get(hash) ?? { tokens: burst, at: now }
      const refill = (Math.max(0, now - last.at) / 1_000) * requestsPerSecond
      const filled = Math.min(burst, last.tokens + refill)
      const tokens = filled >= 1 ? filled - 1 : filled
      remember(buckets, hash, { tokens, at: now }, KEYS_REMEMBERED)
      const secondsUntil = (wanted: number) => Math.ceil((wanted - tokens) / requestsPerSecond)
      return {
        waitSeconds: filled >= 1 ? 0 : Math.max(1, secondsUntil(1)),
        headers: {
          'RateLimit-Policy': `"default";q=${burst};w=${BURST_SECONDS}`,
          RateLimit: `"default";r=${Math.floor(tokens)};t=${secondsUntil(burst)}`,
        },
      }
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
