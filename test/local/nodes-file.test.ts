import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { Misconfigured } from '../../adapters/misconfigured.ts'
import { parseNodes } from '../../adapters/node/configured.ts'
import { encodeMacaroon, mintMacaroon } from '../../adapters/node/ldk/macaroon.ts'
import { readNodesFile } from '../../local/nodes-file.ts'
import { startSimulation } from '../../local/simulation.ts'
import { runeOf } from '../../harness/nodes/cln-rune.ts'
import { aProduct, aRefusal, request, temporaryFolder } from '../../harness/local-product.ts'

const API_KEY = 'c3'.repeat(32)

const withCertificate = {
  kind: 'ldk-server',
  name: 'alice',
  network: 'regtest',
  url: 'https://127.0.0.1:3536',
  certificate: selfSignedCertificate().certificate,
  auth: { scheme: 'hmac', apiKey: API_KEY },
  tenants: ['local'],
  chain: { kind: 'esplora', url: 'http://127.0.0.1:3002' },
}

const RPC_PASSWORD = 'of-the-rpc-user'
const anEsplora = { kind: 'esplora', url: 'http://127.0.0.1:3002' }
const aBitcoind = { kind: 'bitcoind', url: 'http://127.0.0.1:8332', user: 'me', password: RPC_PASSWORD }

const MACAROON = encodeMacaroon(mintMacaroon(Buffer.alloc(32), Buffer.from('test'), [])).toString('hex')
const { certificate, ...rest } = withCertificate
const aNode = { ...rest, certificateFile: 'tls.crt' }

