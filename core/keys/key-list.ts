import { update } from '../ports/update.ts'
import type { ApiKey } from '../ports/records.ts'
import { KEYS_MAX } from '../ports/records.ts'
import type { Instant } from '../values/instant.ts'
import type { Store } from '../ports/ports.ts'

/** What became of a listing. `full`: so many keys of the tenant are in use. */
export type Listed = 'listed' | 'full'

/** The hashes of a tenant's listed keys, oldest first. */
export async function listedKeys(store: Store, tenant: string): Promise<readonly string[]> {
  return (await store.item('keyList', tenant))?.value.hashes ?? []
}

/**
 * Lists a key of a tenant, before the key itself is written: a crash between the two leaves a line without a key, and never
 * a key that is not to be seen. In a full list the oldest key that is revoked makes room, or a line whose key was
 * never written: that one is revoked first, so that a write that is still on its way comes too late.
 */
export async function listKey(store: Store, tenant: string, hash: string, now: Instant): Promise<Listed> {
  const { value } = await update(store, 'keyList', tenant, async (list) => {
    const hashes = list?.hashes ?? []
    if (hashes.includes(hash)) return null
    const room = hashes.length < KEYS_MAX ? hashes : await withoutOne(store, tenant, hashes, now)
    return room === null ? null : { hashes: [...room, hash] }
  })
  return value?.hashes.includes(hash) === true ? 'listed' : 'full'
}

async function withoutOne(
  store: Store,
  tenant: string,
  hashes: readonly string[],
  now: Instant,
): Promise<readonly string[] | null> {
  let unwritten: string | null = null
  for (const hash of hashes) {
    const key = await store.item('key', hash)
    if (key !== null && key.value.revokedAt !== null) return hashes.filter((other) => other !== hash)
    if (key === null) unwritten ??= hash
  }
  if (unwritten === null || !(await store.putItem('key', unwritten, neverWritten(tenant, now), 0)))
    return null
  return hashes.filter((other) => other !== unwritten)
}

/** Stands where a key was listed and never written: nobody has its secret, and nothing can be written there any more. */
export function neverWritten(tenant: string, now: Instant): ApiKey {
  return { tenant, scopes: [], name: 'never written', createdAt: now, revokedAt: now }
}
