import type { Chance } from '../core/ports/ports.ts'

/** How long to wait between tries: doubled by every failure in a row, up to a cap. */
export type Backoff = { readonly baseMs: number; readonly capMs: number }

/**
 * The wait after so many failures in a row (from 1), in milliseconds: between half and all of it by chance, so that the
 * relays of many nodes do not come back in one instant.
 */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, chance: Chance): number {
  const mostMs = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(mostMs * (0.5 + chance.fraction() / 2))
}
