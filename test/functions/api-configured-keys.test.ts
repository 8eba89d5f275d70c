import { describe, expect, test } from 'vitest'
import { Misconfigured } from '../../adapters/misconfigured.ts'
import { createApi } from '../../functions/api/app.ts'
import { parseKeys } from '../../adapters/keys/configured-keys.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import { NOW } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'

const owner = { tenant: 'acme', scopes: ['splices:read'], name: 'first' } as const

async function apiWith(revoked = false) {
  const world = await aWorld()
  const { secret, hash, item } = createKey(owner, NOW)
  const keys = parseKeys([{ ...owner, hash }], 'secret Keys')
  if (revoked) await world.store.putItem('key', hash, { ...item, revokedAt: NOW }, 0)
  const app = createApi({ ...world.deps, keys })
  return (path: string, method = 'GET') =>
    app.request(path, { method, headers: { Authorization: `Bearer ${secret}`, 'Idempotency-Key': 'k' } })
}

describe('a key of the configuration', () => {
  test('lets its owner in, as far as its scopes go', async () => {
    const call = await apiWith()
    expect((await call('/v1/splices')).status).toBe(200)
    expect((await call('/v1/splices', 'POST')).status).toBe(403)
  })

  test('is refused once the table says that it was revoked', async () => {
    expect((await (await apiWith(true))('/v1/splices')).status).toBe(401)
  })
})

describe('the secret with the keys', () => {
  const key = { ...owner, hash: 'a'.repeat(64) }
  test.each<[unknown, string]>([
    [{}, 'secret Keys: must be a list of keys'],
    [[{ ...key, hash: 'sk_secret' }], 'secret Keys: key 1: hash: must be a sha-256'],
    [[key, { ...key, tenant: 'A B' }], 'secret Keys: key 2: tenant: must be a tenant'],
    [[{ ...key, scopes: ['root'] }], 'secret Keys: key 1: scopes: 0'],
    [[{ ...key, scopes: [] }], 'secret Keys: key 1: scopes'],
    [[{ ...key, secret: 'sk_secret' }], 'secret Keys: key 1: Unrecognized key'],
  ])('names what is wrong, and never a value: %j', (value, message) => {
    const parse = () => parseKeys(value, 'secret Keys')
    expect(parse).toThrow(Misconfigured)
    expect(parse).toThrow(message)
    expect(parse).not.toThrow('sk_secret')
  })
})
