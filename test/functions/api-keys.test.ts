import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { MemoryStoreFault, type Operation } from '../../adapters/store/memory.ts'
import { KEYS_MAX } from '../../core/ports/records.ts'
import { createApi } from '../../functions/api/app.ts'
import { hashOf, keyIdOf } from '../../core/keys/api-key.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import { listKey } from '../../core/keys/key-list.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { NOW, aBody } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'

const Key = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  source: z.string(),
  lastUsedAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  secret: z.string().optional(),
})
const Keys = z.object({ data: z.array(Key) })

const aRequest = { name: 'accounting', scopes: ['splices:read'] }
const anOperator = { name: 'second', scopes: ['operator', 'splices:read'] }

function make(world: World, body: unknown = aRequest, key = world.keys.operator) {
  return request(world, 'POST', '/v1/keys', { key, body })
}

async function made(world: World, body: unknown = aRequest) {
  const answer = await make(world, body)
  expect(answer.status).toBe(201)
  const key = Key.parse(answer.body)
  return { ...key, secret: z.string().parse(key.secret) }
}

async function listed(world: World, key = world.keys.operator) {
  return Keys.parse((await request(world, 'GET', '/v1/keys', { key })).body).data
}

const revoke = (world: World, id: string, key = world.keys.operator) =>
  request(world, 'POST', `/v1/keys/${id}/revoke`, { key })

const reads = async (world: World, key: string) => (await request(world, 'GET', '/v1/splices', { key })).status

const isPutOf = (operation: Operation, prefix: string): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith(prefix)

async function fill(world: World, count: number, written: boolean): Promise<string[]> {
  const hashes: string[] = []
  for (let n = 0; n < count; n += 1) {
    const { hash, item } = createKey({ tenant: 'acme', name: `key ${n}`, scopes: ['splices:read'] }, NOW)
    await listKey(world.store, 'acme', hash, NOW)
    if (written) await world.store.putItem('key', hash, item, 0)
    hashes.push(hash)
  }
  return hashes
}

describe('the key that asks', () => {
  test.each([
    ['reader', 'reports', ['splices:read']],
    ['operator', 'olga', ['splices:read', 'splices:write', 'operator']],
  ] as const)('is told what it may do, whatever that is: %s', async (who, name, scopes) => {
    const world = await aWorld()
    const { status, body } = await request(world, 'GET', '/v1/keys/current', { key: world.keys[who] })
    const id = keyIdOf(hashOf(world.keys[who]))
    expect([status, body]).toEqual([200, { object: 'key', id, name, scopes }])
  })

  test('may have one scope alone, and none that reads', async () => {
    const world = await aWorld()
    const { secret } = await made(world, { name: 'till', scopes: ['splices:write'] })
    const { body } = await request(world, 'GET', '/v1/keys/current', { key: secret })
    expect(body['scopes']).toEqual(['splices:write'])
  })

  test('that is revoked is told nothing', async () => {
    const world = await aWorld()
    const { id, secret } = await made(world)
    await revoke(world, id)
    expect((await request(world, 'GET', '/v1/keys/current', { key: secret })).status).toBe(401)
  })

  test('that is revoked after it has ordered orders nothing more, and is read with what else an order needs', async () => {
    const asked: string[] = []
    const world = await aWorld({
      before: (operation) => {
        asked.push(operation.type === 'get' ? (operation.key.pk.split('#')[0] ?? '') : operation.type)
        return null
      },
      after: () => void asked.push('answer'),
    })
    const { id, secret } = await made(world, { name: 'till', scopes: ['splices:write'] })
    const orderOf = (n: number) =>
      request(world, 'POST', '/v1/splices', {
        key: secret,
        headers: { 'Idempotency-Key': `order-${n}` },
        body: { ...aBody, amountSats: aBody.amountSats + n },
      })
    expect((await orderOf(1)).status).toBe(202)
    asked.length = 0
    expect((await orderOf(2)).status).toBe(202)
    expect(asked.slice(0, asked.indexOf('answer')).toSorted()).toEqual(['CH', 'KEY', 'LEASE', 'NODE', 'SPL'])
    await revoke(world, id)
    expect((await orderOf(3)).status).toBe(401)
    expect(await world.store.load(spliceIdOf('acme', 'order-3'))).toBeNull()
  })
})

