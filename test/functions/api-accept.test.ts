import { describe, expect, test } from 'vitest'
import type { MemoryHooks } from '../../adapters/store/memory.ts'
import { paymentIdOf, spliceIdOf } from '../../core/splice/ids.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { bodyHash } from '../../functions/api/idempotency.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { ADDRESS, aTxid } from '../../harness/values.ts'
import { CHANNEL, CLOSING_CHANNEL, NOW, aBody } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'

const DAY = 86_400_000
const MAINNET = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
const iso = (at: number) => new Date(at).toISOString()

describe('ordering a splice', () => {
  test('stores the splice, then sends the hint, and shows the splice', async () => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', { ...aBody, metadata: { order: '42' } })
    const id = spliceIdOf('acme', 'order-1')
    expect(answer.status).toBe(202)
    expect(answer.headers.get('Location')).toBe(`/v1/splices/${id}`)
    expect(answer.body).toMatchObject({
      id,
      object: 'splice',
      status: 'queued',
      node: 'alice',
      channel: CHANNEL,
      kind: 'splice_out',
      amountSats: 50_000,
      address: ADDRESS,
      paymentId: paymentIdOf('acme', 'order-1'),
      submittedOn: null,
      attempts: [],
      candidates: [],
      budget: { maxAttempts: 3, attemptsUsed: 0, deadline: iso(NOW + DAY), maxFeeSats: null },
      feeCap: 'gated',
      metadata: { order: '42' },
      epoch: 0,
      timeline: [{ at: iso(NOW), status: 'queued', why: 'accepted', count: 1 }],
    })
    expect(world.heard.hints).toEqual([id])
    expect(await world.store.load(id)).toMatchObject({
      version: 1,
      tenant: 'acme',
      userChannelId: '7',
      fundingHistory: [`${'f'.repeat(64)}:0`],
      script: '0014751e76e8199196d454941c45d1b3a323f1433bd6',
      generation: 4,
      leaseHeld: true,
      dueAt: NOW,
      events: [{ n: 1, type: 'splice.accepted', at: NOW, epoch: 0 }],
    } satisfies Partial<Splice>)
  })

  test('shows it as it is read later', async () => {
    const world = await aWorld()
    const ordered = await order(world, 'order-1')
    const path = `/v1/splices/${spliceIdOf('acme', 'order-1')}`
    const read = await request(world, 'GET', path, { key: world.keys.reader })
    expect(read.body).toEqual(ordered.body)
  })

  test('takes the whole budget of a client, in sat/vB and ISO 8601', async () => {
    const world = await aWorld()
    const budget = {
      maxAttempts: 10,
      deadline: iso(NOW + 30 * DAY),
      maxFeeRateSatPerVb: 20.5,
      maxFeeSats: 5_000,
    }
    const answer = await order(world, 'order-1', { ...aBody, budget, notBefore: iso(NOW + DAY) })
    expect(answer.body).toMatchObject({ budget, notBefore: iso(NOW + DAY) })
    const splice = await world.store.load(spliceIdOf('acme', 'order-1'))
    expect(splice?.budget.maxFeeRateSatPerKw).toBe(5_125)
    expect(splice?.dueAt).toBe(NOW)
  })

  test('counts the default deadline from notBefore', async () => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', { ...aBody, notBefore: iso(NOW + 2 * DAY) })
    expect(answer.body).toMatchObject({ budget: { deadline: iso(NOW + 3 * DAY) } })
  })

  test('accepts a splice-in, and a splice-out to an address that the node will give', async () => {
    const world = await aWorld()
    const { node, channel, amountSats } = aBody
    expect((await order(world, 'in', { node, channel, amountSats, kind: 'splice_in' })).status).toBe(202)
    const out = await order(world, 'out', { node, channel, amountSats, kind: 'splice_out' })
    expect(out.status).toBe(202)
    expect(out.body).toMatchObject({ address: null })
  })

  test('accepts although the hint fails: the table is the truth', async () => {
    const world = await aWorld()
    world.told.hintFails = true
    expect((await order(world, 'order-1')).status).toBe(202)
    expect(await world.store.load(spliceIdOf('acme', 'order-1'))).not.toBeNull()
    expect(world.heard.counts).toContain('api_hint_failed')
  })

  test('answers 503 without detail when the table does not answer, and a repeat finds what was written', async () => {
    let fails = true
    const world = await aWorld({
      before: (operation) =>
        fails && operation.type === 'put' && operation.row.pk.startsWith('SPL#') ? 'no_response' : null,
    })
    const failed = await order(world, 'order-1')
    expect(failed.status).toBe(503)
    expect(failed.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(failed.body).toEqual({
      type: 'urn:splicekeeper:problem:store_unavailable',
      title: 'The database does not answer',
      status: 503,
      code: 'store_unavailable',
      retry: 'same_key',
    })
    expect(JSON.stringify(world.heard.lines)).not.toContain('no_response')
    fails = false
    expect((await order(world, 'order-1')).status).toBe(200)
  })
})

