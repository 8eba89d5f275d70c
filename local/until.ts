import { setTimeout as pause } from 'node:timers/promises'

const LOOK_MS = 40

/** Looks until there is something to answer. Throws after so long, naming what was waited for. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`)
    await pause(LOOK_MS)
  }
}
