import { expect, test } from 'vitest'
import { LdkConfig } from '../../../../adapters/node/ldk/config.ts'
import { decodeMacaroon, encodeMacaroon, mintMacaroon, withCaveat } from '../../../../adapters/node/ldk/macaroon.ts'
import { ownCertificate } from '../../../../harness/nodes/ldk-wire.ts'

const minted = mintMacaroon(Buffer.alloc(32, 1), Buffer.from('id'), [])
const macaroon = encodeMacaroon(minted).toString('hex')
const valid = {
  url: 'https://127.0.0.1:3536',
  certificate: ownCertificate.certificate,
  auth: { scheme: 'hmac', apiKey: '0f'.repeat(32) },
}

test('a configuration without times has those of ldk-server', () => {
  expect(LdkConfig.parse(valid)).toEqual({
    ...valid,
    authWindowSeconds: 60,
    clockSkewSeconds: 60,
    overlapGuard: false,
  })
})

test.each([
  ['url', { url: 'http://127.0.0.1:3536' }],
  ['url', { url: 'https://user:secret@127.0.0.1:3536' }],
  ['url', { url: 'secret' }],
  ['certificate', { certificate: 'secret' }],
  ['certificate', { certificate: '-----BEGIN CERTIFICATE-----\nsecret\n-----END CERTIFICATE-----' }],
  ['auth.apiKey', { auth: { scheme: 'hmac', apiKey: 'secret' } }],
  ['auth.apiKey', { auth: { scheme: 'hmac', apiKey: 'AB'.repeat(32) } }],
  ['auth.macaroon', { auth: { scheme: 'macaroon', macaroon: 'secret' } }],
  ['auth.macaroon', { auth: { scheme: 'macaroon', macaroon: macaroon.slice(2) } }],
  ['auth.macaroon', { auth: { scheme: 'macaroon-bearer', macaroon: macaroon.toUpperCase() } }],
  ['auth.scheme', { auth: { scheme: 'basic' } }],
  ['authWindowSeconds', { authWindowSeconds: 0 }],
  ['clockSkewSeconds', { clockSkewSeconds: -1 }],
])('a mistake in %s is named after its field, without its value', (path, mistake) => {
  const result = LdkConfig.safeParse({ ...valid, ...mistake })
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
  expect(result.error?.message).not.toMatch(/secret|ABAB/)
})

test.each(['macaroon', 'macaroon-bearer'])('the scheme %s takes a macaroon', (scheme) => {
  expect(LdkConfig.parse({ ...valid, auth: { scheme, macaroon } }).auth).toEqual({ scheme, macaroon })
})

// A location, an identifier, a caveat longer than 127 bytes: lengths of one and of two bytes.
const long = withCaveat(
  {
    ...minted,
    head: Buffer.concat([
      Buffer.from([2, 1, 3]),
      Buffer.from('ldk'),
      Buffer.from([2, 2]),
      Buffer.from('id'),
      Buffer.alloc(1),
    ]),
  },
  `request = 1 GetNodeInfo ${'0'.repeat(300)}`,
)

test('a macaroon reads back as it was written', () => {
  expect(decodeMacaroon(encodeMacaroon(long))).toEqual({ ...long, identifier: Buffer.from('id') })
})

test('nothing but a whole macaroon is read', () => {
  const bytes = encodeMacaroon(long)
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeMacaroon(bytes.subarray(0, length))).toBeNull()
  }
  expect(decodeMacaroon(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeNull()
  expect(decodeMacaroon(Buffer.concat([Buffer.from([1]), bytes.subarray(1)]))).toBeNull()
  const many = Array.from({ length: 33 }, () => Buffer.from('a'))
  expect(decodeMacaroon(encodeMacaroon(mintMacaroon(Buffer.alloc(32), Buffer.from('id'), many)))).toBeNull()
})

/** The signature that libmacaroons' README gives for this key, identifier and caveat. */
test('the chain of signatures is that of the macaroons of others', () => {
  const key = 'this is our super secret key; only we should know it'
  const identifier = Buffer.from('we used our secret key')
  expect(mintMacaroon(Buffer.from(key), identifier, []).signature.toString('hex')).toBe(
    'e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f',
  )
  const caveat = Buffer.from('account = 3735928559')
  expect(mintMacaroon(Buffer.from(key), identifier, [caveat]).signature.toString('hex')).toBe(
    '1efe4763f290dbce0c1d08477367e11f4eee456a64933cf662d79772dbb82128',
  )
})
