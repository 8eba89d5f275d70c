import { describe, expect, test, vi } from 'vitest'
import { Misconfigured } from '../../adapters/misconfigured.ts'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { Policy } from '../../core/splice/policy.ts'
import { parseConfiguration } from '../../functions/configuration.ts'

const API_KEY = 'a1'.repeat(32)
const RELAY_KEY = 'relay key of alice, long enough'.padEnd(40, '.')

const aNode = {
  kind: 'ldk-server',
  name: 'alice',
  network: 'regtest',
  url: 'https://127.0.0.1:3536',
  certificate: selfSignedCertificate().certificate,
  auth: { scheme: 'hmac', apiKey: API_KEY },
  tenants: ['acme'],
  relayKey: RELAY_KEY,
  quietAbsenceSeconds: 3600,
  chain: { kind: 'esplora', url: 'http://127.0.0.1:3002' },
}

const linksWith = (nodes: unknown) => ({
  Table: { name: 'table' },
  WorkQueue: { url: 'http://127.0.0.1:1/work' },
  NodeEventsQueue: { url: 'http://127.0.0.1:1/node-events' },
  WebhooksQueue: { url: 'http://127.0.0.1:1/webhooks' },
  Nodes: { value: typeof nodes === 'string' ? nodes : JSON.stringify(nodes) },
  Keys: { value: '[]' },
})

