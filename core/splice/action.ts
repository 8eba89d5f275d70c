import type { Policy } from './policy.ts'
import type { Instant } from '../values/instant.ts'
import type { SpliceEventType } from './event.ts'
import type { Splice } from './splice.ts'

/** What the driver carries out after it has saved a step. Plain data: `step` itself has no effects. */
export type Action =
  | { readonly type: 'freeze_channel'; readonly cause: string }
  | { readonly type: 'pause_node'; readonly message: string }
  | { readonly type: 'alarm'; readonly message: string }
  /** The transition table has no cell for this event in this state. Counted, never thrown. */
  | { readonly type: 'ignored'; readonly event: SpliceEventType }

export type Stepped = { readonly splice: Splice; readonly actions: readonly Action[] }

/** The time of a step, and the policy that bounds it. */
export type StepContext = { readonly now: Instant; readonly policy: Policy }
