import type { SpliceEvent } from '../../splice/event.ts'
import type { BumpGateName } from '../fee-bump-gates.ts'
import type { GateReading } from '../gate.ts'
import type { Observation } from '../observation.ts'
import type { Policy } from '../../splice/policy.ts'
import type { Splice, SpliceState } from '../../splice/splice.ts'
import type { Instant } from '../../values/instant.ts'
import type { Verdict, VerdictName } from '../../splice/verdict.ts'

/** What a rule reads. */
export type Situation = {
  readonly splice: Splice
  readonly verdict: Verdict
  readonly observation: Observation
  readonly gates: readonly GateReading[]
  /** The gates of the open fee bump; empty without one. */
  readonly bumpGates: readonly GateReading<BumpGateName>[]
  readonly now: Instant
  readonly policy: Policy
}

/** A condition with a description, so that the generated table can be read. */
export type Condition = { readonly says: string; readonly holds: (situation: Situation) => boolean }

/** One rule. The first whose states, verdicts and condition hold decides. */
export type Rule = {
  readonly id: string
  readonly states: readonly SpliceState[]
  readonly verdicts: readonly VerdictName[] | 'any'
  readonly when: Condition | null
  readonly then: string
  readonly event: (situation: Situation) => SpliceEvent | null
  readonly act?: 'submit' | 'bump' | 'abort'
}

/** A rule that decides to do nothing. */
export function wait(id: string, states: readonly SpliceState[], then: string): Rule {
  return { id, states, verdicts: 'any', when: null, then, event: () => null }
}

/** The event of a rule that asks for an operator's attention. */
export function attention(code: string, message: string): () => SpliceEvent {
  return () => ({ type: 'attention_needed', code, message })
}

/** The event of a rule that applies when the channel closed without the splice. */
export const closedWithoutEffect: SpliceEvent = {
  type: 'given_up',
  code: 'channel_closed',
  message: 'the channel closed without this splice',
  proof: 'channel_closed',
}