function fileWith(content: unknown): string {
  const path = join(temporaryFolder(), 'nodes.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const refusal = (path: string) => aRefusal(temporaryFolder(), { NODES_FILE: path })

describe('NODES_FILE', () => {
  test.each([
    ['no JSON', `[{"auth": {"apiKey": "${API_KEY}"},, }]`, 'is not JSON (line 1 column'],
    ['no list', { alice: aNode }, 'must be a list of nodes'],
    ['a wrong field', [{ ...withCertificate, url: 'alice' }], 'node alice: url: must be an https URL'],
    ['no certificate', [aNode], 'node 1: certificateFile: there is no file'],
    ['two certificates', [{ ...aNode, certificate }], 'node 1: certificateFile: certificate is set as well'],
  ])('with %s: a clear error that names the field, and exit code 1', async (_what, content, message) => {
    const { code, output } = await refusal(fileWith(content))
    expect(code).toBe(1)
    expect(output).toMatch(/nodes\.json: /)
    expect(output).toContain(message)
    expect(output).not.toContain(API_KEY)
    expect(output).not.toContain('    at ')
  })

  test.each([
    ['no source', [], 'chain: '],
    ['five sources', Array.from({ length: 5 }, () => anEsplora), 'chain: takes at most 4'],
    ['a wrong second source', [anEsplora, { kind: 'electrum', url: 'x' }], 'chain.1.kind: '],
    ['a wrong URL', { ...aBitcoind, url: 'ftp://x' }, 'chain.url: must be an http or https URL'],
    [
      'credentials in the URL',
      [{ ...aBitcoind, url: `http://me:${RPC_PASSWORD}@127.0.0.1` }],
      'chain.0.url: must be an http or https URL without credentials',
    ],
    ['no credentials', { ...aBitcoind, password: undefined }, 'chain: needs either user and password, or'],
    ['two kinds of credentials', { ...aBitcoind, cookieFile: '/x/.cookie' }, 'chain: needs either user and'],
    ['an empty password', { ...aBitcoind, password: '' }, 'chain.password: '],
    ['a user with a colon', { ...aBitcoind, user: `me:${RPC_PASSWORD}` }, 'chain.user: must be a name'],
    [
      'a cookie file beside the process',
      { kind: 'bitcoind', url: 'http://127.0.0.1:8332', cookieFile: '.cookie' },
      'chain.cookieFile: must be an absolute path',
    ],
    ['a field of another source', { ...anEsplora, password: RPC_PASSWORD }, 'chain: Unrecognized key'],
    ['nothing at all', undefined, 'chain: '],
  ])('with %s as chain: an error that names the field, and never a value', (_what, chain, message) => {
    const read = () => parseNodes([{ ...withCertificate, chain }], 'nodes.json')
    expect(read).toThrow(Misconfigured)
    expect(read).toThrow(`nodes.json: node alice: ${message}`)
    expect(read).not.toThrow(RPC_PASSWORD)
  })

  test('takes a chain source, or a list of them', () => {
    const cookie = { kind: 'bitcoind', url: 'http://127.0.0.1:8332', cookieFile: '/x/.cookie' }
    for (const chain of [anEsplora, aBitcoind, [cookie], [anEsplora, aBitcoind, cookie, anEsplora]])
      expect(parseNodes([{ ...withCertificate, chain }], 'nodes.json')).toMatchObject([
        { chain: Array.isArray(chain) ? chain : [chain] },
      ])
  })

  test('that is not there', async () => {
    const path = join(temporaryFolder(), 'none.json')
    expect(await refusal(path)).toMatchObject({ code: 1, output: `NODES_FILE: there is no file ${path}\n` })
  })

  test('puts in the certificate from a file beside it', async () => {
    const { entry } = await aSimulation()
    if (entry.kind !== 'ldk-server') throw new Error('the simulated node is an ldk-server')
    const path = fileWith([aNode])
    writeFileSync(join(path, '..', 'tls.crt'), entry.certificate)
    expect(readNodesFile(path)).toMatchObject([{ name: 'alice', certificate: entry.certificate }])
  })

  test('is explained by an example that fits, but for what is secret in it', () => {
    const example: unknown = JSON.parse(readFileSync(new URL('../../nodes.example.json', import.meta.url), 'utf8'))
    const entries = z
      .array(z.looseObject({ kind: z.string(), auth: z.object({ scheme: z.string() }).optional() }))
      .parse(example)
    const filledIn = ['certificateFile', 'nodeId']
    const withSecrets = ['ldk-server', 'core-lightning']
    const filled = entries.map((entry) => ({
      ...Object.fromEntries(Object.entries(entry).filter(([name]) => !filledIn.includes(name))),
      ...(withSecrets.includes(entry.kind) ? { certificate, ...secretsOf(entry.auth?.scheme) } : {}),
      ...('nodeId' in entry ? { nodeId: `02${'a'.repeat(64)}` } : {}),
    }))
    expect(parseNodes(filled, 'the example').map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'alice ldk-server',
      'bob ldk-server',
      'carol core-lightning',
      'erin eclair',
      'phil phoenixd',
      'lana lnd',
    ])
  })

  const url = 'http://127.0.0.1:8080'
  const nodeId = `02${'a'.repeat(64)}`
  test.each<[string, object, string]>([
    ['an Eclair without a password', { kind: 'eclair', url }, 'password: '],
    ['an Eclair at no URL', { kind: 'eclair', url: 'x', password: RPC_PASSWORD }, 'url: must be an http'],
    [
      'credentials in the URL of a phoenixd',
      { kind: 'phoenixd', url: `http://x:${RPC_PASSWORD}@127.0.0.1`, password: 'p' },
      'url: must be an http or https URL without credentials',
    ],
    ['a password with a line break', { kind: 'phoenixd', url, password: `${RPC_PASSWORD}\n` }, 'password: must be'],
    ['an LND without its identity', { kind: 'lnd' }, 'nodeId: '],
    ['an LND with a credential', { kind: 'lnd', nodeId, macaroon: RPC_PASSWORD }, 'Unrecognized key'],
    ['a kind that does not exist', { kind: 'electrum' }, 'kind: '],
  ])('with %s: an error that names the field, and never a value', (_what, entry, message) => {
    const node = { name: 'alice', network: 'regtest', tenants: ['local'], chain: anEsplora, ...entry }
    const read = () => parseNodes([node], 'nodes.json')
    expect(read).toThrow(`nodes.json: node alice: ${message}`)
    expect(read).not.toThrow(RPC_PASSWORD)
  })

  test('has at least one node for the keys that are made here', async () => {
    const { code, output } = await refusal(fileWith([{ ...withCertificate, tenants: ['acme'] }]))
    expect(code).toBe(1)
    expect(output).toContain('no node lists the tenant "local"')
  })

  test('runs the product on the nodes of the file, with nothing simulated', async () => {
    const { entry } = await aSimulation()
    const product = await aProduct(temporaryFolder(), { NODES_FILE: fileWith([entry]) })
    expect(product.endpoints).toMatchObject({ sim: null, esplora: null, channels: [] })
    const { body } = await request(product, '/v1/nodes')
    const { data } = z.object({ data: z.array(z.object({ name: z.string(), stale: z.boolean() })) }).parse(body)
    expect(data).toEqual([{ name: 'alice', stale: false }])
    expect(product.output()).not.toContain('POST')
  })
})

/** What the example leaves to its reader, by how the node knows us. */
function secretsOf(scheme: string | undefined) {
  if (scheme === undefined) return { rune: runeOf([]) }
  return { auth: scheme === 'hmac' ? withCertificate.auth : { scheme: 'macaroon', macaroon: MACAROON } }
}

async function aSimulation() {
  const simulation = await startSimulation(join(temporaryFolder(), 'world.json'), 'local', 0)
  onTestFinished(() => simulation.close())
  return simulation
}