const errorOf = (nodes: unknown, environment = {}): Error => {
  try {
    parseConfiguration(linksWith(nodes), environment)
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('it was taken')
}

describe('the configuration', () => {
  test('is read from links and environment', () => {
    const configuration = parseConfiguration(linksWith([aNode]), {
      SPLICEKEEPER_POLICY: '{"quietMs":5}',
      SPLICEKEEPER_GENERATION: '3',
      SPLICEKEEPER_BACKUP_AT: '2026-11-30T00:00:00Z',
      SPLICEKEEPER_EXPLORER: 'https://mempool.space/tx/{txid}',
    })
    expect(configuration.explorer).toBe('https://mempool.space/tx/{txid}')
    expect(configuration).toMatchObject({ tableName: 'table', generation: 3, log: 'json' })
    expect(configuration.policy).toEqual({ ...Policy.parse({}), quietMs: 5 })
    expect(configuration.backupAt).toBe(Date.UTC(2026, 10, 30))
    expect(configuration.nodes[0]).toMatchObject({ authWindowSeconds: 60, overlapGuard: false })
  })

  test("has the design's values where nothing else is said", () => {
    const configuration = parseConfiguration(linksWith([]), {})
    expect(configuration).toMatchObject({
      policy: Policy.parse({}),
      generation: 0,
      backupAt: null,
      privateWebhooks: false,
      explorer: null,
    })
  })

  test.each([
    [{ SPLICEKEEPER_POLICY: '{' }, 'SPLICEKEEPER_POLICY: is not JSON'],
    [{ SPLICEKEEPER_POLICY: '{"quietMs":-1}' }, 'SPLICEKEEPER_POLICY quietMs:'],
    [{ SPLICEKEEPER_POLICY: '{"quitMs":1}' }, 'quitMs'],
    [{ SPLICEKEEPER_EXPLORER: 'https://mempool.space/tx/' }, 'SPLICEKEEPER_EXPLORER: must have {txid}'],
    [{ SPLICEKEEPER_EXPLORER: 'javascript:alert(1)//{txid}' }, 'SPLICEKEEPER_EXPLORER'],
    [{ SPLICEKEEPER_GENERATION: 'two' }, 'SPLICEKEEPER_GENERATION'],
    [{ SPLICEKEEPER_BACKUP_AT: 'yesterday' }, 'SPLICEKEEPER_BACKUP_AT'],
    [{ SPLICEKEEPER_WEBHOOKS_PRIVATE: 'yes' }, 'SPLICEKEEPER_WEBHOOKS_PRIVATE'],
  ])('says which setting is wrong: %j', (environment, message) => {
    const error = errorOf([], environment)
    expect(error).toBeInstanceOf(Misconfigured)
    expect(error.message).toContain(message)
  })
})

describe('the secret with the nodes', () => {
  test.each([
    [{ ...aNode, url: 'http://127.0.0.1' }, 'node alice: url: must be an https URL'],
    [{ ...aNode, certificate: 'none' }, 'node alice: certificate: must be'],
    [{ ...aNode, auth: { scheme: 'hmac', apiKey: 'short secret' } }, 'node alice: auth.apiKey: must be'],
    [{ ...aNode, auth: { scheme: 'basic' } }, 'node alice: auth.scheme:'],
    [{ ...aNode, overlapGard: true }, 'node alice: Unrecognized key: "overlapGard"'],
    [{ ...aNode, relayKey: 'short' }, 'node alice: relayKey:'],
    [{ ...aNode, tenants: [] }, 'node alice: tenants:'],
    [{ ...aNode, network: 'mainnet' }, 'node alice: network:'],
    [{ ...aNode, nodeId: 'alice' }, 'node alice: nodeId: must be a compressed public key'],
    [{ ...aNode, chain: { kind: 'electrum', url: 'x' } }, 'node alice: chain.kind:'],
    [{ ...aNode, chain: { kind: 'esplora', url: 'ftp://x' } }, 'node alice: chain.url: must be an http'],
    [{ ...aNode, kind: 'electrum' }, 'node alice: kind:'],
    [{ ...aNode, name: 'Al ice' }, 'node 1: name: must be a name'],
  ])('names node and field, and never a value', (node, message) => {
    const error = errorOf([node])
    expect(error).toBeInstanceOf(Misconfigured)
    expect(error.message).toContain(`secret Nodes: ${message}`)
    for (const secret of [API_KEY, RELAY_KEY, 'short secret']) expect(error.message).not.toContain(secret)
  })

  test('is one list of nodes with names of their own', () => {
    expect(errorOf([aNode, aNode]).message).toBe('secret Nodes: two nodes are called alice')
    expect(errorOf({}).message).toContain('must be a list of nodes')
    expect(errorOf(`[{"auth": ${API_KEY}`).message).toBe('secret Nodes: is not JSON')
  })
})

describe('the runtime', () => {
  test('ends calls in time for the invocation that makes them', async () => {
    for (const [name, value] of Object.entries(linksWith([aNode])))
      vi.stubEnv(`SST_RESOURCE_${name}`, JSON.stringify(value))
    vi.stubEnv('SST_RESOURCE_App', '{"name":"splicekeeper","stage":"test"}')
    vi.stubEnv('SPLICEKEEPER_LOG', 'readable')
    vi.stubEnv('AWS_REGION', 'eu-central-1')
    const { ports, within } = await import('../../functions/runtime.ts')
    expect([...ports.nodes.keys()]).toEqual(['alice'])
    expect(ports.nodes.get('alice')).toMatchObject({ quietAbsenceMs: 3_600_000, relayKey: RELAY_KEY })
    expect(ports.call().signal.aborted).toBe(false)
    const timeouts = vi.spyOn(AbortSignal, 'timeout')
    ports.call()
    ports.call('command')
    expect(timeouts.mock.calls).toEqual([[10_000], [30_000]])
    timeouts.mockRestore()
    const reason = await within({ getRemainingTimeInMillis: () => 5_020 }, async () => {
      const { signal } = ports.call()
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      return nameOf(signal.reason)
    })
    expect(reason).toBe('TimeoutError')
    const late = await within({ getRemainingTimeInMillis: () => 60_000 }, async () => ports.call().signal.aborted)
    expect(late).toBe(false)
  })
})

const nameOf = (reason: unknown): string => (reason instanceof Error ? reason.name : '')
