import { update } from '../ports/update.ts'
import type { ApiKey } from '../ports/records.ts'
import type { Store } from '../ports/ports.ts'
import { noKeys } from './key-list.ts'

export function isOperator(key: ApiKey): boolean {
  return key.scopes.includes('operator')
}

/**
 * Says in the tenant's list that this operator key is about to be revoked. False: the tenant would be left without an operator.
 * The list is one item, so of two keys that are revoked at one moment the second is counted without the first. A crash before
 * the key itself is written leaves it usable and no longer counted, until it is revoked again. `configured`: the keys of the
 * tenant that are not from the table, by hash.
 */
export async function giveUpOperator(
  store: Store,
  tenant: string,
  hash: string,
  configured: ReadonlyMap<string, ApiKey>,
): Promise<boolean> {
  const { value } = await update(store, 'keyList', tenant, async (standing) => {
    const list = standing ?? noKeys
    if (list.revoking.includes(hash)) return null
    const others = new Set([...configured.keys(), ...list.hashes])
    others.delete(hash)
    const usable = await Promise.all([...others].map((other) => isUsableOperator(store, other, configured.get(other))))
    const operators = [...others].filter((_, n) => usable[n])
    const revoking = operators.filter((other) => list.revoking.includes(other))
    return revoking.length === operators.length ? null : { ...list, revoking: [...revoking, hash] }
  })
  return value?.revoking.includes(hash) === true
}

async function isUsableOperator(store: Store, hash: string, configured: ApiKey | undefined): Promise<boolean> {
  const key = (await store.item('key', hash))?.value ?? configured
  return key !== undefined && key.revokedAt === null && isOperator(key)
}
