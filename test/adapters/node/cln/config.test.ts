import { describe, expect, test } from 'vitest'
import { Misconfigured } from '../../../../adapters/misconfigured.ts'
import { configuredNode, parseNodes, warningsOf } from '../../../../adapters/node/configured.ts'
import { selfSignedCertificate } from '../../../../simulator/world/certificate.ts'
import { runeOf } from '../../../../harness/nodes/cln-rune.ts'

const RUNE = runeOf(['method=getinfo'])
const { certificate } = selfSignedCertificate(['cln'])
const common = {
  name: 'carol',
  kind: 'core-lightning',
  network: 'regtest',
  tenants: ['local'],
  chain: { kind: 'esplora', url: 'http://127.0.0.1:3002' },
}
const remote = { ...common, url: 'https://192.0.2.13:3010', certificate, rune: RUNE }
const local = { ...common, socketPath: '/run/lightning/lightning-rpc' }

/** What is said of an entry that does not fit; null: it fits. */
function complaint(entry: object): string | null {
  try {
    parseNodes([entry], 'nodes')
    return null
  } catch (error) {
    if (error instanceof Misconfigured) return error.message
    throw error
  }
}

describe('a Core Lightning is configured', () => {
  test('over clnrest, or over its socket, with a minute for an attempt', () => {
    expect(parseNodes([remote], 'nodes')).toMatchObject([{ attemptSeconds: 60, clockSkewSeconds: 60 }])
    const [entry] = parseNodes([local], 'nodes')
    if (entry === undefined) throw new Error('no entry')
    expect(configuredNode(entry, { now: () => 0 })).toMatchObject({ name: 'carol', tenants: ['local'] })
  })

  test.each([
    ['neither', common, 'needs either url, certificate and rune, or socketPath'],
    ['both', { ...remote, ...local }, 'needs either url, certificate and rune, or socketPath'],
    ['a url without a rune', { ...remote, rune: undefined }, 'needs either'],
    ['a url without a certificate', { ...remote, certificate: undefined }, 'needs either'],
    ['a url without TLS', { ...remote, url: 'http://192.0.2.13:3010' }, 'url: must be an https URL'],
    ['a url with a password', { ...remote, url: 'https://me:secret@192.0.2.13' }, 'url: must be an https URL'],
    ['no certificate', { ...remote, certificate: 'tls.crt' }, 'certificate: must be'],
    ['a rune that is none', { ...remote, rune: 'hunter2' }, 'rune: must be a rune'],
    ['a relative path', { ...local, socketPath: 'lightning-rpc' }, 'socketPath: must be the absolute path'],
    ['no time at all', { ...remote, attemptSeconds: 9 }, 'attemptSeconds'],
    ['a field of an ldk-server', { ...remote, overlapGuard: true }, 'overlapGuard'],
  ])('not with %s, and what is said names the field and no secret', (_says, entry, expected) => {
    const said = complaint(entry)
    expect(said).toContain(expected)
    expect(said).not.toContain(RUNE)
    expect(said).not.toContain('hunter2')
    expect(said).not.toContain('secret')
  })
})

test('a rune that allows too little is warned about, and one that allows too much', () => {
  const [little, much, socket] = parseNodes(
    [remote, { ...remote, name: 'dave', rune: runeOf([]) }, { ...local, name: 'erin' }],
    'nodes',
  ).map(warningsOf)
  expect(little?.join()).toContain('no splice-out')
  expect(much?.join()).toContain('too powerful')
  expect([...(little ?? []), ...(much ?? [])].join()).not.toContain(RUNE)
  expect(socket).toEqual([])
})
