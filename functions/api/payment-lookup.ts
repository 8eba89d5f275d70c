import { spliceIdOfPayment } from '../../core/splice/ids.ts'
import { channelKey, type ForeignPayment } from '../../core/ports/records.ts'
import { confirmedOf } from '../../core/ledger/foreign-payment.ts'
import {
  finalDepthOf,
  foreignPaymentOf,
  isPaymentId,
  paymentOf,
  standsAlone,
  type Payment,
} from '../../core/ledger/payment.ts'
import type { Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { ApiDeps } from './context.ts'
import { Problem } from './problem.ts'

type Deps = Pick<ApiDeps, 'ports' | 'policy'>

/**
 * Finds a payment by id: the payment of a tenant's splice, or a foreign payment of a node that the tenant may
 * use. A foreign payment that our splice absorbed is returned as that splice's. Throws 404 if the payment is
 * missing or belongs to somebody else.
 */
export async function paymentWithId(deps: Deps, tenant: string, id: string): Promise<Payment> {
  if (!isPaymentId(id)) throw missing('id')
  const { store } = deps.ports
  const splice = await store.load(spliceIdOfPayment(id))
  if (splice?.paymentId === id) return ofSplice(deps, tenant, splice, 'id')
  const payment = (await store.item('payment', id))?.value ?? null
  if (payment === null) throw missing('id')
  return ofForeign(deps, tenant, payment, 'id')
}

/** Finds a payment by the txid of any of its candidates, confirmed or not. Throws like {@link paymentWithId}. */
export async function paymentWithTxid(deps: Deps, tenant: string, txid: string): Promise<Payment> {
  const { store } = deps.ports
  const pointer = (await store.item('tx', txid))?.value ?? null
  if (pointer === null) throw missing('txid')
  const { paymentId, foreign } = pointer
  if (foreign !== true) {
    const splice = await store.load(spliceIdOfPayment(paymentId))
    if (splice === null) throw missing('txid')
    return ofSplice(deps, tenant, splice, 'txid')
  }
  const payment = (await store.item('payment', paymentId))?.value ?? null
  if (payment === null) throw missing('txid')
  return ofForeign(deps, tenant, payment, 'txid')
}

async function ofSplice(deps: Deps, tenant: string, splice: Splice, field: string): Promise<Payment> {
  if (splice.tenant !== tenant) throw missing(field)
  const { store } = deps.ports
  const [tipHeight, channel] = await Promise.all([
    tipHeightOf(store, splice.network),
    store.item('channel', channelKey(splice.node, splice.channelId)),
  ])
  return paymentOf(splice, tipHeight, finalDepthOf(deps.policy, channel?.value.lockDepth ?? null))
}

async function ofForeign(deps: Deps, tenant: string, payment: ForeignPayment, field: string): Promise<Payment> {
  const { store, nodes } = deps.ports
  const ours = await ownerOf(store, payment)
  if (ours !== null) return ofSplice(deps, tenant, ours, field)
  if (nodes.get(payment.node)?.tenants.includes(tenant) !== true) throw missing(field)
  return foreignPaymentOf(payment, await tipHeightOf(store, payment.network))
}

/**
 * Our splice that a foreign payment belongs to. null: it belongs to none. A splice can claim the confirmed
 * transaction even after the foreign payment was final; then the transaction's pointer leads to the splice.
 */
async function ownerOf(store: Store, payment: ForeignPayment): Promise<Splice | null> {
  const { absorbedBy } = payment
  const absorbing = absorbedBy === null ? null : await store.load(spliceIdOfPayment(absorbedBy))
  if (absorbing !== null && !standsAlone(payment, absorbing)) return absorbing
  const confirmed = confirmedOf(payment)
  const pointer = confirmed === null ? null : ((await store.item('tx', confirmed.txid))?.value ?? null)
  return pointer === null || pointer.foreign === true ? null : store.load(spliceIdOfPayment(pointer.paymentId))
}

async function tipHeightOf(store: Store, network: string): Promise<number | null> {
  return (await store.item('chain', network))?.value.height ?? null
}

function missing(field: string): Problem {
  return new Problem('payment_not_found', { field })
}
