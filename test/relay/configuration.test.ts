import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Misconfigured } from '../../adapters/misconfigured.ts'
import { configurationIn } from '../../relay/configuration.ts'
import { settingsIn } from '../../relay/settings.ts'
import { temporaryFolder } from '../../harness/local-product.ts'
import { API_KEY, ownCertificate } from '../../harness/nodes/ldk-wire.ts'

const RELAY_KEY = 'a relay key of at least 32 characters'
const { certificate } = ownCertificate

const environment = {
  NODE_NAME: 'alice',
  NODE_KIND: 'ldk-server',
  NODE_URL: 'https://127.0.0.1:3536',
  NODE_CERTIFICATE: certificate,
  NODE_API_KEY: API_KEY,
  SPLICEKEEPER_URL: 'https://keeper.example/',
  RELAY_KEY,
}

/** What is said of an environment or a file. */
function complaint(given: Record<string, string>): string {
  try {
    configurationIn(given)
  } catch (error) {
    if (error instanceof Misconfigured) return error.message
    throw error
  }
  return ''
}

describe('the environment', () => {
  test('of an ldk-server', () => {
    expect(configurationIn(environment)).toEqual({
      target: { serviceUrl: 'https://keeper.example', node: 'alice', relayKey: RELAY_KEY },
      source: {
        kind: 'ldk-server',
        url: 'https://127.0.0.1:3536',
        certificate,
        auth: { scheme: 'hmac', apiKey: API_KEY },
      },
      process: { unseen: "the node's process is not configured" },
    })
  })

  test('of Core Lightning and of Eclair on this machine, over plain http', () => {
    const { NODE_NAME, SPLICEKEEPER_URL } = environment
    const shared = { NODE_NAME, SPLICEKEEPER_URL, RELAY_KEY }
    const cln = { NODE_KIND: 'core-lightning', NODE_URL: 'http://localhost:3010', NODE_RUNE: 'rune==' }
    expect(configurationIn({ ...shared, ...cln }).source).toEqual({
      kind: 'core-lightning',
      url: 'http://localhost:3010',
      rune: 'rune==',
    })
    const eclair = { NODE_KIND: 'eclair', NODE_URL: 'http://[::1]:8080', NODE_PASSWORD: 'password' }
    expect(configurationIn({ ...shared, ...eclair }).source).toMatchObject({ kind: 'eclair' })
  })

  test('takes secrets from files: a text is trimmed, the bytes of an ldk-server become hex', () => {
    const folder = temporaryFolder()
    const [key, apiKey, pem] = ['relay.key', 'api_key', 'tls.crt'].map((name) => join(folder, name))
    if (key === undefined || apiKey === undefined || pem === undefined) throw new Error('three files')
    writeFileSync(key, `${RELAY_KEY}\n`)
    writeFileSync(apiKey, Buffer.from(API_KEY, 'hex'))
    writeFileSync(pem, certificate)
    const { NODE_NAME, NODE_KIND, NODE_URL, SPLICEKEEPER_URL } = environment
    const { source, target } = configurationIn({
      NODE_NAME,
      NODE_KIND,
      NODE_URL,
      SPLICEKEEPER_URL,
      RELAY_KEY_FILE: key,
      NODE_API_KEY_FILE: apiKey,
      NODE_CERTIFICATE_FILE: pem,
    })
    expect(target.relayKey).toBe(RELAY_KEY)
    expect(source).toMatchObject({ auth: { scheme: 'hmac', apiKey: API_KEY } })
    expect(source.certificate).toBe(certificate.trim())
  })

  test.each([
    ['a name', { NODE_PROCESS_NAME: 'ldk-server' }, { name: 'ldk-server' }],
    ['a pid', { NODE_PID: '77' }, { pid: 77 }],
    [
      'a pid file and a name',
      { NODE_PID_FILE: '/run/eclair.pid', NODE_PROCESS_NAME: 'java' },
      { pidFile: '/run/eclair.pid', name: 'java' },
    ],
  ])("names the node's process by %s", (_, given, choice) => {
    expect(configurationIn({ ...environment, ...given }).process).toEqual(choice)
  })

  test.each<[string, Record<string, string>, string]>([
    ['no name', { NODE_NAME: '' }, 'NODE_NAME: '],
    ['a name that is none', { NODE_NAME: 'Alice!' }, "NODE_NAME: must be the node's name in the service"],
    ['no kind', { NODE_KIND: '' }, 'NODE_KIND: '],
    ['another kind', { NODE_KIND: 'lnd' }, 'NODE_KIND: '],
    ['no credential', { NODE_API_KEY: '' }, 'NODE_API_KEY or NODE_MACAROON: '],
    ['half an API key', { NODE_API_KEY: 'abcd' }, 'NODE_API_KEY: must be the 64 lower-case hex digits'],
    ['a certificate that is none', { NODE_CERTIFICATE: 'x' }, 'NODE_CERTIFICATE: must be'],
    ['an address without TLS', { NODE_URL: 'http://192.0.2.1:3536' }, 'NODE_URL: must be an https URL'],
    ['a service without TLS', { SPLICEKEEPER_URL: 'http://keeper.example' }, 'SPLICEKEEPER_URL: must be an https URL'],
    ['a short relay key', { RELAY_KEY: 'short' }, 'RELAY_KEY: must be at least 32 characters'],
    ['a key twice', { RELAY_KEY_FILE: '/nowhere' }, 'RELAY_KEY: is set both directly and as a file'],
    ['a file that is not there', { RELAY_KEY: '', RELAY_KEY_FILE: '/nowhere' }, 'RELAY_KEY_FILE: the file /nowhere'],
    ['a pid that is none', { NODE_PID: 'x' }, 'NODE_PID: '],
    ['two ways to a pid', { NODE_PID: '1', NODE_PID_FILE: '/run/x' }, 'needs pid or pidFile'],
    ['a relative pid file', { NODE_PID_FILE: 'x.pid' }, 'NODE_PID_FILE: must be an absolute path'],
    [
      'the process of a node elsewhere',
      { NODE_URL: 'https://192.0.2.1:3536', NODE_PROCESS_NAME: 'ldk-server' },
      'NODE_PROCESS_NAME or NODE_PID_FILE or NODE_PID: the node at NODE_URL is not on this machine',
    ],
    [
      'the process of a node whose name may lead anywhere',
      { NODE_URL: 'https://node.example:3536', NODE_PROCESS_NAME: 'ldk-server' },
      'is not on this machine',
    ],
  ])('with %s is refused by the name of its variable', (_, change, line) => {
    const text = complaint({ ...environment, ...change })
    expect(text).toContain(line)
    for (const secret of [RELAY_KEY, API_KEY]) expect(text).not.toContain(secret)
  })
})

