import { describe, expect, test } from 'vitest'
import { hashOf } from '../../core/keys/api-key.ts'
import { parseKeys } from '../../adapters/keys/configured-keys.ts'
import { keyFor } from '../../local/key.ts'

describe('a new key', () => {
  test('comes with the entry that lets it in, and which does not hold it', () => {
    const { secret, entry } = keyFor(['--name', 'ops', '--tenant', 'acme', '--scopes', 'splices:read,operator'])
    expect(entry).toEqual({
      name: 'ops',
      tenant: 'acme',
      scopes: ['splices:read', 'operator'],
      hash: hashOf(secret),
    })
    expect(parseKeys([entry], 'secret Keys').get(hashOf(secret))).toMatchObject({
      tenant: 'acme',
      revokedAt: null,
    })
    expect(JSON.stringify(entry)).not.toContain(secret)
  })

  test('has the scopes of its own tenant where none is named, and is another one each time', () => {
    const [one, two] = [keyFor(['--name', 'a', '--tenant', 'b']), keyFor(['--name', 'a', '--tenant', 'b'])]
    expect(one.entry.scopes).toEqual(['splices:read', 'splices:write', 'operator'])
    expect(one.secret).not.toBe(two.secret)
  })

  test('decides for other tenants where that is named', () => {
    const { entry } = keyFor(['--name', 'a', '--tenant', 'b', '--scopes', 'operator,operator:shared'])
    expect(parseKeys([entry], 'secret Keys').get(entry.hash)?.scopes).toEqual(['operator', 'operator:shared'])
  })

  test.each([
    [[], '--name NAME'],
    [['--name', 'a'], '--tenant TENANT'],
    [['--name', 'a', '--tenant', 'b', '--scopes', 'all'], '--scopes: a comma-separated list of'],
    [['--name', 'a', '--tenant', 'B b'], 'tenant: must be a tenant'],
    [['--nom', 'a'], '--nom'],
  ])('is not made of %j', (args, message) => expect(() => keyFor(args)).toThrow(message))
})