describe('the idempotency key', () => {
  test('makes a repeat a replay, whatever the order of the fields', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    world.heard.puts = 0
    const reversed = Object.fromEntries(Object.entries(aBody).reverse())
    const again = await order(world, 'order-1', reversed)
    expect(again.status).toBe(200)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(again.body).toMatchObject({ id: spliceIdOf('acme', 'order-1'), status: 'queued' })
    expect(world.heard.puts).toBe(0)
    expect(world.heard.hints).toHaveLength(1)
  })

  test('replays an ended splice, and one whose channel is gone and deadline past', async () => {
    const world = await aWorld()
    const body = { ...aBody, budget: { deadline: iso(NOW + DAY) } }
    await order(world, 'order-1', body)
    await request(world, 'POST', `/v1/splices/${spliceIdOf('acme', 'order-1')}/cancel`, {
      key: world.keys.writer,
    })
    const seen = await world.store.item('channel', `alice/${CHANNEL}`)
    if (seen === null) throw new Error('seeded')
    await world.store.putItem('channel', `alice/${CHANNEL}`, { ...seen.value, goneAt: NOW + 1 }, seen.version)
    world.told.now = NOW + 2 * DAY
    const again = await order(world, 'order-1', body)
    expect(again.status).toBe(200)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(again.body).toMatchObject({ status: 'cancelled' })
  })

  test('replays a splice whose node was never seen here', async () => {
    const world = await aWorld()
    const body = { ...aBody, node: 'bob' }
    const id = spliceIdOf('acme', 'order-1')
    await world.store.create(aSplice({ node: 'bob', bodyHash: bodyHash(body) }))
    const again = await order(world, 'order-1', body)
    expect(again.status).toBe(200)
    expect(again.body).toMatchObject({ id, node: 'bob', feeCap: null })
    expect(world.heard.hints).toEqual([])
  })

  test('replays although what only a new order needs cannot be read', async () => {
    let fails = false
    const isNeeded = (pk: string): boolean => ['SPL#', 'KEY#', 'NODE', 'CHAI', 'LEAS'].includes(pk.slice(0, 4))
    const world = await aWorld({
      before: (operation) => {
        const needed = operation.type === 'get' && isNeeded(operation.key.pk)
        return fails && !needed ? 'throttle' : null
      },
    })
    await order(world, 'order-1')
    fails = true
    expect((await order(world, 'order-1')).status).toBe(200)
    expect((await order(world, 'order-2', { ...aBody, amountSats: 60_000 })).status).toBe(503)
  })

  test('refuses another body -- also one that only spells out the default', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    for (const body of [
      { ...aBody, amountSats: 50_001 },
      { ...aBody, budget: { maxAttempts: 3 } },
    ]) {
      const answer = await order(world, 'order-1', body)
      expect(answer.status).toBe(422)
      expect(answer.body).toMatchObject({ code: 'idempotency_key_reused', field: 'Idempotency-Key' })
    }
  })

  test('is missing -- 400', async () => {
    const world = await aWorld()
    const answer = await request(world, 'POST', '/v1/splices', { key: world.keys.writer, body: aBody })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'idempotency_key_missing', field: 'Idempotency-Key' })
    expect(world.heard.puts).toBe(0)
  })

  test.each(['x'.repeat(256), 'schlüssel', 'a\tb'])('is not printable ASCII up to 255 -- %j', async (key) => {
    const world = await aWorld()
    const answer = await order(world, key)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'invalid_request', field: 'Idempotency-Key' })
  })

  test('may be 255 characters long', async () => {
    expect((await order(await aWorld(), '~'.repeat(255))).status).toBe(202)
  })

  test('whose splice has an id that another order has already is refused: nothing of that order is told', async () => {
    const world = await aWorld()
    const id = spliceIdOf('acme', 'k')
    const theirs = aSplice({ id, paymentId: aTxid('0'), tenant: 'other', bodyHash: bodyHash(aBody) })
    await world.store.create(theirs)
    const answer = await order(world, 'k')
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ code: 'idempotency_key_reused', detail: 'use another key' })
    expect(await world.store.load(id)).toMatchObject({ tenant: 'other', version: 1 })
  })

  test('belongs to its tenant: the same one of two tenants orders two splices', async () => {
    expect(spliceIdOf('acme', 'k')).not.toBe(spliceIdOf('other', 'k'))
    const world = await aWorld()
    await order(world, 'k')
    const theirs = await request(world, 'POST', '/v1/splices', {
      key: world.keys.stranger,
      body: { ...aBody, node: 'carol', amountSats: 60_000 },
      headers: { 'Idempotency-Key': 'k' },
    })
    expect(theirs.status).toBe(202)
  })

  test('creates one splice when two orders race', async () => {
    const world = await aWorld()
    const answers = await Promise.all([order(world, 'k'), order(world, 'k'), order(world, 'k')])
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 202])
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect((await world.store.byTenant('acme', 10, null)).ids).toHaveLength(1)
  })

  test('is no duplicate of itself when the other of two racing orders stands in the queue already', async () => {
    const hooks: MemoryHooks = {
      before: async (operation) => {
        if (operation.type !== 'put' || !operation.row.pk.startsWith('LEASE#') || raced) return null
        raced = true
        expect((await order(world, 'k')).status).toBe(202)
        return null
      },
    }
    let raced = false
    const world = await aWorld(hooks)
    expect((await order(world, 'k')).status).toBe(200)
    expect(raced).toBe(true)
  })

  test('refuses the loser of a race that carried another body', async () => {
    const world = await aWorld()
    const answers = await Promise.all([order(world, 'k'), order(world, 'k', { ...aBody, amountSats: 60_000 })])
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 422])
  })
})

