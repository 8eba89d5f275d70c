import { unresolvedAttempts } from '../splice/budget.ts'
import { classify } from './classify.ts'
import type { Decision } from './decide.ts'
import { decide } from './decide.ts'
import type { BumpGateName } from './fee-bump-gates.ts'
import type { GateReading } from './gate.ts'
import type { StepContext, Action } from '../splice/action.ts'
import type { Observation } from './observation.ts'
import type { Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'
import type { Verdict } from '../splice/verdict.ts'

/** More decisions than this cannot follow from one look: a cycle in the table would be a bug. */
const MAX_DECISIONS = 8

/** What one look leads to, all at once: after an outage a splice may jump several states forward. */
export type Advance = {
  readonly splice: Splice
  readonly actions: readonly Action[]
  readonly decision: Decision
  readonly verdict: Verdict
  readonly rulesTaken: readonly string[]
}

/** Classify, note, decide and step, until nothing more follows from the look. Pure. */
export function advance(splice: Splice, observation: Observation, context: StepContext): Advance {
  const actions: Action[] = []
  const rulesTaken: string[] = []
  let current = splice
  for (let i = 0; i < MAX_DECISIONS; i++) {
    const verdict = classify(current, observation, context.policy)
    const noted = step(current, { type: 'looked', verdict }, context)
    actions.push(...noted.actions)
    const decision = decide(noted.splice, verdict, observation, context.now, context.policy)
    rulesTaken.push(decision.rule)
    if (decision.event === null) {
      // With every gate open it waits for the lease, and the line says so.
      const waits = decision.act === 'submit' ? noted.splice.waitingFor : waitingFor(noted.splice, decision)
      const waiting = { ...noted.splice, waitingFor: waits }
      return { splice: waiting, actions, decision, verdict, rulesTaken: rulesTaken }
    }
    const next = step(noted.splice, decision.event, context)
    actions.push(...next.actions)
    current = next.splice
  }
  throw new Error(`decisions do not come to rest: ${rulesTaken.join(', ')}`)
}

/** One sentence that a person understands; it never names another splice. */
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
        message:
          'Confirmed; waiting for so many blocks that it stays so, and for both nodes to use the new channel.',
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
  const alive = unresolvedAttempts(splice).length > 0
  if (alive && (splice.stopped !== null || splice.cancelRequestedAt !== null)) {
    const message = 'Nothing more is sent; waiting for proof that the earlier requests cannot take effect.'
    return { code: 'proof', message }
  }
  const shut = gates.find((reading) => reading.shut !== null)?.shut ?? null
  const asked = splice.attempts.some(
    (attempt) => attempt.notExecuted === null && attempt.result?.type === 'taken',
  )
  const negotiating = asked && (shut?.code === 'quiet' || shut?.code === 'node_busy')
  return negotiating
    ? {
        code: 'negotiation',
        message: 'The node has taken the splice; waiting for it to agree with the other side and sign.',
      }
    : shut
}
