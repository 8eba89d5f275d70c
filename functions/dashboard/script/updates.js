/** @import { Answer, Failure } from './client.js' */
/** @import { EventView } from '../../api/events.ts' */
/** @import { Ask } from './page.js' */

const EVERY_MS = 3_000
const HIDDEN_MS = 60_000
const LONGEST_MS = 60_000
const EVENTS = 1000
/** How many pages of the event log one round reads: a long log is caught up over several rounds. */
const PAGES_AT_ONCE = 10

/**
 * Follows the event log and refreshes the page when needed. Sends one request at a time. Polls less often
 * while the tab is hidden, and backs off while the service does not answer.
 *
 * @param {{ ask: Ask, look: () => Promise<Failure | null>, ageMs: () => number, everyMs: () => number,
 *   failed: (failure: Failure) => void, succeeded: () => void }} parts
 *   `look` refreshes the page; `ageMs` is the age of its contents, `everyMs` the age at which they are refreshed
 */
export function createUpdates({ ask, look, ageMs, everyMs, failed, succeeded }) {
  let after = 0
  let failures = 0
  let running = false
  let wanted = true
  let stopped = false
  let again = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer

  /** @returns {Promise<Failure | null>} */
  const follow = async () => {
    for (let n = 0; n < PAGES_AT_ONCE; n += 1) {
      /** @type {Answer<{ data: readonly EventView[] }>} */
      const log = await ask(`v1/events?after=${after}&limit=${EVENTS}`)
      if (!log.ok) return log.failure
      after = log.value.data.at(-1)?.sequence ?? after
      if (log.value.data.length > 0) wanted = true
      if (log.value.data.length < EVENTS) break
    }
    return null
  }

  const round = async () => {
    const lost = await follow()
    if (lost !== null) return lost
    if (!wanted && ageMs() < everyMs()) return null
    wanted = false
    const missed = await look()
    if (missed !== null) wanted = true
    return missed
  }

  /** @returns {Promise<void>} */
  const tick = async () => {
    if (running || stopped) return
    running = true
    clearTimeout(timer)
    const failure = await round()
    running = false
    if (isStopped()) return
    failures = failure === null ? 0 : failures + 1
    if (failure === null) succeeded()
    else failed(failure)
    if (again) {
      again = false
      return void tick()
    }
    const waitMs = document.hidden ? HIDDEN_MS : Math.min(EVERY_MS * 2 ** failures, LONGEST_MS)
    timer = setTimeout(() => void tick(), waitMs)
  }

  // A function, so that the value is read again after an await.
  const isStopped = () => stopped

  return {
    /** Refreshes as soon as possible. */
    now: () => {
      wanted = true
      again = running
      void tick()
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
