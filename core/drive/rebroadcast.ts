import { MAX_HEX_CHARACTERS } from '../ports/records.ts'
import type { Observation } from '../decision/observation.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import type { Candidate, Splice } from '../splice/splice.ts'
import { parseTransaction } from '../bitcoin/transaction.ts'

/** Raw transactions by their txid, as far as a look showed them and an item can hold them. */
export type RawTransactionOf = (txid: string) => string | undefined

/**
 * What a look saw of the transactions that spend a splice's outpoints. A candidate's is kept in its pointer, so that one that
 * leaves the mempool can be broadcast again (design section 7).
 */
export function rawTransactionsIn({ chain }: Observation): RawTransactionOf {
  return (txid) => {
    const hex = chain?.fundingSpends.find(({ spender }) => spender?.tx.txid === txid)?.spender?.tx.hex
    return hex === undefined || hex.length > MAX_HEX_CHARACTERS ? undefined : hex
  }
}

/** Broadcasts what is held of a splice's candidates, the best paying first, until the chain source takes one. */
export async function rebroadcast(splice: Splice, { chain }: ConfiguredNode, ports: Ports): Promise<void> {
  const rate = (candidate: Candidate): number => candidate.feeRateSatPerKw ?? 0
  for (const { txid } of splice.candidates.toSorted((a, b) => rate(b) - rate(a))) {
    const hex = await heldOf(txid, ports)
    if (hex === null) continue
    const taken = await chain.broadcast(hex, ports.call())
    ports.telemetry.count(taken.ok ? 'rebroadcast.taken' : 'rebroadcast.refused')
    if (taken.ok) return
  }
}

/** In its pointer, or by itself where a node handed it over before anybody saw it. */
async function heldOf(txid: string, { store }: Ports): Promise<string | null> {
  const [pointer, raw] = await Promise.all([store.item('tx', txid), store.item('rawTransaction', txid)])
  return pointer?.value.hex ?? raw?.value.hex ?? null
}

/**
 * Keeps a transaction that a node signed and handed over, before its answer is noted: whoever finds it pending and unseen
 * can broadcast it, whatever becomes of this process. Best effort: the answer must be noted all the same.
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

/** Broadcasts it: its node may have failed to. What comes of it, the next look shows. */
export async function broadcastSigned(node: string, hex: string, ports: Ports): Promise<void> {
  const chain = ports.nodes.get(node)?.chain
  if (chain === undefined || parseTransaction(hex) === null) return
  const taken = await chain.broadcast(hex, ports.call())
  ports.telemetry.count(taken.ok ? 'broadcast.taken' : 'broadcast.refused')
}
