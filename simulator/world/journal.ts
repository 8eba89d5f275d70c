import type { Chain } from '../chain/chain.ts'
import type { JournalEntry } from './journal-entry.ts'
import type { WorldState } from './state.ts'
import type { Journal } from './steering.ts'

/** The journal, with the questions that tests ask: what has effect now, not what was attempted. */
export function journalOf(state: WorldState, chain: Chain): Journal {
  // A node restored from a backup may sign the same transaction twice, so duplicates are dropped.
  const signed = (): JournalEntry[] => {
    const entries = state.journal.filter((entry) => entry.type === 'candidate_signed')
    return [...new Map(entries.map((entry) => [entry.txid, entry])).values()]
  }
  /** The methods of the requests that the node executed and accepted for a channel. */
  const taken = (channelId: string): unknown[] =>
    state.journal
      .filter((entry) => entry.type === 'request_executed' && entry.channelId === channelId)
      .filter((entry) => entry.detail['outcome'] === 'taken')
      .map((entry) => entry.detail['method'])
  return {
    get entries() {
      return state.journal
    },
    effectivePayouts: (script, amountSats) =>
      chain
        .transactions()
        .filter((tx) => tx.outputs.some((output) => output.script === script && output.amountSats === amountSats))
        .length,
    effectiveSplices: () =>
      signed().flatMap((entry) => {
        const tx = entry.txid === null ? null : chain.transaction(entry.txid)
        if (tx === null || entry.channelId === null) return []
        const oursNetSats = Number(entry.detail['oursNetSats'])
        return [{ channelId: entry.channelId, txid: tx.txid, oursNetSats, confirmed: tx.block !== null }]
      }),
    submissionsExecuted: (channelId) => taken(channelId).filter((method) => method !== 'bump').length,
    bumpsExecuted: (channelId) => taken(channelId).filter((method) => method === 'bump').length,
  }
}
