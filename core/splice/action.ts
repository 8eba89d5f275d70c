import type { Policy } from './policy.ts'
import type { Instant } from '../values/instant.ts'
import type { SpliceEventType } from './event.ts'
import type { Splice } from './splice.ts'

/** What the driver has to carry out after a step was saved. Data, never done here. */
export type Action =
  | { readonly type: 'freeze_channel'; readonly cause: string }
  | { readonly type: 'pause_node'; readonly message: string }
  | { readonly type: 'alarm'; readonly message: string }
  /** The table has no cell for this event in this state: counted, never thrown. */
  | { readonly type: 'ignored'; readonly event: SpliceEventType }

export type Stepped = { readonly splice: Splice; readonly actions: readonly Action[] }

/** When and by which bounds a step is taken. */
export type StepContext = { readonly now: Instant; readonly policy: Policy }
