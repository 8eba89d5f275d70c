import { setTimeout as pause } from 'node:timers/promises'

const FAILED_WAIT_MS = 500

/** A repeating task. `stop` waits for the current round. */
export type Loop = { stop(): Promise<void> }

/**
 * Runs a round repeatedly: `waitMs` after the last one ended, or at once if it returned `true`. Errors go to
 * `failed`, and the loop continues a little later.
 */
export function startLoop(
  waitMs: number,
  round: (signal: AbortSignal) => Promise<boolean>,
  failed: (error: unknown) => void,
): Loop {
  const stopped = new AbortController()
  const { signal } = stopped
  const goesOn = (): boolean => !signal.aborted
  const ended = (async () => {
    while (goesOn()) {
      let nextMs = waitMs
      try {
        if (await round(signal)) nextMs = 0
      } catch (error) {
        nextMs = Math.max(waitMs, FAILED_WAIT_MS)
        if (goesOn()) failed(error)
      }
      if (nextMs > 0) await pause(nextMs, undefined, { signal }).catch(() => undefined)
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await ended
    },
  }
}
