import { MAX_HEX_CHARACTERS } from '../ports/records.ts'
import type { Observation } from '../decision/observation.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import type { Candidate, Splice } from '../splice/splice.ts'
import { parseTransaction } from '../bitcoin/transaction.ts'

/** Looks up raw transactions by txid; undefined: not seen, or too big for an item. */
export type RawTransactionOf = (txid: string) => string | undefined

/**
 * The raw transactions that a look saw spend a splice's outpoints. A candidate's is stored in its txid
 * pointer, so that it can be broadcast again if it leaves the mempool.
 */
export function rawTransactionsIn({ chain }: Observation): RawTransactionOf {
  return (txid) => {
    const hex = chain?.fundingSpends.find(({ spender }) => spender?.tx.txid === txid)?.spender?.tx.hex
    return hex === undefined || hex.length > MAX_HEX_CHARACTERS ? undefined : hex
  }
}

/** Broadcasts a splice's stored candidates, the highest feerate first, until the chain source accepts one. */
export async function rebroadcast(splice: Splice, { chain }: ConfiguredNode, ports: Ports): Promise<void> {
  const rate = (candidate: Candidate): number => candidate.feeRateSatPerKw ?? 0
  for (const { txid } of splice.candidates.toSorted((a, b) => rate(b) - rate(a))) {
    const hex = await storedHexOf(txid, ports)
    if (hex === null) continue
    const taken = await chain.broadcast(hex, ports.call())
    ports.telemetry.count(taken.ok ? 'rebroadcast.taken' : 'rebroadcast.refused')
    if (taken.ok) return
  }
}

/** The raw transaction from the txid pointer, or from an item of its own if the node returned it before it was seen. */
async function storedHexOf(txid: string, { store }: Ports): Promise<string | null> {
  const [pointer, raw] = await Promise.all([store.item('tx', txid), store.item('rawTransaction', txid)])
  return pointer?.value.hex ?? raw?.value.hex ?? null
}

/**
 * Stores a signed transaction that a node returned, before its answer is saved. Even if this process dies, a later
 * drive that finds the splice pending and unseen can broadcast it. Best effort: the answer must be saved in any case.
 */
export async function keepSigned(hex: string, ports: Ports): Promise<void> {
  const parsed = parseTransaction(hex)
  if (parsed === null || hex.length > MAX_HEX_CHARACTERS) return
  try {
    await ports.store.putItem('rawTransaction', parsed.txid, { hex }, 0)
  } catch {
    ports.telemetry.count('raw.not_kept')
  }
}

/** Broadcasts a signed transaction, in case its node failed to. The next look shows the result. */
export async function broadcastSigned(node: string, hex: string, ports: Ports): Promise<void> {
  const chain = ports.nodes.get(node)?.chain
  if (chain === undefined || parseTransaction(hex) === null) return
  const taken = await chain.broadcast(hex, ports.call())
  ports.telemetry.count(taken.ok ? 'broadcast.taken' : 'broadcast.refused')
}
