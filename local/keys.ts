import * as z from 'zod'
import type { Store } from '../core/ports/ports.ts'
import { hashOf } from '../core/keys/api-key.ts'
import { createKey } from '../adapters/keys/new-key.ts'
import { listKey } from '../core/keys/key-list.ts'
import { jsonIn, writeWhole } from './files.ts'

/** The tenant of the local keys. */
export const TENANT = 'local'

const Keys = z.object({ key: z.string(), operatorKey: z.string() })

/** A client's key and an operator's key. */
export type Keys = z.infer<typeof Keys>

const scopes = {
  key: ['splices:read', 'splices:write'],
  operatorKey: ['splices:read', 'splices:write', 'operator', 'operator:shared'],
} as const

/** The keys of a data directory: created once, and stored in the table even if the process was killed in between. */
export async function keepKeys(path: string, store: Store): Promise<Keys> {
  const now = Date.now()
  const fresh = (name: keyof Keys) => createKey({ tenant: TENANT, scopes: scopes[name], name }, now)
  const made = { key: fresh('key'), operatorKey: fresh('operatorKey') }
  const kept = jsonIn(path, Keys)
  const keys = kept ?? { key: made.key.secret, operatorKey: made.operatorKey.secret }
  if (kept === null) writeWhole(path, `${JSON.stringify(keys, null, 2)}\n`)
  for (const name of ['key', 'operatorKey'] as const) {
    const hash = hashOf(keys[name])
    await listKey(store, TENANT, hash, now)
    if ((await store.item('key', hash)) === null) await store.putItem('key', hash, made[name].item, 0)
  }
  return keys
}