describe('making a key', () => {
  test('gives its secret once, and lets it do what its scopes say', async () => {
    const world = await aWorld()
    const key = await made(world)
    expect(await reads(world, key.secret)).toBe(200)
    expect((await make(world, aRequest, key.secret)).body['code']).toBe('forbidden')
    const list = await listed(world)
    expect(list).toMatchObject([{ id: key.id, name: 'accounting', scopes: ['splices:read'], revokedAt: null }])
    expect(JSON.stringify(list)).not.toContain(key.secret)
  })

  test.each(['writer', 'reader'] as const)(
    'is not for the key of a %s, nor is anything else about keys',
    async (who) => {
      const world = await aWorld()
      const key = world.keys[who]
      const answers = [
        await make(world, aRequest, key),
        await request(world, 'GET', '/v1/keys', { key }),
        await revoke(world, 'key_1', key),
        await request(world, 'GET', '/v1/audit', { key }),
      ]
      expect(answers.map(({ body }) => body['code'])).toEqual(answers.map(() => 'forbidden'))
      expect(world.heard.puts).toBe(0)
    },
  )

  test.each([
    [{ ...aRequest, scopes: [] }, 'scopes'],
    [{ ...aRequest, scopes: ['splices:read', 'root'] }, 'scopes.1'],
    [{ ...aRequest, name: '   ' }, 'name'],
    [{ ...aRequest, name: 'x'.repeat(65) }, 'name'],
    [{ ...aRequest, tenant: 'other' }, 'tenant'],
  ])('refuses %o by the name of the field', async (body, field) => {
    const world = await aWorld()
    expect((await make(world, body)).body).toMatchObject({ code: 'invalid_request', field })
    expect(world.heard.puts).toBe(0)
  })

  test('that decides for other tenants is for a key that does so itself', async () => {
    const world = await aWorld()
    const body = { name: 'both', scopes: ['operator', 'operator:shared'] }
    const refused = await make(world, body)
    expect([refused.status, refused.body['code']]).toEqual([403, 'forbidden'])
    expect(refused.body['detail']).toContain('operator:shared')
    expect(world.heard.puts).toBe(0)
    const { hash, item, secret } = createKey(
      { tenant: 'acme', name: 'first', scopes: ['operator', 'operator:shared'] },
      0,
    )
    const configured = { ...world, app: createApi({ ...world.deps, keys: new Map([[hash, item]]) }) }
    expect((await make(configured, body, secret)).body['scopes']).toEqual(body.scopes)
  })

  test('that dies before the key is written leaves a line that nobody can use, and that can be revoked', async () => {
    let dies = false
    const world = await aWorld({
      before: (operation) => (dies && isPutOf(operation, 'KEY#') ? 'throttle' : null),
    })
    dies = true
    expect((await make(world)).body['code']).toBe('store_unavailable')
    dies = false
    const [hash = ''] = (await world.store.item('keyList', 'acme'))?.value.hashes ?? []
    expect(await world.store.item('key', hash)).toBeNull()
    expect(await listed(world)).toEqual([])
    expect((await revoke(world, keyIdOf(hash))).body).toMatchObject({ name: 'never written' })
    // A write that was still on its way comes too late.
    const { item } = createKey({ tenant: 'acme', name: 'late', scopes: ['operator'] }, NOW)
    expect(await world.store.putItem('key', hash, item, 0)).toBe(false)
  })

  test('whose answer is lost leaves a key that is listed and can be revoked', async () => {
    let loses = false
    const world = await aWorld({
      before: (operation) => (loses && isPutOf(operation, 'KEY#') ? 'no_response' : null),
    })
    loses = true
    expect((await make(world)).status).toBe(503)
    loses = false
    const [key] = await listed(world)
    expect(key).toMatchObject({ name: 'accounting', revokedAt: null })
    expect((await revoke(world, key?.id ?? '')).status).toBe(200)
  })

  test('by two at once makes two keys, both listed', async () => {
    const world = await aWorld()
    const [one, two] = await Promise.all([made(world), made(world, { ...aRequest, name: 'second' })])
    expect((await listed(world)).map(({ id }) => id).sort()).toEqual([one.id, two.id].sort())
    expect([await reads(world, one.secret), await reads(world, two.secret)]).toEqual([200, 200])
  })

  test('gives up as busy when others change the list each time, and no key is written', async () => {
    let races = false
    const world = await aWorld({
      before: (operation) => (races && isPutOf(operation, 'KEYS#') ? 'lost_race' : null),
    })
    races = true
    const answer = await make(world)
    expect([answer.status, answer.body['code'], answer.headers.get('Retry-After')]).toEqual([503, 'busy', '1'])
    expect(await world.store.auditAfter('acme', 0, 9)).toEqual([])
  })

  test('is refused where a hundred are in use, until one is revoked', async () => {
    const world = await aWorld()
    const [first = ''] = await fill(world, KEYS_MAX, true)
    expect((await make(world)).body['code']).toBe('keys_full')
    await revoke(world, keyIdOf(first))
    const key = await made(world)
    const ids = (await listed(world)).map(({ id }) => id)
    expect(ids).toHaveLength(KEYS_MAX)
    expect(ids).toContain(key.id)
    expect(ids).not.toContain(keyIdOf(first))
    // What is listed no more is revoked all the same.
    expect((await world.store.item('key', first))?.value.revokedAt).toBe(NOW)
  })

  test('takes the line of a key that was never written, so that it can be written no more', async () => {
    const world = await aWorld()
    const [unwritten = ''] = await fill(world, 1, false)
    await fill(world, KEYS_MAX - 1, true)
    await made(world)
    const { item } = createKey({ tenant: 'acme', name: 'late', scopes: ['operator'] }, NOW)
    expect(await world.store.putItem('key', unwritten, item, 0)).toBe(false)
    expect((await world.store.item('keyList', 'acme'))?.value.hashes).not.toContain(unwritten)
  })
})

