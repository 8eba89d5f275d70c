import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dynamoStore } from '../../adapters/store/dynamo.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { BUDGET } from '../../core/splice/policy.ts'
import { aBody } from '../../harness/api/values.ts'
import { order, request } from '../../harness/api/request.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { dynamoClient, openTable, startDynalite, type Emulator } from '../../harness/emulators.ts'
import { countingIds } from '../../harness/values.ts'
import { aDesk } from '../cli/cli-fixture.ts'
import { hostileStrings } from './hostile.ts'

const INHERITED = Object.getOwnPropertyNames(Object.prototype)

const NAMES = [
  ...INHERITED,
  '',
  ' ',
  '.',
  'a.b',
  'metadata.order',
  '$ref',
  '#name',
  ':value',
  'S',
  'M',
  '0',
  '10',
  '2',
  '-1',
  'length',
  'then',
  'toJSON',
  'prototype',
  'ключ',
  'e\u0301',
  '👩‍👩‍👧‍👦',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  '\u2028',
  '\ud800',
  'x'.repeat(1_500),
]

/** The pairs as JSON text: an object could not name `__proto__` as simply. */
const jsonOf = (pairs: readonly (readonly [string, unknown])[]): string =>
  `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`

/** What a body of an order is with this metadata, as the text that is posted. */
const bodyWith = (metadata: string, amountSats = 50_000): string =>
  `${JSON.stringify({ ...aBody, amountSats }).slice(0, -1)},"metadata":${metadata}}`

const metadataIn = (body: unknown): string => {
  if (typeof body !== 'object' || body === null || !('metadata' in body)) throw new Error('no metadata')
  return JSON.stringify(body.metadata)
}

const same = (text: string): string => JSON.stringify(JSON.parse(text))

/** Orders, orders again, reads and lists, and says what metadata was in each answer. */
async function wherever(world: World, key: string, body: string): Promise<string[]> {
  world.told.now += 1
  const first = await order(world, key, body)
  expect([first.status, first.body['code']]).toEqual([202, undefined])
  const again = await order(world, key, body)
  expect([again.status, again.headers.get('Idempotent-Replayed')]).toEqual([200, 'true'])
  const asked = { key: world.keys.reader }
  const got = await request(world, 'GET', `/v1/splices/${String(first.body['id'])}`, asked)
  const { body: list } = await request(world, 'GET', '/v1/splices?limit=1', asked)
  const listed: unknown = Array.isArray(list['data']) ? list['data'][0] : null
  return [first.body, again.body, got.body, listed].map(metadataIn)
}

describe.each(['in memory', 'on dynalite'])('metadata in the store %s', (where) => {
  let emulator: Emulator | null = null
  let tables = 0
  beforeAll(async () => {
    if (where === 'on dynalite') emulator = await startDynalite()
  })
  afterAll(() => emulator?.close())

  async function aShop(): Promise<World> {
    if (emulator === null) return aWorld()
    const { client, table } = await openTable(emulator.endpoint, `metadata-${(tables += 1)}`)
    client.destroy()
    return aWorld({}, dynamoStore({ client: dynamoClient(emulator.endpoint), table, ids: countingIds('write') }))
  }

  test.each(NAMES)('comes back as it was under the name %j', async (name) => {
    const text = jsonOf([
      [name, 'a value'],
      ['order', '42'],
    ])
    expect(await wherever(await aShop(), 'k', bodyWith(text))).toEqual(Array(4).fill(same(text)))
  })

  test('comes back as it was with all those names at once', async () => {
    const text = jsonOf(NAMES.filter((name) => name.length < 100).map((name) => [name, name]))
    expect(await wherever(await aShop(), 'k', bodyWith(text))).toEqual(Array(4).fill(same(text)))
  })

  test('comes back as it was, or is refused by its field, whatever it is', async () => {
    const world = await aShop()
    const text = fc.oneof(fc.constantFrom(...NAMES), hostileStrings)
    const pairs = fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 6 }).map(jsonOf)
    let orders = 0
    await fc.assert(
      fc.asyncProperty(pairs, async (metadata) => {
        orders += 1
        const body = bodyWith(metadata, 50_000 + orders)
        if (Buffer.byteLength(same(metadata)) <= BUDGET.metadataBytes)
          expect(await wherever(world, `k-${orders}`, body)).toEqual(Array(4).fill(same(metadata)))
        else
          expect((await order(world, `k-${orders}`, body)).body).toMatchObject({
            code: 'invalid_request',
            field: 'metadata',
          })
      }),
      { seed: 17, numRuns: 80 },
    )
  })
})

describe('metadata', () => {
  test.each([
    ['5', 'metadata'],
    ['null', 'metadata'],
    ['[]', 'metadata'],
    ['["a"]', 'metadata'],
    ['"text"', 'metadata'],
    ['{"order":42}', 'metadata.order'],
    ['{"a":"b","constructor":null}', 'metadata.constructor'],
    ['{"__proto__":{"polluted":"yes"}}', 'metadata.__proto__'],
    ['{"\\u005f_proto__":5}', 'metadata.__proto__'],
    ['{"a.b":[]}', 'metadata.a.b'],
  ])('%s is refused by the field', async (metadata, field) => {
    const world = await aWorld()
    const { status, body } = await order(world, 'k', bodyWith(metadata))
    expect([status, body['code'], body['field']]).toEqual([400, 'invalid_request', field])
    expect('polluted' in {}).toBe(false)
  })

  test('that speaks of "__proto__": in a value is taken', async () => {
    const text = jsonOf([['note', '{"__proto__":1}']])
    expect(await wherever(await aWorld(), 'k', bodyWith(text))).toEqual(Array(4).fill(text))
  })

  test('tells one body from another by any name', async () => {
    const world = await aWorld()
    expect((await order(world, 'k', bodyWith('{"__proto__":"1"}'))).status).toBe(202)
    for (const other of ['{"__proto__":"2"}', '{}', '{"proto":"1"}'])
      expect((await order(world, 'k', bodyWith(other))).body['code']).toBe('idempotency_key_reused')
  })

  test.each(INHERITED)('in a file of the ledger stands under its name: %s', async (name) => {
    const world = await aWorld()
    await order(world, 'k', bodyWith(jsonOf([[name, 'mine']])))
    const ask = { headers: { Authorization: `Bearer ${world.keys.reader}` } }
    const text = await (await world.app.request(`/v1/payments.csv?labels=${name}`, ask)).text()
    expect(text).toContain(`"metadata.${name}"`)
    expect(text).toContain(`"{""${name}"":""mine""}","mine"\r\n`)
  })

  test.each([...INHERITED, 'a.b', '👩‍👩‍👧‍👦', '0'])('is ordered and shown by the command line: %s', async (name) => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    const words = ['out', '50000', '--node', 'alice', '--channel', aBody.channel, '--address', aBody.address]
    const ended = await run([...words, '--meta', `${name}=mine`, '--key', 'k', '--json'])
    expect(metadataIn(JSON.parse(ended.out))).toBe(jsonOf([[name, 'mine']]))
    const id = spliceIdOf('acme', 'k')
    expect(metadataIn(JSON.parse((await run(['show', id, '--json'])).out))).toBe(jsonOf([[name, 'mine']]))
    expect((await run(['show', id])).out).toContain('mine')
  })
})
