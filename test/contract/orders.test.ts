import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dynamoStore } from '../../adapters/store/dynamo.ts'
import { freeLease } from '../../core/drive/lease.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { aQueueEntry } from '../../harness/records/queue.ts'
import { CHANNEL, NOW, aBody } from '../../harness/api/values.ts'
import { apiChannel } from '../../harness/api/seed.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import type { QueueEntry } from '../../core/ports/records.ts'
import { createApi } from '../../functions/api/app.ts'
import { order, request } from '../../harness/api/request.ts'
import { dynamoClient, openTable, startDynalite, type Emulator } from '../../harness/emulators.ts'
import { ADDRESS, countingIds } from '../../harness/values.ts'

const RACE_MS = 120_000
const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'

describe('orders at one moment, over a real table', () => {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = await startDynalite()
  })
  afterAll(() => emulator.close())

  test(
    'of 200 equal ones under 200 keys exactly one is accepted, which all others name, ten times',
    async () => {
      const { client, table } = await openTable(emulator.endpoint, 'orders')
      const own = dynamoClient(emulator.endpoint)
      const world = await aWorld({}, dynamoStore({ client: own, table, ids: countingIds('write') }))
      for (let round = 0; round < 10; round += 1) {
        const body = { ...aBody, amountSats: 50_000 + round }
        const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => order(world, `k-${round}-${n}`, body)))
        const [accepted, ...others] = answers.toSorted((one, other) => one.status - other.status)
        expect(accepted).toMatchObject({ status: 202, body: { object: 'splice' } })
        const refusal = {
          status: 409,
          body: { code: 'duplicate_output', detail: `see ${String(accepted?.body['id'])}` },
        }
        for (const other of others) expect(other).toMatchObject(refusal)
      }
      client.destroy()
      own.destroy()
    },
    RACE_MS,
  )
})

describe('an order and the queue of its channel', () => {
  const mine = spliceIdOf('acme', 'order-1')
  const theirs = aQueueEntry({ id: 'spl_other', tenant: 'other', amountSats: 50_000, script: SCRIPT })
  async function queued(...queue: (typeof theirs)[]) {
    const world = await aWorld()
    await world.store.putItem('lease', CHANNEL, { ...freeLease, queue }, 0)
    return world
  }
  const agoMs = (ms: number) => ({ enteredAt: NOW - ms })

  test('stands in it, and says where', async () => {
    const world = await aWorld()
    expect((await order(world, 'order-0', { ...aBody, amountSats: 60_000 })).body).toMatchObject({
      position: 1,
      ahead: null,
    })
    expect((await order(world, 'order-1')).body).toMatchObject({
      position: 2,
      ahead: spliceIdOf('acme', 'order-0'),
    })
    const { value } = (await world.store.item('lease', CHANNEL)) ?? {}
    expect(value?.queue.map(({ id }) => id)).toEqual([spliceIdOf('acme', 'order-0'), mine])
    const list = await request(world, 'GET', '/v1/splices', { key: world.keys.reader })
    expect(list.body).toMatchObject({ data: [{ position: 2 }, { position: 1 }] })
  })

  test('an equal one of another tenant is refused, and not named', async () => {
    const world = await queued({ ...theirs, ...agoMs(1_000) })
    const answer = await order(world, 'order-1')
    expect(answer.body).toMatchObject({ code: 'duplicate_output' })
    expect(JSON.stringify(answer.body)).not.toContain('spl_other')
  })

  test('an equal one of the same tenant is named', async () => {
    const world = await queued({ ...theirs, tenant: 'acme', ...agoMs(1_000) })
    expect((await order(world, 'order-1')).body).toMatchObject({ detail: 'see spl_other' })
  })

  test('an equal one that was never written is dropped after a minute', async () => {
    const world = await queued({ ...theirs, ...agoMs(60_001) })
    expect((await order(world, 'order-1')).body).toMatchObject({ position: 1 })
  })

  test('its own place from before a crash is taken', async () => {
    const own = { ...theirs, id: mine, tenant: 'acme', ...agoMs(1_000) }
    const world = await queued(own, aQueueEntry())
    expect((await order(world, 'order-1')).body).toMatchObject({ position: 1 })
  })

  test.each([
    [60_000, 503, 'busy'],
    [60_001, 202, undefined],
  ])('its key with another effect, %i ms old and never written: %i', async (ms, status, code) => {
    const world = await queued({ ...theirs, id: mine, tenant: 'acme', amountSats: 1, ...agoMs(ms) })
    const answer = await order(world, 'order-1')
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject(code === undefined ? { position: 1 } : { code })
  })

  test('its key with another effect, written meanwhile, is a key that was used', async () => {
    const world = await aWorld()
    const answers = await Promise.all([
      order(world, 'order-1'),
      order(world, 'order-1', { ...aBody, amountSats: 60_000 }),
    ])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([202, expect.any(Number)])
    expect((await order(world, 'order-1', { ...aBody, amountSats: 70_000 })).status).toBe(422)
  })

  test('a full queue is refused, with when to come back; one with ended splices is not', async () => {
    const full = (ms: number) =>
      Array.from({ length: 100 }, (_, n) => aQueueEntry({ id: `spl_${n}`, amountSats: n + 1, ...agoMs(ms) }))
    const refused = await order(await queued(...full(1_000)), 'order-1')
    expect(refused.status).toBe(429)
    expect(refused.body).toMatchObject({ code: 'channel_queue_full' })
    expect((await order(await queued(...full(60_001)), 'order-1')).body).toMatchObject({ position: 1 })
  })

  test('the preview says the same and writes nothing', async () => {
    const world = await queued({ ...theirs, tenant: 'acme', ...agoMs(60_000) })
    world.heard.puts = 0
    const body = { ...aBody, address: ADDRESS }
    const answer = await request(world, 'POST', '/v1/splices/preview', { key: world.keys.reader, body })
    expect(answer.body).toMatchObject({ code: 'duplicate_output' })
    expect(world.heard.puts).toBe(0)
  })
})