describe('a duplicate', () => {
  test('of script and amount is refused, however the address is written', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    world.heard.puts = 0
    const answer = await order(world, 'order-2', { ...aBody, address: ADDRESS.toUpperCase() })
    expect(answer.status).toBe(409)
    expect(answer.body).toMatchObject({ code: 'duplicate_output', field: 'amountSats' })
    expect(world.heard.puts).toBe(0)
  })

  test('splice-in of one amount is refused', async () => {
    const world = await aWorld()
    const body = { node: 'alice', channel: CHANNEL, kind: 'splice_in', amountSats: 9_000 }
    await order(world, 'in-1', body)
    expect((await order(world, 'in-2', body)).status).toBe(409)
    expect((await order(world, 'in-3', { ...body, amountSats: 9_001 })).status).toBe(202)
  })

  test('may be ordered once the first has ended', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    await request(world, 'POST', `/v1/splices/${spliceIdOf('acme', 'order-1')}/cancel`, {
      key: world.keys.writer,
    })
    expect((await order(world, 'order-2')).status).toBe(202)
  })

  test('is not another amount, nor another kind', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    expect((await order(world, 'order-2', { ...aBody, amountSats: 50_001 })).status).toBe(202)
    const { node, channel, amountSats } = aBody
    expect((await order(world, 'in', { node, channel, amountSats, kind: 'splice_in' })).status).toBe(202)
  })
})

type Bad = { why: string; body: unknown; status: number; code: string; field: string }

const shape = (why: string, body: unknown, field: string): Bad => ({
  why,
  body,
  status: 400,
  code: 'invalid_request',
  field,
})
const meaning = (why: string, change: object, code: string, field: string, status = 422): Bad => ({
  why,
  body: { ...aBody, ...change },
  status,
  code,
  field,
})

