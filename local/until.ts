import { setTimeout as pause } from 'node:timers/promises'

const LOOK_MS = 40

/** Polls until there is a result. Throws after the limit, naming what was awaited. */
export async function until<T>(what: string, limitMs: number, look: () => T | null | Promise<T | null>): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (Date.now() > deadline) throw new Error(`timed out after ${limitMs / 1000} s waiting for ${what}`)
    await pause(LOOK_MS)
  }
}
