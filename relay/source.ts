import type { RelayEvent } from '../core/nodes/relay-event.ts'

/** What a node told: an event that has no id and no time yet. */
export type Told = Omit<RelayEvent, 'id' | 'at' | 'type'> & {
  readonly type: Exclude<RelayEvent['type'], 'process_started'>
}

/** What hears a source. */
export type Listener = {
  /** The node has taken the subscription. */
  readonly opened: () => void
  readonly told: (event: Told) => void
  /** Part of it does not work, and why; the rest goes on. */
  readonly warned: (why: string) => void
}

/** Why a subscription is over. `needsOperator`: it will be over again until somebody changes something. */
export type SourceEnd = { readonly needsOperator: boolean; readonly why: string }

/** The events of one node. */
export type Source = {
  /** What the node is, for people. */
  readonly what: string
  /** Subscribes once, until the connection or the signal ends. Never throws, never subscribes again. */
  readonly listen: (listener: Listener, signal: AbortSignal) => Promise<SourceEnd>
}

/** The end of a subscription that passes by itself. */
export const passing = (why: string): SourceEnd => ({ needsOperator: false, why })

/** The end of a subscription that somebody has to mend. */
export const lasting = (why: string): SourceEnd => ({ needsOperator: true, why })
