import type { Splice } from '../../core/splice/splice.ts'
import { remember } from './bounded.ts'

/** How many splices one process remembers: a few megabytes. */
const REMEMBERED = 10_000

/**
 * A cache of what never changes about a splice: its kind, amount and script, since every attempt submits the
 * same script and amount. It tells which splices of a channel cannot duplicate an order, whatever their
 * state, so that they need not be read for every order. Nothing that may change is cached.
 */
export type Effects = {
  /** Whether this splice certainly is no duplicate of the draft, at any time. */
  ruleOut(id: string, draft: Splice): boolean
  note(splice: Splice): void
}

type Effect = Pick<Splice, 'kind' | 'amountSats' | 'script'>

/** Creates a cache of at most `max` effects, which keeps the newest. */
export function knownEffects(max = REMEMBERED): Effects {
  const known = new Map<string, Effect>()
  return {
    ruleOut(id, draft) {
      const effect = known.get(id)
      return effect !== undefined && differs(effect, draft)
    },
    note: ({ id, kind, amountSats, script }) => remember(known, id, { kind, amountSats, script }, max),
  }
}

/** A splice-out without an address has no script until the node gives one: null may become any script. */
function differs(a: Effect, b: Effect): boolean {
  if (a.kind !== b.kind || a.amountSats !== b.amountSats) return true
  return a.kind === 'splice_out' && a.script !== null && b.script !== null && a.script !== b.script
}