describe('a file', () => {
  const file = {
    node: 'alice',
    service: 'https://keeper.example',
    relayKeyFile: 'keys/relay',
    source: {
      kind: 'ldk-server',
      url: 'https://127.0.0.1:3536',
      certificateFile: 'tls.crt',
      auth: { scheme: 'hmac', apiKey: API_KEY },
    },
    process: { name: 'ldk-server' },
  }

  function written(content: unknown): string {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'keys'))
    writeFileSync(join(folder, 'keys/relay'), RELAY_KEY)
    writeFileSync(join(folder, 'tls.crt'), certificate)
    const path = join(folder, 'relay.json')
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  test('says the same, with the files that it names beside it', () => {
    const settings = configurationIn({ RELAY_FILE: written(file) })
    expect(settings.target).toEqual({
      serviceUrl: 'https://keeper.example',
      node: 'alice',
      relayKey: RELAY_KEY,
    })
    expect(settings.source).toMatchObject({ kind: 'ldk-server', certificate: certificate.trim() })
    expect(settings.process).toEqual({ name: 'ldk-server' })
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{"relayKey": "secret', 'is not JSON'],
    ['a field that we do not know', { ...file, retries: 3 }, 'retries'],
    ['a key twice', { ...file, relayKey: RELAY_KEY }, 'relayKeyFile: relayKey is set as well'],
    ['a wrong field of a part', { ...file, source: { ...file.source, url: 'x' } }, 'source.url: must be an https URL'],
    ['a process without anything', { ...file, process: {} }, 'process: needs a name, pidFile or pid'],
    ['a list', [], 'expected object'],
  ])('with %s is refused by its name and the field', (_, content, line) => {
    const path = written(content)
    const text = complaint({ RELAY_FILE: path })
    expect(text).toContain(path)
    expect(text).toContain(line)
    expect(text).not.toContain('secret')
  })

  test('that is not there is said', () => {
    expect(complaint({ RELAY_FILE: '/nowhere.json' })).toContain('/nowhere.json')
  })
})

test("a node at one of this machine's own addresses is here", () => {
  const value = {
    node: 'alice',
    service: 'https://keeper.example',
    relayKey: RELAY_KEY,
    source: { kind: 'eclair', url: 'https://192.0.2.9:8080', password: 'x', certificate },
    process: { name: 'java' },
  }
  const naming = (path: readonly PropertyKey[]): string => path.join('.')
  expect(settingsIn(value, naming, ['192.0.2.9']).process).toEqual({ name: 'java' })
  expect(() => settingsIn(value, naming, ['192.0.2.8'])).toThrow('is not on this machine')
})
