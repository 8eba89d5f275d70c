import { rulesAfterBroadcast } from './rules/after-broadcast.ts'
import { rulesBeforeBroadcast } from './rules/before-broadcast.ts'
import { feeBumpRules } from './rules/fee-bump.ts'
import type { Rule, Situation } from './rules/rule.ts'
import type { SpliceEvent } from '../splice/event.ts'
import { readBumpGates, replacementOf, type BumpGateName, type Replacement } from './fee-bump-gates.ts'
import type { GateReading } from './gate.ts'
import { readGates } from './gates.ts'
import type { Observation } from './observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from '../splice/verdict.ts'

/** The decision table: the first rule that holds decides. `docs/decisions.md` is generated from it. */
export const rules: readonly Rule[] = [...rulesBeforeBroadcast, ...feeBumpRules, ...rulesAfterBroadcast]

/** What follows from a look: an event for `step`, a command to the node, or waiting for the first shut gate. */
export type Decision = {
  readonly rule: string
  readonly event: SpliceEvent | null
  /** The command to send once the lease is known to be ours; null: none. */
  readonly act: 'submit' | 'bump' | 'abort' | null
  /** What a bump replaces, and at which feerate; null unless the command is a bump. */
  readonly replacement: Replacement | null
  readonly gates: readonly GateReading[]
  readonly bumpGates: readonly GateReading<BumpGateName>[]
}

/** Applies the decision table. It covers every state and verdict; a test walks through all of them. */
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
  const rule = rules.find((candidate) => applies(candidate, situation))
  if (rule === undefined) throw new Error(`no decision for ${splice.state} × ${verdict.name}`)
  const act = rule.act ?? null
  const replacement = act === 'bump' ? replacementOf(facts) : null
  return { rule: rule.id, event: rule.event(situation), act, replacement, ...readings }
}

/** Whether a rule's states, verdicts and condition hold in a situation. */
export function applies(rule: Rule, situation: Situation): boolean {
  return (
    rule.states.includes(situation.splice.state) &&
    (rule.verdicts === 'any' || rule.verdicts.includes(situation.verdict.name)) &&
    (rule.when === null || rule.when.holds(situation))
  )
}
