import { update } from '../ports/update.ts'
import { KEYS_MAX, type ApiKey, type KeyList } from '../ports/records.ts'
import type { Instant } from '../values/instant.ts'
import type { Store } from '../ports/ports.ts'

/** `full`: the tenant already has {@link KEYS_MAX} keys in use. */
export type Listed = 'listed' | 'full'

export const noKeys: KeyList = { hashes: [], revoking: [] }

/** The hashes of a tenant's listed keys, oldest first. */
export async function listedKeys(store: Store, tenant: string): Promise<readonly string[]> {
  return (await store.item('keyList', tenant))?.value.hashes ?? []
}

/**
 * Lists a tenant's key before the key itself is written, so that a crash in between leaves a listed hash without a key,
 * never a usable key that is not listed. In a full list, the oldest revoked key makes room, or else a hash whose key
 * was never written. That key is first stored as revoked, so that a write still on its way fails.
 */
export async function listKey(store: Store, tenant: string, hash: string, now: Instant): Promise<Listed> {
  const { value } = await update(store, 'keyList', tenant, async (standing) => {
    const list = standing ?? noKeys
    const { hashes } = list
    if (hashes.includes(hash)) return null
    const room = hashes.length < KEYS_MAX ? hashes : await withRoom(store, tenant, hashes, now)
    return room === null ? null : { ...list, hashes: [...room, hash] }
  })
  return value?.hashes.includes(hash) === true ? 'listed' : 'full'
}

async function withRoom(
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
  if (unwritten === null || !(await store.putItem('key', unwritten, neverWritten(tenant, now), 0))) return null
  return hashes.filter((other) => other !== unwritten)
}

/** A revoked placeholder for a listed key that was never written. Nobody has its secret; a late write now fails. */
export function neverWritten(tenant: string, now: Instant): ApiKey {
  return { tenant, scopes: [], name: 'never written', createdAt: now, revokedAt: now }
}
