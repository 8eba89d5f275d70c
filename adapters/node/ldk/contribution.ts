import type { Contribution, NodeFault } from '../../../core/ports/node.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { nodeFaultOf } from './error-codes.ts'
import type { LdkPayment, LdkRpc } from './rpc.ts'

const MSAT_PER_SAT = 1000

/** ldk-node names a funding payment after its first candidate: the txid's bytes in their internal order. */
export function paymentIdOf(txid: string): string {
  return Buffer.from(txid, 'hex').reverse().toString('hex')
}

/** What a record says we added, in satoshis; what a splice-out took (its fee included) is negative. */
function contributionOf(payment: LdkPayment): Contribution | null {
  if (payment.amountMsat === null) return null
  const amountSats = Math.floor(payment.amountMsat / MSAT_PER_SAT)
  return { amountSats: payment.direction === 'outbound' ? amountSats : -amountSats }
}

/**
 * The payment record of a transaction of a channel: the one with that txid, or the one named after it, which by now
 * carries the txid of a later candidate. A record that names channels must name this one. Where several fit, the one
 * that names the channel counts; several of equal standing prove nothing.
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
 * The node's own record of our contribution (design section 4, "effect"). First by id, which servers of August 2026
 * know although they do not list it; then among all payments, which finds later candidates and ids of other making.
 * Splices out to a foreign address have none.
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