describe('the queue of a channel that tenants share', () => {
  const places = (tenant: string, count: number) =>
    Array.from({ length: count }, (_, n) =>
      aQueueEntry({ id: `spl_${tenant}_${n}`, tenant, amountSats: 70_000 + n, enteredAt: NOW - 1_000 }),
    )

  async function aSharedWorld(tenants: readonly string[], queue: readonly QueueEntry[]) {
    const world = await aWorld()
    const alice = world.ports.nodes.get('alice')
    if (alice === undefined) throw new Error('seeded')
    const nodes = new Map([['alice', { ...alice, tenants }]])
    await world.store.putItem('lease', CHANNEL, { ...freeLease, queue: [...queue] }, 0)
    return { ...world, app: createApi({ ...world.deps, ports: { ...world.ports, nodes } }) }
  }
  const ordered = (world: World, key: string, n: number) =>
    request(world, 'POST', '/v1/splices', {
      key,
      body: { ...aBody, amountSats: 50_000 + n },
      headers: { 'Idempotency-Key': `k-${n}` },
    })

  test('gives each an equal part, also where many order at once', async () => {
    const world = await aSharedWorld(['acme', 'other'], places('acme', 47))
    const answers = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => ordered(world, world.keys.writer, n)))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(3)
    const refused = answers.filter(({ status }) => status !== 202)
    for (const { status, headers, body } of refused) {
      expect([status, body['code'], headers.get('Retry-After')]).toEqual([429, 'tenant_queue_full', '60'])
      expect(body['detail']).toContain('50 of the 100 places')
    }
    expect((await ordered(world, world.keys.stranger, 9)).status).toBe(202)
  })

  test('says the same in a preview', async () => {
    const world = await aSharedWorld(['acme', 'other'], places('acme', 50))
    const answer = await request(world, 'POST', '/v1/splices/preview', { key: world.keys.reader, body: aBody })
    expect(answer.body).toMatchObject({ status: 429, code: 'tenant_queue_full' })
  })

  test('still names a repeated order where its tenant has no place left', async () => {
    const world = await aSharedWorld(['acme', 'other'], places('acme', 49))
    const first = await ordered(world, world.keys.writer, 0)
    expect((await ordered(world, world.keys.writer, 1)).status).toBe(429)
    expect((await ordered(world, world.keys.writer, 0)).body['id']).toBe(first.body['id'])
  })

  test('drops what was never written before it refuses', async () => {
    const dead = places('acme', 50).map((entry) => ({ ...entry, enteredAt: NOW - 60_001 }))
    const world = await aSharedWorld(['acme', 'other'], dead)
    expect((await ordered(world, world.keys.writer, 0)).body).toMatchObject({ status: 'queued', position: 1 })
  })

  test.each([
    ['alone', ['acme'], 99, 202],
    ['alone and full', ['acme'], 100, 429],
    ['among three', ['acme', 'b', 'c'], 33, 429],
    ['among more than there are places', ['acme', ...Array.from({ length: 200 }, (_, n) => `t${n}`)], 0, 202],
  ])('a tenant %s', async (_, tenants, standing, status) => {
    const world = await aSharedWorld(tenants, places('acme', standing))
    expect((await ordered(world, world.keys.writer, 0)).status).toBe(status)
  })

  test('counts the tenants at the other end of the channel', async () => {
    const world = await aWorld()
    const [alice, carol] = [world.ports.nodes.get('alice'), world.ports.nodes.get('carol')]
    if (alice === undefined || carol === undefined) throw new Error('seeded')
    const peer = { ...carol, nodeId: apiChannel.peerId }
    const ports = {
      ...world.ports,
      nodes: new Map([
        ['alice', alice],
        ['carol', peer],
      ]),
    }
    await world.store.putItem('lease', CHANNEL, { ...freeLease, queue: places('acme', 50) }, 0)
    const shared = { ...world, app: createApi({ ...world.deps, ports }) }
    expect((await ordered(shared, world.keys.writer, 0)).body['code']).toBe('tenant_queue_full')
  })
})
