import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../adapters/store/memory.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { hashOf } from '../../core/keys/api-key.ts'
import { CHANNEL, aBody } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'
import type { World } from '../../harness/api/world.ts'

/** A world whose writer's key was good before, and what is asked of its table from then on. */
async function aWarmWorld(hooks: MemoryHooks = {}) {
  const asked: string[] = []
  const nameOf = (operation: Operation): string => {
    if (operation.type === 'get') return operation.key.pk.split('#')[0] ?? ''
    return operation.type
  }
  const world = await aWorld({
    before: (operation) => {
      asked.push(nameOf(operation))
      return hooks.before?.(operation) ?? null
    },
  })
  expect((await order(world, 'warm', { ...aBody, amountSats: 1_000 })).status).toBe(202)
  world.heard.puts = 0
  world.heard.hints = []
  asked.length = 0
  return { world, asked }
}

async function revoke({ store, keys }: World): Promise<void> {
  const hash = hashOf(keys.writer)
  const item = await store.item('key', hash)
  if (item === null) throw new Error('the writer has a key')
  await store.putItem('key', hash, { ...item.value, revokedAt: 1 }, item.version)
}

describe('an order under a key that was good before', () => {
  test('is read for beside the key, and everything is read before anything is written', async () => {
    const { world, asked } = await aWarmWorld()
    expect((await order(world, 'order-1')).status).toBe(202)
    expect(asked.slice(0, 5).sort()).toEqual(['CH', 'KEY', 'NODE', 'SPL', 'list'])
    expect(asked.indexOf('KEY')).toBeGreaterThan(asked.indexOf('SPL'))
    expect(asked.slice(5)).toEqual(['getMany', 'put'])
  })

  test('is refused at once when the key was revoked meanwhile, and nothing is written', async () => {
    const { world } = await aWarmWorld()
    await revoke(world)
    world.heard.puts = 0
    const answer = await order(world, 'order-1')
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ code: 'unauthorized' })
    expect(world.heard).toMatchObject({ puts: 0, hints: [] })
    expect(await world.store.load(spliceIdOf('acme', 'order-1'))).toBeNull()
  })

  test('shows nothing of what was read for it to a key that was revoked: not even a replay', async () => {
    const { world } = await aWarmWorld()
    await revoke(world)
    const answer = await order(world, 'warm', { ...aBody, amountSats: 1_000 })
    expect(answer.status).toBe(401)
    expect(JSON.stringify(answer.body)).not.toContain(CHANNEL)
  })

  test('is read for no more once the key was found revoked', async () => {
    const { world, asked } = await aWarmWorld()
    await revoke(world)
    await order(world, 'order-1')
    asked.length = 0
    await order(world, 'order-2')
    expect(asked).toEqual(['KEY'])
  })

  test('is refused although all that was read for it fails', async () => {
    let fails = false
    const { world } = await aWarmWorld({
      before: (operation) => {
        const isKey = operation.type === 'get' && operation.key.pk.startsWith('KEY#')
        return fails && !isKey ? 'throttle' : null
      },
    })
    await revoke(world)
    fails = true
    expect((await order(world, 'order-1')).status).toBe(401)
  })

  test.each([
    ['not JSON', '{"node": "alice"', {}, 'malformed_json'],
    ['of the wrong form', { ...aBody, amountSats: -1 }, {}, 'invalid_request'],
    ['of names that are none', { ...aBody, node: '', channel: 'x'.repeat(10_000) }, {}, 'invalid_request'],
    ['without an idempotency key', aBody, { 'Idempotency-Key': undefined }, 'idempotency_key_missing'],
    ['not called JSON', aBody, { 'Content-Type': 'text/plain' }, 'unsupported_media_type'],
    ['too long', { ...aBody, metadata: { a: 'x'.repeat(20_000) } }, {}, 'body_too_large'],
  ])('is refused as any other where it is %s', async (_, body, headers, code) => {
    const { world } = await aWarmWorld()
    const given: Record<string, string> = {}
    for (const [name, value] of Object.entries({ 'Idempotency-Key': 'order-1', ...headers }))
      if (value !== undefined) given[name] = value
    const answer = await request(world, 'POST', '/v1/splices', {
      key: world.keys.writer,
      body,
      headers: given,
    })
    expect(answer.body).toMatchObject({ code })
    expect(world.heard).toMatchObject({ puts: 0, hints: [] })
  })

  test('is refused for the scope that the key lacks before what is wrong with it', async () => {
    const world = await aWorld()
    await request(world, 'GET', '/v1/splices', { key: world.keys.reader })
    const answer = await request(world, 'POST', '/v1/splices', {
      key: world.keys.reader,
      body: { ...aBody, amountSats: -1 },
      headers: { 'Idempotency-Key': 'order-1' },
    })
    expect(answer.body).toMatchObject({ code: 'forbidden' })
    expect(world.heard.puts).toBe(0)
  })
})

describe('what a process remembers of whose a key is', () => {
  test("is believed of no key: another tenant's splice is neither replayed nor found a duplicate", async () => {
    const world = await aWorld()
    await request(world, 'POST', '/v1/splices', {
      key: world.keys.stranger,
      body: { ...aBody, node: 'carol' },
      headers: { 'Idempotency-Key': 'order-1' },
    })
    world.deps.tenants?.set(hashOf(world.keys.writer), 'other')
    const answer = await order(world, 'order-1')
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ id: spliceIdOf('acme', 'order-1') })
    expect(await world.store.load(spliceIdOf('acme', 'order-1'))).toMatchObject({ tenant: 'acme' })
  })

  test('is nothing of a key that is unknown: it alone is looked for, and nothing is written', async () => {
    const { world, asked } = await aWarmWorld()
    const answer = await request(world, 'POST', '/v1/splices', {
      key: 'sk_unknown',
      body: aBody,
      headers: { 'Idempotency-Key': 'order-1' },
    })
    expect(answer.status).toBe(401)
    expect(asked).toEqual(['KEY'])
  })
})
