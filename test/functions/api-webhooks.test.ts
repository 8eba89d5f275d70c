import { describe, expect, test } from 'vitest'
import { endpointOf } from '../../core/webhooks/stored-endpoints.ts'
import { deliverWebhooks } from '../../core/webhooks/delivery.ts'
import { aSpliceId } from '../../harness/values.ts'
import { NOW } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'
import type { Answer } from '../../harness/api/answer.ts'

const URL_1 = 'https://example.com/splices'
const HOOKS = '/v1/webhooks'
const DAY = 86_400_000

const post = (world: World, path: string, body?: unknown, key = world.keys.writer): Promise<Answer> =>
  request(world, 'POST', path, { key, ...(body === undefined ? {} : { body }) })

const get = (world: World, path: string, key = world.keys.reader): Promise<Answer> =>
  request(world, 'GET', path, { key })

async function create(world: World, body: object = { url: URL_1 }): Promise<{ id: string; secret: string }> {
  const { status, body: answer } = await post(world, HOOKS, body)
  expect(status).toBe(201)
  return { id: String(answer['id']), secret: String(answer['secret']) }
}

async function say(world: World, from: number, to: number, tenant = 'acme'): Promise<void> {
  for (let n = from; n <= to; n += 1) {
    const event = {
      id: `evt_${n}`,
      type: 'splice.pending' as const,
      spliceId: aSpliceId(1),
      epoch: 0,
      at: NOW,
    }
    await world.store.appendEvent(tenant, event)
  }
}

/** Takes what is on the queue of notices. */
async function consume(world: World): Promise<void> {
  const { webhooks: webhooks } = world.ports
  if (webhooks === undefined) throw new Error('no queue')
  for (const notice of world.heard.webhooks.splice(0))
    await deliverWebhooks(
      notice,
      { ...world.ports, webhooks: webhooks, webhook: world.deps.webhook },
      world.deps.policy,
    )
}

const sent = (world: World): string[] => world.heard.deliveries.map(({ id }) => id)

describe('making an endpoint', () => {
  test('answers it with a secret that is never shown again', async () => {
    const world = await aWorld()
    const { status, headers, body } = await post(world, HOOKS, { url: URL_1, description: 'shop' })
    expect(status).toBe(201)
    const id = String(body['id'])
    expect(headers.get('Location')).toBe(`${HOOKS}/${id}`)
    const secret = String(body['secret'])
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const shown = {
      object: 'webhook',
      id,
      url: URL_1,
      description: 'shop',
      status: 'enabled',
      deliveredThrough: 0,
      failing: null,
      disabled: null,
      createdAt: new Date(NOW).toISOString(),
    }
    expect(body).toEqual({ ...shown, secret })
    expect((await get(world, `${HOOKS}/${id}`)).body).toEqual(shown)
    expect((await get(world, HOOKS)).body).toEqual({ object: 'list', data: [shown] })
    expect(JSON.stringify(world.heard.lines)).not.toContain(secret)
  })

  test('tells it what happens from now on, or what came after a sequence', async () => {
    const world = await aWorld()
    await say(world, 1, 3)
    const { id } = await create(world)
    await consume(world)
    expect(sent(world)).toEqual([])
    await create(world, { url: 'https://example.com/all', after: 1 })
    await consume(world)
    expect(sent(world)).toEqual(['evt_2', 'evt_3'])
    const future = await post(world, HOOKS, { url: 'https://example.com/far', after: 99 })
    expect(future.body['deliveredThrough']).toBe(3)
    expect((await get(world, `${HOOKS}/${id}`)).body['deliveredThrough']).toBe(3)
  })

  test.each([
    ['http://example.com/', 'not https'],
    ['https://127.0.0.1/', 'not a public address'],
    ['https://169.254.169.254/latest', 'not a public address'],
    ['https://[::ffff:10.0.0.1]/', 'not a public address'],
    ['https://a:b@example.com/', 'a URL with credentials'],
    ['splices', 'not a URL'],
    [`https://example.com/${'€'.repeat(200)}`, 'too long'],
  ])('refuses %s: %s', async (url, detail) => {
    const world = await aWorld()
    const { status, body } = await post(world, HOOKS, { url })
    expect([status, body['code'], body['field'], body['detail']]).toEqual([422, 'webhook_target', 'url', detail])
    expect(world.heard.puts).toBe(0)
  })

  test('refuses what has not the right form', async () => {
    const world = await aWorld()
    for (const body of [
      {},
      { url: 7 },
      { url: URL_1, secret: 'mine' },
      { url: URL_1, after: -1 },
      { url: `https://e.x/${'x'.repeat(1024)}` },
    ])
      expect((await post(world, HOOKS, body)).body['code']).toBe('invalid_request')
    expect((await post(world, HOOKS, { url: URL_1, description: 'x'.repeat(20_000) })).status).toBe(413)
  })

  test('makes no second one for a URL, and no eleventh', async () => {
    const world = await aWorld()
    await create(world)
    const again = await post(world, HOOKS, { url: 'https://EXAMPLE.com:443/splices' })
    expect([again.status, again.body['code']]).toEqual([409, 'webhook_exists'])
    for (let n = 2; n <= 10; n += 1) await create(world, { url: `${URL_1}/${n}` })
    const eleventh = await post(world, HOOKS, { url: `${URL_1}/11` })
    expect([eleventh.status, eleventh.body['code']]).toEqual([409, 'webhooks_full'])
  })

  test('at the same moment makes all of them', async () => {
    const world = await aWorld()
    await Promise.all([1, 2, 3, 4, 5].map((n) => create(world, { url: `${URL_1}/${n}` })))
    expect((await get(world, HOOKS)).body['data']).toHaveLength(5)
  })

  test('needs a key that may write', async () => {
    const world = await aWorld()
    expect((await post(world, HOOKS, { url: URL_1 }, world.keys.reader)).status).toBe(403)
    const { id } = await create(world)
    for (const command of ['rotate', 'disable', 'enable', 'test', 'redeliver'])
      expect((await post(world, `${HOOKS}/${id}/${command}`, { after: 0 }, world.keys.reader)).status).toBe(403)
  })
})

