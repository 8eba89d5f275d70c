import { isLongUnknown, unresolvedAttempts } from '../splice/budget.ts'
import { classify } from './classify.ts'
import { decide, type Decision } from './decide.ts'
import type { BumpGateName } from './fee-bump-gates.ts'
import type { GateReading } from './gate.ts'
import type { StepContext, Action } from '../splice/action.ts'
import type { Observation } from './observation.ts'
import type { Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'
import { hasEnded } from '../splice/transitions.ts'
import type { Verdict } from '../splice/verdict.ts'
import type { Instant } from '../values/instant.ts'

/** One look cannot lead to more decisions than this. More would mean a cycle in the decision table, which is a bug. */
const MAX_DECISIONS = 8

/** Everything that one look leads to: after an outage a splice may jump over several states. */
export type Advance = {
  readonly splice: Splice
  readonly actions: readonly Action[]
  readonly decision: Decision
  readonly verdict: Verdict
  readonly rulesTaken: readonly string[]
  /** Whether a live splice without a candidate has had an attempt of unknown outcome for an hour. */
  readonly isLongUnknown: boolean
}

/** Classifies, records, decides and steps until nothing more follows from the look. Pure. */
export function advance(splice: Splice, observation: Observation, context: StepContext): Advance {
  const actions: Action[] = []
  const rulesTaken: string[] = []
  let current = splice
  for (let i = 0; i < MAX_DECISIONS; i++) {
    const verdict = classify(current, observation, context.policy)
    const looked = step(current, { type: 'looked', verdict }, context)
    actions.push(...looked.actions)
    const decision = decide(looked.splice, verdict, observation, context.now, context.policy)
    rulesTaken.push(decision.rule)
    if (decision.event === null) {
      // With every gate open, the splice reason for the lease, and the lease says why.
      const reason = decision.act === 'submit' ? looked.splice.waitingFor : waitingFor(looked.splice, decision)
      const waiting = { ...looked.splice, waitingFor: reason }
      return { splice: waiting, actions, decision, verdict, rulesTaken, isLongUnknown: isStuck(waiting, context.now) }
    }
    const next = step(looked.splice, decision.event, context)
    actions.push(...next.actions)
    current = next.splice
  }
  throw new Error(`decisions do not come to rest: ${rulesTaken.join(', ')}`)
}

function isStuck(splice: Splice, now: Instant): boolean {
  return !hasEnded(splice.state) && splice.candidates.length === 0 && isLongUnknown(splice, now)
}

/** One sentence for people. It never names another splice. */
function waitingFor(splice: Splice, { gates, bumpGates }: Decision): Splice['waitingFor'] {
  switch (splice.state) {
    case 'queued':
    case 'submitted':
      return waitingBefore(splice, gates)
    case 'pending':
      return waitingForConfirmation(bumpGates)
    case 'confirmed':
      return {
        code: 'final_depth',
        message: 'Confirmed. Waiting for final depth, and for both nodes to switch to the new funding transaction.',
      }
    case 'needs_attention':
      return splice.attention
    case 'settled':
    case 'failed':
    case 'cancelled':
      return null
  }
}

function waitingForConfirmation(bumpGates: readonly GateReading<BumpGateName>[]): Splice['waitingFor'] {
  const shut = bumpGates.find((reading) => reading.shut !== null)?.shut
  return shut
    ? {
        code: `bump_${shut.code}`,
        message: `Waiting for the transaction to confirm. Fee bump: ${shut.message}`,
      }
    : { code: 'confirmation', message: 'Waiting for the transaction to confirm.' }
}

function waitingBefore(splice: Splice, gates: readonly GateReading[]): Splice['waitingFor'] {
  const hasUnresolved = unresolvedAttempts(splice).length > 0
  if (hasUnresolved && (splice.stopped !== null || splice.cancelRequestedAt !== null)) {
    const message = 'Nothing more is sent. Waiting for proof that the earlier requests cannot take effect.'
    return { code: 'proof', message }
  }
  const shut = gates.find((reading) => reading.shut !== null)?.shut ?? null
  const taken = splice.attempts.some((attempt) => attempt.notExecuted === null && attempt.result?.type === 'taken')
  const negotiating = taken && (shut?.code === 'quiet' || shut?.code === 'node_busy')
  return negotiating
    ? {
        code: 'negotiation',
        message: 'The node has taken the splice. Waiting for it to agree with the peer and sign.',
      }
    : shut
}