describe('revoking a key', () => {
  test('shuts it out from the next request on, whatever it was doing', async () => {
    const world = await aWorld()
    const key = await made(world)
    expect(await reads(world, key.secret)).toBe(200)
    expect((await revoke(world, key.id)).body).toMatchObject({
      id: key.id,
      revokedAt: new Date(NOW).toISOString(),
    })
    const answer = await request(world, 'GET', '/v1/splices', { key: key.secret })
    expect([answer.status, answer.body['code']]).toEqual([401, 'unauthorized'])
  })

  test('again changes nothing, and is audited once', async () => {
    const world = await aWorld()
    const key = await made(world)
    const first = await revoke(world, key.id)
    world.told.now += 60_000
    expect((await revoke(world, key.id)).body).toEqual(first.body)
    const actions = (await world.store.auditAfter('acme', 0, 9)).map(({ action }) => action)
    expect(actions).toEqual(['create_key', 'revoke_key'])
  })

  test('of another tenant answers as though it did not exist', async () => {
    const world = await aWorld()
    const key = await made(world)
    const foreign = await revoke(world, key.id, world.keys.stranger)
    const missing = await revoke(world, 'key_none', world.keys.stranger)
    expect(foreign.body).toEqual(missing.body)
    expect([foreign.status, foreign.body['code']]).toEqual([404, 'key_not_found'])
    expect(await reads(world, key.secret)).toBe(200)
    expect(await listed(world, world.keys.stranger)).toEqual([])
  })

  test('of the configuration shuts it out as well', async () => {
    const world = await aWorld()
    const { secret, hash, item } = createKey({ tenant: 'acme', name: 'first', scopes: ['operator', 'splices:read'] }, 0)
    const app = createApi({ ...world.deps, keys: new Map([[hash, item]]) })
    const configured = { ...world, app }
    const [key] = await listed(configured, secret)
    expect(key).toMatchObject({ name: 'first', source: 'configuration', id: keyIdOf(hash) })
    await made(configured, anOperator)
    expect((await revoke(configured, keyIdOf(hash), secret)).status).toBe(200)
    expect(await reads(configured, secret)).toBe(401)
    expect(await listed(configured)).toMatchObject([
      { source: 'configuration', revokedAt: new Date(NOW).toISOString() },
      { source: 'table', revokedAt: null },
    ])
  })

  test('is done by each of two who lose to one another', async () => {
    let losses = 0
    const world = await aWorld({
      before: (operation) => (isPutOf(operation, 'KEY#') && losses-- > 0 ? 'lost_race' : null),
    })
    losses = 0
    const key = await made(world)
    losses = 2
    expect((await revoke(world, key.id)).status).toBe(200)
    expect(await reads(world, key.secret)).toBe(401)
  })
})

