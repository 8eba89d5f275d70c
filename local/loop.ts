import { setTimeout as pause } from 'node:timers/promises'

const FAILED_WAIT_MS = 500

/** Something that goes on until it is stopped; `stop` waits for the round that is under way. */
export type Loop = { stop(): Promise<void> }

/**
 * Runs a round again and again, `waitMs` after the last one ended, at once where it answers `true`. What a round throws is
 * told to `failed`, and the loop goes on a little later.
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
