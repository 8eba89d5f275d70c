import { recordForeignSpends } from '../../core/ledger/record-foreign.ts'
import type { ForeignPayment } from '../../core/ports/records.ts'
import { observe } from '../../core/drive/observe.ts'
import type { Payment } from '../../core/ledger/payment.ts'
import { paymentWithId, paymentWithTxid } from '../../functions/api/payment-lookup.ts'
import { Problem } from '../../functions/api/problem.ts'
import type { Keeper } from './keeper.ts'

/** The payment of a txid as the API finds it; null: 404. */
export async function byTxid(keeper: Keeper, txid: string, tenant = 'acme'): Promise<Payment | null> {
  return found(() => paymentWithTxid(keeper, tenant, txid))
}

/** The payment with an id as the API finds it; null: 404. */
export async function byId(keeper: Keeper, id: string, tenant = 'acme'): Promise<Payment | null> {
  return found(() => paymentWithId(keeper, tenant, id))
}

async function found(read: () => Promise<Payment>): Promise<Payment | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Problem && error.code === 'payment_not_found') return null
    throw error
  }
}

/** One walk of a splice, written into the ledger as a drive does after its save. */
export async function walk(keeper: Keeper, spliceId: string): Promise<void> {
  const splice = await keeper.splice(spliceId)
  await recordForeignSpends(splice, await observe(splice, keeper.ports, null), keeper.ports)
}

/** A foreign payment as it is stored. */
export async function stored(keeper: Keeper, id: string): Promise<ForeignPayment> {
  const item = await keeper.store.item('payment', id)
  if (item === null) throw new Error('no such payment')
  return item.value
}

/** The one transaction in the mempool. */
export function waiting(keeper: Keeper): { txid: string; hex: string } {
  const [only, ...others] = keeper.world.chain.mempool()
  if (only === undefined || others.length > 0) throw new Error('not one transaction in the mempool')
  return only
}
