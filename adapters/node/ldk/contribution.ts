import type { Contribution, NodeFault } from '../../../core/ports/node.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { nodeFaultOf } from './error-codes.ts'
import type { LdkPayment, LdkRpc } from './rpc.ts'

const MSAT_PER_SAT = 1000

/** ldk-node's payment id of a funding transaction: the txid of its first candidate in internal byte order. */
export function paymentIdOf(txid: string): string {
  return Buffer.from(txid, 'hex').reverse().toString('hex')
}

/** Our contribution in satoshis according to a payment record; negative for a splice-out, fee included. */
function contributionOf(payment: LdkPayment): Contribution | null {
  if (payment.amountMsat === null) return null
  const amountSats = Math.floor(payment.amountMsat / MSAT_PER_SAT)
  return { amountSats: payment.direction === 'outbound' ? amountSats : -amountSats }
}

/**
 * The payment record of a channel's transaction: the one with that txid, or the one named after it, which may
 * carry the txid of a later candidate by now. A record that names channels must name this one, and is
 * preferred to one that names none. Several equally good records prove nothing.
 */
function recordOf(payments: readonly LdkPayment[], channelId: string, txid: string): LdkPayment | null {
  const id = paymentIdOf(txid)
  const fitting = payments.filter(
    (payment) =>
      (payment.txid === txid || payment.id === id) &&
      (payment.channelIds.length === 0 || payment.channelIds.includes(channelId)),
  )
  const naming = fitting.filter((payment) => payment.channelIds.length > 0)
  const [record, ...others] = naming.length > 0 ? naming : fitting
  return record === undefined || others.length > 0 ? null : record
}

/**
 * The node's own record of our contribution, one half of the proof that a transaction is ours (the other is the change
 * of capacity on chain). First asks by id, which servers of August 2026 know without listing it; then searches all
 * payments, which finds later candidates and other ids. There is no record of a splice-out to a foreign address.
 */
export async function contribution(
  rpc: LdkRpc,
  channelId: string,
  txid: string,
  call: Call,
): Promise<Result<Contribution | null, NodeFault>> {
  const named = await rpc.getPayment(paymentIdOf(txid), call)
  if (!named.ok) return err(nodeFaultOf(named.error))
  const record = named.value === null ? null : recordOf([named.value], channelId, txid)
  if (record !== null) return ok(contributionOf(record))
  const listed = await rpc.listPayments(call)
  if (!listed.ok) return err(nodeFaultOf(listed.error))
  const found = recordOf(listed.value, channelId, txid)
  return ok(found === null ? null : contributionOf(found))
}
