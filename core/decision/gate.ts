import type { Observation } from './observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from '../splice/verdict.ts'

/** What the gates read. `splice` already has the facts of the look applied. */
export type GateFacts = {
  readonly splice: Splice
  readonly observation: Observation
  readonly verdict: Verdict
  readonly now: Instant
  readonly policy: Policy
}

/** Why a gate is shut: a code, and a sentence for `waitingFor`. */
export type Shut = { readonly code: string; readonly message: string }

/** The gates of a submission, in the order in which they are read. */
export type GateName =
  | 'fence'
  | 'node'
  | 'channel'
  | 'funding_unspent'
  | 'no_candidate'
  | 'no_earlier_effect'
  | 'quiet'
  | 'budget'
  | 'lock_depth'
  | 'overlap'

/** A condition that must hold just before an attempt is journalled. `shut` answers null while it is open. */
export type Gate = {
  readonly name: GateName
  readonly says: string
  readonly shut: (facts: GateFacts) => Shut | null
}

/** A gate as it stood at one look. */
export type GateReading<Name extends string = GateName> = { readonly name: Name; readonly shut: Shut | null }

export const shut = (code: string, message: string): Shut => ({ code, message })

/** Whether these gates are open. */
export function areOpen<Name extends string>(readings: readonly GateReading<Name>[], names: readonly Name[]): boolean {
  return readings.every((reading) => reading.shut === null || !names.includes(reading.name))
}
