import type { RelayEvent } from '../core/nodes/relay-event.ts'

/** An event as the node reported it, without id and time. */
export type ReportedEvent = Omit<RelayEvent, 'id' | 'at' | 'type'> & {
  readonly type: Exclude<RelayEvent['type'], 'process_started'>
}

/** The callbacks of a subscription. */
export type Listener = {
  /** The node has accepted the subscription. */
  readonly opened: () => void
  readonly reported: (event: ReportedEvent) => void
  /** A part does not work, for this reason; the rest continues. */
  readonly warned: (why: string) => void
}

/** Why a subscription ended. `needsOperator`: it will keep ending until somebody changes something. */
export type SourceEnd = { readonly needsOperator: boolean; readonly why: string }

/** A source of one node's events. */
export type Source = {
  /** A description of the node for people. */
  readonly what: string
  /** Subscribes once, until the connection or the signal ends. Never throws, never resubscribes. */
  readonly listen: (listener: Listener, signal: AbortSignal) => Promise<SourceEnd>
}

/** The end of a subscription for a temporary reason. */
export const passing = (why: string): SourceEnd => ({ needsOperator: false, why })

/** The end of a subscription for a reason that somebody has to fix. */
export const lasting = (why: string): SourceEnd => ({ needsOperator: true, why })
