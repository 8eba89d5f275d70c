import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import type { Courtroom } from './witness.ts'

/** Design section 4, written out once more: so deep, a transaction is final, and only a reorg so deep takes it away. */
export const FINAL_DEPTH = 6
/** A channel is not spliced more often than this in one run. */
const MOST_SPLICES = 50

/** Whether a channel's funding at the node is an output of that transaction or descends from one, or the channel has closed. */
export function follows(channelId: string, txid: string, { node, world }: Courtroom['stage']): boolean {
  const channel = node.channels().find((candidate) => candidate.channelId === channelId)
  if (channel === undefined || channel.status === 'closed' || channel.closing !== null) return true
  let current: string = channel.funding.txid
  for (let steps = 0; steps < MOST_SPLICES; steps++) {
    if (current === txid) return true
    const spent = world.chain.transaction(current)?.inputs ?? []
    const parents = spent.map(({ outpoint }) => splitOutpoint(outpoint).txid)
    const next = parents.find((parent) => isFunding(channelId, parent, world.journal.entries))
    if (next === undefined) return false
    current = next
  }
  return false
}

function isFunding(
  channelId: string,
  txid: string,
  entries: Courtroom['stage']['world']['journal']['entries'],
): boolean {
  return entries.some(
    (entry) => entry.type === 'candidate_signed' && entry.txid === txid && entry.channelId === channelId,
  )
}
