import type { Posted } from './stage.ts'

/** What the judge remembers of a run: what clients were told, and what excuses a record. */
export type Memory = {
  /** The splices that were accepted, in that order. A table out of a backup knows only some of them. */
  posted: readonly Posted[]
  /** Every amount that was ever ordered: what is paid out must be one of them. */
  readonly wishedSats: Set<number>
  /** Splices whose end is an operator's word, not a proof. */
  readonly operated: Set<string>
  /** Splices whose script and amount somebody else paid as well, by hand. */
  readonly twins: Set<string>
  /** Splices whose cancel was answered with yes, and not taken back. */
  readonly cancelled: Set<string>
  /** When the node was last looked at, and when it was first looked at again after nobody did for over 90 s. */
  lookedAt: number
  gapEndedAt: number
  /** Channels whose peer was connected when the node was last looked at. */
  connected: ReadonlySet<string>
  /** Attempts whose command was sent, and those of them that were answered for sure. */
  readonly commanded: Set<string>
  readonly answered: Set<string>
  /** How deep the deepest reorg was, in blocks: it may have taken away what was true when it was said. */
  deepestReorg: number
  /** The table came out of a backup and has forgotten what came after it. */
  tableRestored: boolean
}

/** Nothing happened yet. */
export function freshMemory(): Memory {
  return {
    posted: [],
    wishedSats: new Set(),
    operated: new Set(),
    twins: new Set(),
    cancelled: new Set(),
    connected: new Set(),
    commanded: new Set(),
    answered: new Set(),
    lookedAt: 0,
    gapEndedAt: 0,
    deepestReorg: 0,
    tableRestored: false,
  }
}