describe('a tenant', () => {
  test("never sees another's endpoint, and can do nothing to it", async () => {
    const world = await aWorld()
    const { id } = await create(world)
    const { stranger } = world.keys
    const before = await endpointOf('acme', id, world.store)
    expect((await get(world, HOOKS, stranger)).body['data']).toEqual([])
    const answers = [
      await get(world, `${HOOKS}/${id}`, stranger),
      await request(world, 'DELETE', `${HOOKS}/${id}`, { key: stranger }),
      ...(await Promise.all(
        ['rotate', 'disable', 'enable', 'test', 'redeliver'].map((command) =>
          post(world, `${HOOKS}/${id}/${command}`, { after: 0 }, stranger),
        ),
      )),
    ]
    for (const { status, body } of answers) expect([status, body['code']]).toEqual([404, 'webhook_not_found'])
    expect(await endpointOf('acme', id, world.store)).toEqual(before)
    expect(world.heard.deliveries).toEqual([])
    expect(world.heard.webhooks).toEqual([])
  })
})

describe('rotating', () => {
  test('answers a new secret; both sign for a day', async () => {
    const world = await aWorld()
    const { id, secret } = await create(world)
    const { status, body } = await post(world, `${HOOKS}/${id}/rotate`)
    const next = String(body['secret'])
    expect(status).toBe(200)
    expect(next).not.toBe(secret)
    await post(world, `${HOOKS}/${id}/test`)
    world.told.now += DAY
    await post(world, `${HOOKS}/${id}/test`)
    expect(world.heard.deliveries.map(({ secrets }) => secrets)).toEqual([[next, secret], [next]])
    expect((await get(world, `${HOOKS}/${id}`)).body['secret']).toBeUndefined()
  })
})

describe('disabling and enabling', () => {
  test('stops deliveries and starts them where they were left', async () => {
    const world = await aWorld()
    const { id } = await create(world)
    const disabled = await post(world, `${HOOKS}/${id}/disable`)
    expect(disabled.body).toMatchObject({ status: 'disabled', disabled: { reason: 'asked' } })
    await say(world, 1, 2)
    await consume(world)
    const refused = await post(world, `${HOOKS}/${id}/redeliver`, { after: 0 })
    expect([refused.status, refused.body['code']]).toEqual([409, 'webhook_disabled'])
    const enabled = await post(world, `${HOOKS}/${id}/enable`)
    expect(enabled.body).toMatchObject({ status: 'enabled', disabled: null })
    await consume(world)
    expect(sent(world)).toEqual(['evt_1', 'evt_2'])
  })

  test('tries an endpoint that fails at once', async () => {
    const world = await aWorld()
    const { id } = await create(world)
    await say(world, 1, 1)
    world.told.delivered = { ok: false, fault: 'status', status: 503 }
    await post(world, `${HOOKS}/${id}/enable`)
    await consume(world)
    expect((await get(world, `${HOOKS}/${id}`)).body['failing']).toMatchObject({
      since: new Date(NOW).toISOString(),
      failures: 1,
      reason: 'status',
      status: 503,
    })
    world.told.delivered = { ok: true, status: 204 }
    world.heard.webhooks.length = 0
    await post(world, `${HOOKS}/${id}/enable`)
    await consume(world)
    expect((await get(world, `${HOOKS}/${id}`)).body).toMatchObject({ failing: null, deliveredThrough: 1 })
  })
})

