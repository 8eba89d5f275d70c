import { spliceIdOfPayment } from '../../core/splice/ids.ts'
import type { ForeignPayment } from '../../core/ports/records.ts'
import { channelKey } from '../../core/ports/records.ts'
import { confirmedOf } from '../../core/ledger/foreign-payment.ts'
import {
  finalDepthOf,
  foreignPaymentOf,
  isPaymentId,
  paymentOf,
  standsAlone,
} from '../../core/ledger/payment.ts'
import type { Payment } from '../../core/ledger/payment.ts'
import type { Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { ApiDeps } from './context.ts'
import { Problem } from './problem.ts'

type Deps = Pick<ApiDeps, 'ports' | 'policy'>

/**
 * A tenant's payment by its id: its splice's, or a foreign one of a node that it may use. A foreign one that our splice
 * absorbed answers as that splice's. Throws 404, the same for a missing one and for one of somebody else.
 */
export async function paymentWithId(deps: Deps, tenant: string, id: string): Promise<Payment> {
  if (!isPaymentId(id)) throw missing('id')
  const { store } = deps.ports
  const splice = await store.load(spliceIdOfPayment(id))
  if (splice !== null) return ofSplice(deps, tenant, splice, 'id')
  const payment = (await store.item('payment', id))?.value ?? null
  if (payment === null) throw missing('id')
  return ofForeign(deps, tenant, payment, 'id')
}

/** The same by the txid of any of its candidates, confirmed or not. */
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

async function ofForeign(
  deps: Deps,
  tenant: string,
  payment: ForeignPayment,
  field: string,
): Promise<Payment> {
  const { store, nodes } = deps.ports
  const ours = await ownerOf(store, payment)
  if (ours !== null) return ofSplice(deps, tenant, ours, field)
  if (nodes.get(payment.node)?.tenants.includes(tenant) !== true) throw missing(field)
  return foreignPaymentOf(payment, await tipHeightOf(store, payment.network))
}

/**
 * The splice of ours that a foreign payment has become; null: it stands for itself. What confirmed may be a splice's that
 * claimed it after it was final here: its pointer tells.
 */
async function ownerOf(store: Store, payment: ForeignPayment): Promise<Splice | null> {
  const { absorbedBy } = payment
  const absorbing = absorbedBy === null ? null : await store.load(spliceIdOfPayment(absorbedBy))
  if (absorbing !== null && !standsAlone(payment, absorbing)) return absorbing
  const confirmed = confirmedOf(payment)
  const pointer = confirmed === null ? null : ((await store.item('tx', confirmed.txid))?.value ?? null)
  return pointer === null || pointer.foreign === true
    ? null
    : store.load(spliceIdOfPayment(pointer.paymentId))
}

async function tipHeightOf(store: Store, network: string): Promise<number | null> {
  return (await store.item('chain', network))?.value.height ?? null
}

function missing(field: string): Problem {
  return new Problem('payment_not_found', { field })
}