describe('the last operator key of a tenant', () => {
  const last = { status: 409, code: 'last_operator_key', field: 'id' }

  test('is not revoked, neither by itself nor for a key that is no operator', async () => {
    const world = await aWorld()
    const only = await made(world, anOperator)
    const reader = await made(world)
    expect((await revoke(world, only.id, only.secret)).body).toMatchObject(last)
    expect(await reads(world, only.secret)).toBe(200)
    expect((await revoke(world, reader.id, only.secret)).status).toBe(200)
    const actions = (await world.store.auditAfter('acme', 0, 9)).map(({ action }) => action)
    expect(actions).toEqual(['create_key', 'create_key', 'revoke_key'])
  })

  test('is not the one whose tenant has another in use, in the table or in the configuration', async () => {
    const world = await aWorld()
    const [one, two] = [await made(world, anOperator), await made(world, anOperator)]
    expect((await revoke(world, one.id)).status).toBe(200)
    expect((await revoke(world, two.id)).body).toMatchObject(last)
    const { hash, item } = createKey({ tenant: 'acme', name: 'first', scopes: ['operator'] }, 0)
    const configured = { ...world, app: createApi({ ...world.deps, keys: new Map([[hash, item]]) }) }
    expect((await revoke(configured, two.id)).status).toBe(200)
    expect((await revoke(configured, keyIdOf(hash))).body).toMatchObject(last)
  })

  test('is none that another tenant has, nor one that was never written', async () => {
    const world = await aWorld()
    const only = await made(world, anOperator)
    await fill(world, 1, false)
    const { hash, item } = createKey({ tenant: 'other', name: 'theirs', scopes: ['operator'] }, 0)
    const configured = { ...world, app: createApi({ ...world.deps, keys: new Map([[hash, item]]) }) }
    expect((await revoke(configured, only.id)).body).toMatchObject(last)
  })

  test('stays where each of many is revoked at the same moment', async () => {
    const world = await aWorld()
    const keys = await Promise.all(Array.from({ length: 12 }, () => made(world, anOperator)))
    const answers = await Promise.all(keys.map(({ id }) => revoke(world, id)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.map(({ body }) => body['code'])).toEqual(['last_operator_key'])
    expect((await listed(world)).filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1)
  })

  test('stays where one revocation dies half-way, and that one can be completed', async () => {
    let dies = false
    const world = await aWorld({ before: (operation) => (dies && isPutOf(operation, 'KEY#') ? 'throttle' : null) })
    const [one, two] = [await made(world, anOperator), await made(world, anOperator)]
    dies = true
    expect((await revoke(world, one.id)).status).toBeGreaterThanOrEqual(500)
    dies = false
    expect((await revoke(world, two.id, one.secret)).body).toMatchObject(last)
    expect((await revoke(world, one.id)).status).toBe(200)
    expect(await reads(world, two.secret)).toBe(200)
    const three = await made(world, anOperator)
    expect((await revoke(world, two.id, three.secret)).status).toBe(200)
    expect((await world.store.item('keyList', 'acme'))?.value.revoking).toEqual([hashOf(two.secret)])
  })
})

describe('the use of keys', () => {
  async function aBusyWorld(requestsPerSecond: number | null, fails: () => boolean = () => false) {
    const { keyTraffic } = await import('../../functions/api/key-traffic.ts')
    const world = await aWorld({
      before: (operation) => {
        if (fails() && JSON.stringify(operation).includes('KEYUSE#')) throw new MemoryStoreFault('throttle', operation)
        return null
      },
    })
    const traffic = keyTraffic(world.ports, requestsPerSecond)
    return { ...world, app: createApi({ ...world.deps, traffic }) }
  }

  test('is noted at most once an hour, and shown', async () => {
    const world = await aBusyWorld(100)
    const key = await made(world)
    world.heard.puts = 0
    for (const later of [0, 60_000, 3_600_000, 1]) {
      world.told.now += later
      expect(await reads(world, key.secret)).toBe(200)
    }
    expect(world.heard.puts).toBe(2)
    const [shown] = await listed(world)
    expect(shown?.lastUsedAt).toBe(new Date(NOW + 3_660_000).toISOString())
  })

  test('that cannot be saved is counted, and the request is answered', async () => {
    let fails = false
    const world = await aBusyWorld(100, () => fails)
    fails = true
    expect(await reads(world, world.keys.reader)).toBe(200)
    expect(world.heard.counts).toEqual(['api_key_use_unsaved'])
  })

  test('beyond its rate is answered 429 with the time to wait, and leaves other keys alone', async () => {
    const world = await aBusyWorld(2)
    const statuses = []
    for (let n = 0; n < 12; n += 1) statuses.push(await reads(world, world.keys.reader))
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429])
    const answer = await request(world, 'GET', '/v1/splices', { key: world.keys.reader })
    expect([answer.body['code'], answer.headers.get('Retry-After')]).toEqual(['rate_limited', '1'])
    expect(await reads(world, world.keys.writer)).toBe(200)
    world.told.now += 1_000
    expect([await reads(world, world.keys.reader), await reads(world, world.keys.reader)]).toEqual([200, 200])
    expect(await reads(world, world.keys.reader)).toBe(429)
  })

  const limitIn = ({ headers }: { readonly headers: Headers }) => [
    headers.get('RateLimit-Policy'),
    headers.get('RateLimit'),
    headers.get('Retry-After'),
  ]

  test('is told with every answer: the limit, what is left of it, and when it is whole again', async () => {
    const world = await aBusyWorld(2)
    const ask = (method: string, path: string, body?: unknown) =>
      request(world, method, path, { key: world.keys.reader, body })
    const policy = '"default";q=10;w=5'
    expect(limitIn(await ask('GET', '/v1/splices'))).toEqual([policy, '"default";r=9;t=1', null])
    expect(limitIn(await ask('GET', '/v1/splices/spl_none'))).toEqual([policy, '"default";r=8;t=1', null])
    expect(limitIn(await ask('GET', '/v1/splices?limit=x'))).toEqual([policy, '"default";r=7;t=2', null])
    const forbidden = await ask('POST', '/v1/keys', aRequest)
    expect([forbidden.status, ...limitIn(forbidden)]).toEqual([403, policy, '"default";r=6;t=2', null])
    for (let n = 0; n < 6; n += 1) await ask('GET', '/v1/splices')
    const refused = await ask('GET', '/v1/splices')
    expect([refused.status, ...limitIn(refused)]).toEqual([429, policy, '"default";r=0;t=5', '1'])
    world.told.now += 2_000
    expect(limitIn(await ask('GET', '/v1/splices'))).toEqual([policy, '"default";r=3;t=4', null])
  })

  test('is neither told nor limited where several processes serve one key', async () => {
    const world = await aBusyWorld(null)
    const answers = []
    for (let n = 0; n < 30; n += 1) answers.push(await request(world, 'GET', '/v1/keys', { key: world.keys.operator }))
    expect(answers.map(({ status, headers }) => [status, headers.get('RateLimit')])).toEqual(
      answers.map(() => [200, null]),
    )
  })

  test('is not told to who has no key', async () => {
    const answer = await request(await aBusyWorld(2), 'GET', '/v1/splices')
    expect([answer.status, ...limitIn(answer)]).toEqual([401, null, null, null])
  })

  test('is not slowed by a clock that goes back', async () => {
    const world = await aBusyWorld(1)
    for (let n = 0; n < 5; n += 1) await reads(world, world.keys.reader)
    world.told.now -= 3_600_000
    expect(await reads(world, world.keys.reader)).toBe(429)
    world.told.now += 1_000
    expect(await reads(world, world.keys.reader)).toBe(200)
  })
})

test('two keys never share an id', () => {
  const ids = Array.from({ length: 1_000 }, (_, n) => keyIdOf(hashOf(`sk_${n}`)))
  expect(new Set(ids).size).toBe(1_000)
})
