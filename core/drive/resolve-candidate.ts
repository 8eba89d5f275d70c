import { isCommitment, parseTransaction, paysExactly, spends, type ParsedTransaction } from '../bitcoin/transaction.ts'
import type { Ports, Store } from '../ports/ports.ts'
import type { EventOf } from '../splice/event.ts'
import { spliceIdOfPayment } from '../splice/ids.ts'
import type { Splice } from '../splice/splice.ts'
import { transitions } from '../splice/transitions.ts'
import { err, ok, type Result } from '../values/result.ts'

/** Why a transaction that an operator named is refused. `busy`: another writer changed its pointer meanwhile. */
export type ResolveRefusal = {
  readonly code: 'not_resolvable' | 'chain_unreachable' | 'transaction_unknown' | 'transaction_unrelated' | 'busy'
  readonly detail?: string
}

const unrelated = (detail: string) => err<ResolveRefusal>({ code: 'transaction_unrelated', detail })

/**
 * Accepts an operator's claim that a transaction is a splice's own, after these checks: the chain source
 * knows it, it spends an outpoint of the funding history, it is no commitment transaction, it pays a
 * splice-out's script and amount, and it belongs to no other splice. Writes the txid's pointer before the
 * candidate, so that the txid always leads to the payment.
 */
export async function resolveCandidate(
  ports: Ports,
  splice: Splice,
  txid: string,
  note: string,
): Promise<Result<EventOf<'resolved_candidate'>, ResolveRefusal>> {
  if (transitions[splice.state].resolved_candidate === undefined)
    return err({ code: 'not_resolvable', detail: `the splice is ${splice.state}` })
  const transaction = await transactionOf(ports, splice, txid)
  if (!transaction.ok) return transaction
  const spent = splice.fundingHistory.find((outpoint) => spends(transaction.value, outpoint))
  if (spent === undefined) return unrelated("the transaction does not spend the channel's funding")
  if (isCommitment(transaction.value, spent)) return unrelated('the transaction closes the channel')
  if (splice.kind === 'splice_out' && !paysOurs(transaction.value, splice))
    return unrelated('the transaction does not pay exactly the amount to the address')
  const refusal = await writePointer(ports.store, splice, txid)
  return refusal ?? ok({ type: 'resolved_candidate', txid, spends: spent, note })
}

async function transactionOf(
  ports: Ports,
  splice: Splice,
  txid: string,
): Promise<Result<ParsedTransaction, ResolveRefusal>> {
  const node = ports.nodes.get(splice.node)
  const known = await node?.chain.transaction(txid, ports.call())
  if (known?.ok !== true) return err({ code: 'chain_unreachable' })
  const parsed = known.value === null ? null : parseTransaction(known.value.hex)
  return parsed?.txid === txid ? ok(parsed) : err({ code: 'transaction_unknown' })
}

function paysOurs(transaction: ParsedTransaction, splice: Splice): boolean {
  return splice.script !== null && paysExactly(transaction, splice.script, splice.amountSats)
}

/** Points the txid to this splice; null: it does now. */
async function writePointer(store: Store, { paymentId }: Splice, txid: string) {
  const pointer = await store.item('tx', txid)
  if (pointer?.value.paymentId === paymentId) return null
  // A pointer to a foreign payment gives the transaction no owner.
  const owned = pointer !== null && pointer.value.foreign !== true
  const owner = owned ? await store.load(spliceIdOfPayment(pointer.value.paymentId)) : null
  if (owner !== null) return unrelated('the transaction belongs to another splice')
  const written = await store.putItem('tx', txid, { paymentId }, pointer?.version ?? 0)
  return written ? null : err<ResolveRefusal>({ code: 'busy' })
}
