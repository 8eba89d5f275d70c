import type { EventOf } from '../../core/splice/event.ts'
import { paymentIdOf, spliceIdOfPayment } from '../../core/splice/ids.ts'
import type { Ports, Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { ParsedTransaction } from '../../core/bitcoin/transaction.ts'
import { isCommitment, parseTransaction, paysExactly, spends } from '../../core/bitcoin/transaction.ts'
import { transitions } from '../../core/splice/transitions.ts'
import { Problem } from './problem.ts'

type Claimed = EventOf<'resolved_candidate'>

const RETRY_SECONDS = '5'

/**
 * An operator's word that a transaction is a splice's own, checked as far as the chain can tell: known, spends the
 * funding history, is no force-close, pays a splice-out's script and amount, and belongs to no other splice (design sections 4 and 8).
 */
export async function claimOf(ports: Ports, splice: Splice, txid: string, note: string): Promise<Claimed> {
  if (transitions[splice.state].resolved_candidate === undefined)
    throw new Problem('not_resolvable', { detail: `it is ${splice.state}` })
  const transaction = await transactionOf(ports, splice, txid)
  const spent = splice.fundingHistory.find((outpoint) => spends(transaction, outpoint))
  if (spent === undefined) throw unrelated('it does not spend the channel')
  if (isCommitment(transaction, spent)) throw unrelated('it closes the channel')
  if (splice.kind === 'splice_out' && !paysOurs(transaction, splice))
    throw unrelated('it does not pay the address exactly the amount')
  await point(ports.store, splice, txid)
  return { type: 'resolved_candidate', txid, spends: spent, note }
}

async function transactionOf(ports: Ports, splice: Splice, txid: string): Promise<ParsedTransaction> {
  const node = ports.nodes.get(splice.node)
  const known = await node?.chain.transaction(txid, ports.call())
  if (known?.ok !== true)
    throw new Problem('chain_unreachable', { headers: { 'Retry-After': RETRY_SECONDS } })
  if (known.value === null) throw new Problem('transaction_unknown', { field: 'txid' })
  const parsed = parseTransaction(known.value.hex)
  if (parsed?.txid !== txid) throw new Problem('transaction_unknown', { field: 'txid' })
  return parsed
}

function paysOurs(transaction: ParsedTransaction, splice: Splice): boolean {
  return splice.script !== null && paysExactly(transaction, splice.script, splice.amountSats)
}

/** The pointer is written before the candidate, so that its txid finds the payment for ever (design section 7). */
async function point(store: Store, splice: Splice, txid: string): Promise<void> {
  const paymentId = paymentIdOf(splice.id)
  const pointer = await store.item('tx', txid)
  if (pointer?.value.paymentId === paymentId) return
  // What leads to a foreign payment belongs to nobody.
  const owned = pointer !== null && pointer.value.foreign !== true
  const owner = owned ? await store.load(spliceIdOfPayment(pointer.value.paymentId)) : null
  if (owner !== null) throw unrelated('it belongs to another splice')
  // Unwritten: somebody pointed it elsewhere meanwhile.
  if (!(await store.putItem('tx', txid, { paymentId }, pointer?.version ?? 0)))
    throw new Problem('busy', { headers: { 'Retry-After': '1' } })
}

function unrelated(detail: string): Problem {
  return new Problem('transaction_unrelated', { field: 'txid', detail })
}
