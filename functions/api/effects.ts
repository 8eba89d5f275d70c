import type { Splice } from '../../core/splice/splice.ts'
import { remember } from './bounded.ts'

/** Splices whose effect one process remembers: a few megabytes. */
const REMEMBERED = 10_000

/**
 * What a process knows of splices that never changes: kind, amount and script (design section 1, "always submit the same script
 * and amount"). It tells which of a channel's splices cannot be an order's duplicate, whatever became of them meanwhile, so
 * that they need not be read for every order. Nothing that may change is remembered.
 */
export type Effects = {
  /** Whether this splice is certainly not a duplicate of the draft: never again, and not before. */
  ruleOut(id: string, draft: Splice): boolean
  note(splice: Splice): void
}

type Effect = Pick<Splice, 'kind' | 'amountSats' | 'script'>

/** Effects that are known to this process, the newest ten thousand. */
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

/** A splice-out without an address has no script until the node gives one: null may become anything. */
function differs(a: Effect, b: Effect): boolean {
  if (a.kind !== b.kind || a.amountSats !== b.amountSats) return true
  return a.kind === 'splice_out' && a.script !== null && b.script !== null && a.script !== b.script
}