describe('redelivering', () => {
  test('sends again what came after a sequence, or one event, under the same ids', async () => {
    const world = await aWorld()
    const { id } = await create(world)
    await say(world, 1, 3)
    await post(world, `${HOOKS}/${id}/enable`)
    await consume(world)
    const after = await post(world, `${HOOKS}/${id}/redeliver`, { after: 1 })
    expect([after.status, after.body['deliveredThrough']]).toEqual([202, 1])
    await consume(world)
    const one = await post(world, `${HOOKS}/${id}/redeliver`, { sequence: 1 })
    expect([one.status, one.body['deliveredThrough']]).toEqual([202, 3])
    await consume(world)
    expect(sent(world)).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_2', 'evt_3', 'evt_1'])
  })

  test('leaves nothing out, and knows no event that has not happened', async () => {
    const world = await aWorld()
    await say(world, 1, 1)
    const { id } = await create(world, { url: URL_1, after: 0 })
    const ahead = await post(world, `${HOOKS}/${id}/redeliver`, { after: 50 })
    expect(ahead.body['deliveredThrough']).toBe(0)
    const unborn = await post(world, `${HOOKS}/${id}/redeliver`, { sequence: 2 })
    expect([unborn.status, unborn.body['code']]).toEqual([404, 'event_not_found'])
    for (const body of [{}, { after: 1, sequence: 1 }, { sequence: 0 }, { after: 'x' }])
      expect((await post(world, `${HOOKS}/${id}/redeliver`, body)).status).toBe(400)
  })

  test('is durable although the queue is down', async () => {
    const world = await aWorld()
    const { id } = await create(world)
    await say(world, 1, 1)
    world.told.hintFails = true
    expect((await post(world, `${HOOKS}/${id}/redeliver`, { after: 0 })).status).toBe(202)
    expect(world.heard.counts).toContain('api_webhook_hint_failed')
  })
})

describe('a test', () => {
  test('is sent at once, is in no log, and answers with the status alone', async () => {
    const world = await aWorld()
    const { id, secret } = await create(world)
    const { status, body } = await post(world, `${HOOKS}/${id}/test`)
    const [delivery] = world.heard.deliveries
    expect(status).toBe(200)
    expect(body).toEqual({
      object: 'webhook_test',
      id: delivery?.id,
      delivered: true,
      status: 204,
      reason: null,
    })
    expect(delivery).toMatchObject({ url: URL_1, secrets: [secret] })
    expect(JSON.parse(delivery?.body ?? '')).toEqual({
      type: 'webhook.test',
      timestamp: new Date(NOW).toISOString(),
      data: { webhook: id },
    })
    world.told.delivered = { ok: false, fault: 'target_refused', status: null }
    expect((await post(world, `${HOOKS}/${id}/test`)).body).toMatchObject({
      delivered: false,
      reason: 'target_refused',
    })
    expect(await world.store.endOfLog('acme')).toBe(0)
    expect((await get(world, `${HOOKS}/${id}`)).body).toMatchObject({ deliveredThrough: 0, failing: null })
  })
})

describe('removing', () => {
  test('takes the endpoint and its secret away, and what is on its way finds nothing', async () => {
    const world = await aWorld()
    const { id } = await create(world, { url: URL_1, after: 0 })
    await say(world, 1, 1)
    await post(world, `${HOOKS}/${id}/enable`)
    const { status, body } = await request(world, 'DELETE', `${HOOKS}/${id}`, { key: world.keys.writer })
    expect([status, body]).toEqual([200, { object: 'webhook', id, deleted: true }])
    await consume(world)
    expect(world.heard.deliveries).toEqual([])
    expect(await world.store.item('webhooks', 'acme')).toMatchObject({ value: { endpoints: [] } })
    expect((await get(world, `${HOOKS}/${id}`)).status).toBe(404)
    await create(world)
  })
})

describe('an endpoint that was given up', () => {
  test('says so, and stands in the log with its id', async () => {
    const world = await aWorld()
    const { id } = await create(world)
    await say(world, 1, 1)
    world.told.delivered = { ok: false, fault: 'status', status: 410 }
    await post(world, `${HOOKS}/${id}/enable`)
    await consume(world)
    expect((await get(world, `${HOOKS}/${id}`)).body).toMatchObject({
      status: 'disabled',
      disabled: { reason: 'gone' },
    })
    const { body } = await get(world, '/v1/events?after=1')
    expect(body['data']).toMatchObject([{ sequence: 2, type: 'webhook.disabled', splice: null, webhook: id }])
  })
})
