import { attemptsUsed } from '../../core/budget.ts'
import { BUMP_ATTEMPTS } from '../../core/policy.ts'
import type { Splice, SpliceState } from '../../core/splice.ts'
import { hasEnded, transitions } from '../../core/transitions.ts'
import { effectsOf } from './effects.ts'
import type { Courtroom, Violation } from './witness.ts'

/** One write of a splice: what stood before (null: it is new), and what stands now. */
export type Write = { readonly before: Splice | null; readonly after: Splice }

/** Answers what is wrong; null: the law holds. */
type Law = (write: Write, courtroom: Courtroom) => string | null

/** What holds of every write, at the moment that it is made. */
export const lawsOfWrites: Readonly<Record<string, Law>> = {
  'versions grow by one': ({ before, after }) => {
    const expected = (before?.version ?? 0) + 1
    return after.version === expected ? null : `version ${after.version} instead of ${expected}`
  },
  'states follow the table': ({ before, after }) => {
    if (before === null) return after.state === 'queued' ? null : `it begins ${after.state}`
    const told = [...after.timeline.map(({ status }) => status), after.state]
    const path = told.slice(Math.max(0, told.lastIndexOf(before.state, told.length - 2)))
    const jump = path.findIndex((state, at) => !follows(path[at - 1] ?? state, state))
    if (jump >= 0) return `no transition leads from ${path[jump - 1]} to ${path[jump]}`
    return path[0] === before.state ? null : `the timeline does not tell how ${before.state} was left`
  },
  'due until at rest': ({ after }) => {
    if (after.dueAt !== null) return null
    const published = after.publishedThrough === after.eventSerial
    const atRest = hasEnded(after.state) && published && after.watch === null && !after.slotHeld
    return atRest ? null : `${after.state}, and nothing will look at it again`
  },
  'no fee bump is open at rest': ({ after }) =>
    after.dueAt === null && openBumps(after) > 0 ? 'a fee bump is open' : null,
  'one fee bump at a time': ({ after }) =>
    openBumps(after) > 1 ? `${openBumps(after)} fee bumps are open` : null,
  'three tries of a fee bump': ({ after }) =>
    after.bumps.some((bump) => attemptsUsed(bump) > BUMP_ATTEMPTS) ? 'more tries than three' : null,
  'attempts within the budget': ({ after }) => {
    const used = attemptsUsed(after)
    return used > after.budget.maxAttempts ? `${used} attempts of ${after.budget.maxAttempts}` : null
  },
  'settled only at final depth': ({ before, after }, { journal, chain, finalDepth }) => {
    if (after.state !== 'settled' || before?.state === 'settled') return null
    const depths = after.candidates.map(({ txid }) => chain.confirmations(txid) ?? 0)
    const effects = effectsOf(after, journal)
    if (effects !== 1) return `${effects} transactions have its effect`
    return Math.max(0, ...depths) >= finalDepth ? null : `its candidates are ${depths.join(', ')} deep`
  },
  'ended without effect only with a proof': ({ before, after }, { journal, isOperated }) => {
    const { state } = after
    if ((state !== 'failed' && state !== 'cancelled') || before?.state === state) return null
    const effects = isOperated(after.id) ? 0 : effectsOf(after, journal)
    return effects === 0 ? null : `${state} (${after.failure?.proof}), and ${effects} have its effect`
  },
}

/** The laws that a write breaks. */
export function brokenByWrite(write: Write, courtroom: Courtroom): Violation[] {
  return Object.entries(lawsOfWrites).flatMap(([law, holds]) => {
    const wrong = holds(write, courtroom)
    return wrong === null ? [] : [{ law, detail: `${nameOf(write.after.id)}: ${wrong}` }]
  })
}

/** A splice's id, short enough for a trace. */
export function nameOf(id: string): string {
  return id.slice(4, 10)
}

function follows(from: SpliceState, to: SpliceState): boolean {
  return from === to || Object.values(transitions[from]).some((cell) => cell.to.includes(to))
}

function openBumps(splice: Splice): number {
  return splice.bumps.filter(({ outcome }) => outcome === null).length
}
