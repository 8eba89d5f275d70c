import { rows } from './rules/rules.ts'
import type { Row, Situation } from './rules/rule.ts'
import type { SpliceEvent } from '../splice/event.ts'
import type { GateReading } from './gates.ts'
import { readBumpGates } from './fee-bump-gates.ts'
import { readGates } from './gates.ts'
import type { Observation } from './observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from '../splice/verdict.ts'

/** What follows from a look: an event for `step`, a submission, or waiting (for the first shut gate). */
export type Decision = {
  readonly row: string
  readonly event: SpliceEvent | null
  /** What is to be sent, once the slot is seen to be ours; null: nothing. */
  readonly act: 'submit' | 'bump' | 'clear' | null
  readonly gates: readonly GateReading[]
  readonly bumpGates: readonly GateReading[]
}

/** The first row of the decision table that holds. The table covers every state and verdict (a test walks them all). */
export function decide(
  splice: Splice,
  verdict: Verdict,
  observation: Observation,
  now: Instant,
  policy: Policy,
): Decision {
  const facts = { splice, observation, verdict, now, policy }
  const readings = { gates: readGates(facts), bumpGates: readBumpGates(facts) }
  const situation: Situation = { ...facts, ...readings }
  const row = rows.find((candidate) => applies(candidate, situation))
  if (row === undefined) throw new Error(`no decision for ${splice.state} × ${verdict.name}`)
  return { row: row.id, event: row.event(situation), act: row.act ?? null, ...readings }
}

/** Whether a row is the one for a situation, as far as the row itself can tell. */
export function applies(row: Row, situation: Situation): boolean {
  return (
    row.states.includes(situation.splice.state) &&
    (row.verdicts === 'any' || row.verdicts.includes(situation.verdict.name)) &&
    (row.when === null || row.when.holds(situation))
  )
}
