import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Misconfigured } from '../../adapters/misconfigured.ts'
import { configuredNode, parseNodes } from '../../adapters/node/configured.ts'
import { decodeMacaroon, encodeMacaroon, mintMacaroon } from '../../adapters/node/ldk/macaroon.ts'
import { ownCertificate, clock } from '../../harness/nodes/ldk-wire.ts'
import { parseConfiguration } from '../../functions/configuration.ts'
import {
  hostileJson,
  hostileStrings,
  mutants,
  mutatedBytes,
  mutatedText,
  placesOf,
  replaced,
  type Json,
} from './hostile.ts'

const API_KEY = 'a1'.repeat(32)
const RELAY_KEY = 'relay key of alice, long enough'.padEnd(40, '.')
const PASSWORD = 'correct-horse-battery'
const minted = mintMacaroon(Buffer.alloc(32, 7), Buffer.from('id'), [Buffer.from('a = b')])
const MACAROON = encodeMacaroon(minted).toString('hex')
const SECRETS = [API_KEY, RELAY_KEY, PASSWORD, MACAROON]

const aNode: Json = {
  kind: 'ldk-server',
  name: 'alice',
  network: 'regtest',
  url: 'https://127.0.0.1:3536',
  certificate: ownCertificate.certificate,
  auth: { scheme: 'hmac', apiKey: API_KEY },
  tenants: ['acme'],
  nodeId: `02${'a'.repeat(64)}`,
  relayKey: RELAY_KEY,
  quietAbsenceSeconds: 3600,
  authWindowSeconds: 60,
  chain: [
    { kind: 'esplora', url: 'http://127.0.0.1:3002' },
    { kind: 'bitcoind', url: 'http://127.0.0.1:8332', user: 'me', password: PASSWORD },
  ],
}
const another: Json = { ...aNode, name: 'bob', auth: { scheme: 'macaroon', macaroon: MACAROON } }
const links = (nodes: string) => ({
  Table: { name: 'table' },
  WorkQueue: { url: 'http://127.0.0.1:1/work' },
  NodeEventsQueue: { url: 'http://127.0.0.1:1/node-events' },
  WebhooksQueue: { url: 'http://127.0.0.1:1/webhooks' },
  Nodes: { value: nodes },
  Keys: { value: '[]' },
})

/** What refuses it, if anything does: a Misconfigured, which tells no secret and is no longer than its fields. */
function refusalOf(read: () => unknown): string | null {
  try {
    read()
    return null
  } catch (error) {
    expect(error).toBeInstanceOf(Misconfigured)
    const message = error instanceof Error ? error.message : ''
    for (const secret of SECRETS) expect(message.includes(secret), 'no secret is told').toBe(false)
    return message
  }
}

describe('a nodes file', () => {
  test('that is right is taken, and its node can be made', () => {
    expect(parseNodes([aNode, another], 'nodes.json').map((entry) => configuredNode(entry, clock).name)).toEqual([
      'alice',
      'bob',
    ])
  })

  test('that is wrong in one place is refused by the name of the field, without a secret', () => {
    fc.assert(
      fc.property(fc.constantFrom(aNode, another).chain(mutants), ({ value, path }) => {
        const refusal = refusalOf(() => parseNodes([value], 'nodes.json').map((entry) => configuredNode(entry, clock)))
        if (refusal === null) return
        expect(refusal).toMatch(/^nodes\.json: /)
        const [first = ''] = path
        expect(refusal.includes(String(first)), `${refusal} names ${String(first)}`).toBe(true)
      }),
      { seed: 51, numRuns: 600 },
    )
  })

  test('with a secret in the wrong place does not tell it; a name alone is printed', () => {
    const places = placesOf(aNode).filter((path) => path.length > 0 && path[0] !== 'name')
    for (const path of places)
      for (const secret of SECRETS) refusalOf(() => parseNodes([replaced(aNode, path, secret) ?? null], 'nodes.json'))
    expect(places.length).toBeGreaterThan(20)
  })

  test('of any JSON is taken or refused as a whole, never half', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostileJson,
          hostileJson.map((other) => [aNode, other]),
        ),
        (value) => {
          const refusal = refusalOf(() => parseNodes(value, 'nodes.json'))
          if (refusal === null) expect(value).toEqual([])
        },
      ),
      { seed: 52, numRuns: 300 },
    )
  })

  test('with a macaroon of eight megabytes is refused by the name of the field', () => {
    const auth = { scheme: 'macaroon', macaroon: 'ab'.repeat(4_000_000) }
    expect(refusalOf(() => parseNodes([{ ...aNode, auth }], 'nodes.json'))).toContain('auth.macaroon')
  })
})

describe('the links and the environment', () => {
  const environments = fc.dictionary(
    fc.constantFrom(
      'SPLICEKEEPER_POLICY',
      'SPLICEKEEPER_GENERATION',
      'SPLICEKEEPER_BACKUP_AT',
      'SPLICEKEEPER_REQUESTS_PER_SECOND',
      'SPLICEKEEPER_LOG',
      'PATH',
    ),
    fc.oneof(
      hostileStrings,
      hostileJson.map((value) => JSON.stringify(value)),
      fc.constantFrom('json', '3', '{"quietMs":5}', '{"__proto__":{}}'),
    ),
  )

  test('of any text are taken, or refused by the name of what is wrong', () => {
    fc.assert(
      fc.property(environments, mutatedText(JSON.stringify([aNode])), fc.boolean(), (environment, nodes, honest) => {
        const value = honest ? JSON.stringify([aNode]) : nodes
        const refusal = refusalOf(() => {
          const { generation, backupAt, policy, requestsPerSecond } = parseConfiguration(links(value), environment)
          const figures = [generation, backupAt ?? 0, requestsPerSecond ?? 1, ...Object.values(policy)]
          expect(figures.filter((figure) => !Number.isSafeInteger(figure))).toEqual([])
        })
        if (refusal !== null) expect(refusal).toMatch(/SPLICEKEEPER_|secret Nodes/)
      }),
      { seed: 53, numRuns: 400 },
    )
  })

  test('of any shape are refused by name', () => {
    fc.assert(
      fc.property(hostileJson, hostileJson, (linked, environment) => {
        expect(refusalOf(() => parseConfiguration(linked, environment))).toMatch(/^link /)
      }),
      { seed: 54, numRuns: 200 },
    )
  })
})

test('a macaroon of any bytes is none, or has the very form that it was read from', () => {
  const valid = Buffer.from(MACAROON, 'hex')
  fc.assert(
    fc.property(
      fc.oneof(
        mutatedBytes(valid),
        fc.uint8Array({ maxLength: 5_000 }).map((raw) => Buffer.from(raw)),
      ),
      (bytes) => {
        const macaroon = decodeMacaroon(bytes)
        if (macaroon !== null) expect(encodeMacaroon(macaroon).equals(bytes)).toBe(true)
      },
    ),
    { seed: 55, numRuns: 1_000 },
  )
})