const bad: Bad[] = [
  shape('an amount of zero', { ...aBody, amountSats: 0 }, 'amountSats'),
  shape('a negative amount', { ...aBody, amountSats: -50_000 }, 'amountSats'),
  shape('a fractional amount', { ...aBody, amountSats: 50_000.5 }, 'amountSats'),
  shape('an amount in a string', { ...aBody, amountSats: '50000' }, 'amountSats'),
  shape('more than 21 million bitcoin', { ...aBody, amountSats: 21e14 + 1 }, 'amountSats'),
  shape('an amount that no number holds', JSON.stringify(aBody).replace('50000', '1e999'), 'amountSats'),
  shape('no body', {}, 'node'),
  shape('an array', [], 'body'),
  shape('null', 'null', 'body'),
  shape('an unknown field', { ...aBody, feerate: 3 }, 'feerate'),
  shape('an unknown field of the budget', { ...aBody, budget: { attempts: 3 } }, 'budget.attempts'),
  shape('an unknown kind', { ...aBody, kind: 'splice' }, 'kind'),
  shape('no attempts', { ...aBody, budget: { maxAttempts: 0 } }, 'budget.maxAttempts'),
  shape('eleven attempts', { ...aBody, budget: { maxAttempts: 11 } }, 'budget.maxAttempts'),
  shape('a deadline that is no time', { ...aBody, budget: { deadline: 'soon' } }, 'budget.deadline'),
  shape('a day that does not exist', { ...aBody, notBefore: '2026-02-30T00:00:00Z' }, 'notBefore'),
  shape('a fee ceiling of nothing', { ...aBody, budget: { maxFeeSats: 0 } }, 'budget.maxFeeSats'),
  shape('metadata that is not text', { ...aBody, metadata: { n: 1 } }, 'metadata.n'),
  shape('metadata over 2 KB', { ...aBody, metadata: { n: 'x'.repeat(2048) } }, 'metadata'),
  shape('an empty channel', { ...aBody, channel: '' }, 'channel'),
  meaning('an address of another network', { address: MAINNET }, 'address_network', 'address'),
  meaning('an address that is none', { address: 'bcrt1qnothing' }, 'address_invalid', 'address'),
  meaning('dust', { amountSats: 293 }, 'dust', 'amountSats'),
  meaning('dust for any address', { amountSats: 545, address: undefined }, 'dust', 'amountSats'),
  meaning('an address of a splice-in', { kind: 'splice_in' }, 'address_unexpected', 'address'),
  meaning('all that the channel holds', { amountSats: 1_000_000 }, 'amount_over_capacity', 'amountSats'),
  meaning('a channel that closes', { channel: CLOSING_CHANNEL }, 'channel_closing', 'channel'),
  meaning('a node that cannot splice', { node: 'lnd' }, 'node_unsupported', 'node'),
  meaning('a deadline now', { budget: { deadline: iso(NOW) } }, 'deadline_past', 'budget.deadline'),
  meaning(
    'a deadline in 30 days and a bit',
    { budget: { deadline: iso(NOW + 30 * DAY + 1) } },
    'deadline_too_far',
    'budget.deadline',
  ),
  meaning(
    'a start at the deadline',
    { notBefore: iso(NOW + DAY), budget: { deadline: iso(NOW + DAY) } },
    'not_before_after_deadline',
    'notBefore',
  ),
  meaning('an unknown node', { node: 'dave' }, 'node_not_found', 'node', 404),
  meaning("another tenant's node", { node: 'carol' }, 'node_not_found', 'node', 404),
  meaning('an unknown channel', { channel: 'e'.repeat(64) }, 'channel_not_found', 'channel', 404),
  meaning('a node before its first sweep', { node: 'bob' }, 'node_not_seen', 'node', 503),
]

describe('bad input', () => {
  test.each(bad)('is refused naming the field, and nothing is written -- $why', async (one) => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', one.body)
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
    expect({ status: answer.status, ...answer.body }).toMatchObject({
      status: one.status,
      code: one.code,
      field: one.field,
    })
    expect(world.heard.puts).toBe(0)
    expect(world.heard.hints).toEqual([])
    const preview = await request(world, 'POST', '/v1/splices/preview', {
      key: world.keys.reader,
      body: one.body,
    })
    expect(preview.body).toMatchObject({ code: one.code, field: one.field })
  })

  test('has every wrong field listed', async () => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', { ...aBody, amountSats: 0, kind: 'x', a: 1, b: 2 })
    const errors = answer.body.errors
    expect(Array.isArray(errors) ? errors.length : 0).toBe(4)
    expect(JSON.stringify(errors)).toMatch(/kind.*amountSats.*"a".*"b"/)
  })

  test('is not JSON -- malformed_json', async () => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', '{"node": "alice"')
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'malformed_json', field: 'body' })
    expect(world.heard.puts).toBe(0)
  })

  test('is over 16 KiB -- body_too_large', async () => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', { ...aBody, metadata: { a: 'x'.repeat(16 * 1024) } })
    expect(answer.status).toBe(413)
    expect(answer.body).toMatchObject({ code: 'body_too_large', field: 'body' })
    expect(world.heard.puts).toBe(0)
  })

  test('is not application/json -- unsupported_media_type', async () => {
    const world = await aWorld()
    const answer = await request(world, 'POST', '/v1/splices', {
      key: world.keys.writer,
      body: aBody,
      headers: { 'Idempotency-Key': 'order-1', 'Content-Type': 'text/plain' },
    })
    expect(answer.status).toBe(415)
    expect(answer.body).toMatchObject({ code: 'unsupported_media_type' })
  })

  test('says when to come back before a first sweep', async () => {
    const answer = await order(await aWorld(), 'order-1', { ...aBody, node: 'bob' })
    expect(answer.headers.get('Retry-After')).toBe('60')
  })
})
