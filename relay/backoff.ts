import type { Chance } from '../core/ports/ports.ts'

/** The wait between tries: doubled by every consecutive failure, up to a cap. */
export type Backoff = { readonly baseMs: number; readonly capMs: number }

/**
 * The wait in milliseconds after `failures` consecutive failures (from 1). Random between half and all of it,
 * so that the relays of many nodes do not return at the same instant.
 */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, chance: Chance): number {
  const mostMs = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(mostMs * (0.5 + chance.fraction() / 2))
}
