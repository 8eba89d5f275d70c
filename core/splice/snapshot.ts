import type { Snapshot, Splice } from './splice.ts'

/** The candidate that tells of a splice or a payment: the one in a block, else the newest. */
export function shownOf<T extends { readonly block: object | null }>(candidates: readonly T[]): T | null {
  return candidates.find((candidate) => candidate.block !== null) ?? candidates.at(-1) ?? null
}

/** What an event keeps of its splice. */
export function snapshotOf(splice: Pick<Splice, 'state' | 'candidates' | 'failure' | 'attention'>): Snapshot {
  const shown = shownOf(splice.candidates)
  return {
    state: splice.state,
    txid: shown?.txid ?? null,
    feeSats: shown?.feeSats ?? null,
    failureCode: splice.failure?.code ?? null,
    attentionCode: splice.attention?.code ?? null,
  }
}
