import { hc } from 'hono/client'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { err } from '../../core/values/result.ts'
import type { Routes } from '../../functions/api/app.ts'
import { hashOf } from '../../core/keys/api-key.ts'
import { aCandidate } from '../../harness/records/attempts.ts'
import { aBump } from '../../harness/records/bumps.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { CHANNEL, NOW, aBody } from '../../harness/api/values.ts'
import { aPreview } from '../../harness/api/seed.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'

const List = z.object({ data: z.array(z.record(z.string(), z.unknown())), cursor: z.string().nullish() })
const iso = (at: number) => new Date(at).toISOString()

describe('authentication', () => {
  const paths = ['/v1/splices', '/v1/nodes', '/v1/channels', '/v1/events', '/v1/splices/spl_x']

  test.each(paths)('keeps %s from who shows no key, an unknown one or another scheme', async (path) => {
    const world = await aWorld()
    for (const Authorization of ['', 'Bearer ', 'Bearer sk_unknown', `Basic ${world.keys.reader}`]) {
      const answer = await request(world, 'GET', path, { headers: { Authorization } })
      expect(answer.status).toBe(401)
      expect(answer.body).toMatchObject({ code: 'unauthorized' })
      expect(answer.headers.get('WWW-Authenticate')).toContain('Bearer')
      expect(JSON.stringify(answer.body)).not.toContain('sk_')
    }
  })

  test('ends with the revocation of the key', async () => {
    const world = await aWorld()
    const hash = hashOf(world.keys.reader)
    const key = await world.store.item('key', hash)
    if (key === null) throw new Error('seeded')
    await world.store.putItem('key', hash, { ...key.value, revokedAt: NOW }, key.version)
    expect((await request(world, 'GET', '/v1/splices', { key: world.keys.reader })).status).toBe(401)
  })

  test('stores no secret, only its hash', async () => {
    const world = await aWorld()
    expect(world.keys.reader).toMatch(/^sk_[A-Za-z0-9_-]{43}$/)
    expect(await world.store.item('key', world.keys.reader)).toBeNull()
    expect(JSON.stringify(await world.store.item('key', hashOf(world.keys.reader)))).not.toContain(world.keys.reader)
  })

  test('forbids what the scopes of a key do not cover', async () => {
    const world = await aWorld()
    const id = spliceIdOf('acme', 'order-1')
    const tries: [string, string, string][] = [
      ['reader', '/v1/splices', 'splices:write'],
      ['reader', `/v1/splices/${id}/cancel`, 'splices:write'],
      ['reader', `/v1/splices/${id}/retry`, 'splices:write'],
      ['writer', `/v1/splices/${id}/resolve`, 'operator'],
      ['writer', `/v1/channels/${CHANNEL}/unfreeze`, 'operator'],
    ]
    for (const [who, path, scope] of tries) {
      const key = who === 'reader' ? world.keys.reader : world.keys.writer
      const answer = await request(world, 'POST', path, { key, body: {} })
      expect(answer.status).toBe(403)
      expect(answer.body).toMatchObject({ code: 'forbidden', detail: `the scope ${scope} is required` })
    }
    expect(world.heard.puts).toBe(0)
  })
})

describe('reading', () => {
  test('shows attempts, candidates and what became of them', async () => {
    const world = await aWorld()
    const outpoint = `${aTxid('f')}:0`
    const attempt = {
      kind: 'submit' as const,
      submittedOn: outpoint,
      startedAt: NOW,
      fenceAt: null,
      steps: [],
      seenDisconnectedAt: null,
    }
    await world.store.create(
      aSplice({
        state: 'confirmed',
        submittedOn: outpoint,
        attempts: [
          {
            ...attempt,
            id: 'a',
            number: 1,
            result: { type: 'refused', class: 'not_now', message: 'password=hunter2', at: NOW },
            notExecuted: { proof: 'refused', at: NOW },
            count: 4,
          },
          { ...attempt, id: 'b', number: 2, result: { type: 'taken', at: NOW }, notExecuted: null, count: 1 },
        ],
        candidates: [
          {
            txid: aTxid('2'),
            spends: outpoint,
            feeSats: 310,
            feeRateSatPerKw: 525,
            seenAt: NOW,
            seenAtHeight: null,
            block: { height: 208, hash: aTxid('3') },
          },
        ],
        waitingFor: { code: 'depth', message: 'It waits for 6 confirmations.' },
      }),
    )
    const { body } = await request(world, 'GET', `/v1/splices/${aSplice().id}`, { key: world.keys.reader })
    expect(body).toMatchObject({
      status: 'confirmed',
      submittedOn: outpoint,
      attempts: [
        {
          number: 1,
          result: 'refused',
          refusal: 'not_now',
          notExecuted: true,
          provenBy: 'refused',
          count: 4,
        },
        { number: 2, kind: 'submit', startedAt: iso(NOW), result: 'taken', notExecuted: false },
      ],
      candidates: [{ txid: aTxid('2'), feeSats: 310, feeRateSatPerVb: 2.1, confirmations: 3, seenAt: iso(NOW) }],
      txid: aTxid('2'),
      feeSats: 310,
      confirmations: 3,
      confirmationsNeeded: 6,
      nextAttemptAt: null,
      budget: { attemptsUsed: 1 },
      waitingFor: 'It waits for 6 confirmations.',
    })
    expect(JSON.stringify(body)).not.toContain('hunter2')
  })

  test('shows no figure of a transaction that is not there', async () => {
    const world = await aWorld()
    await world.store.create(aSplice({ node: 'bob' }))
    const { body } = await request(world, 'GET', `/v1/splices/${aSplice().id}`, { key: world.keys.reader })
    const unknown = { txid: null, feeSats: null, confirmations: null, confirmationsNeeded: null, nextAttemptAt: null }
    expect(body).toMatchObject(unknown)
  })

  test('shows at the top what the confirmed transaction says, else the newest; a list says the same', async () => {
    const world = await aWorld()
    const channel = await world.store.item('channel', `alice/${CHANNEL}`)
    if (channel === null) throw new Error('seeded')
    await world.store.putItem('channel', `alice/${CHANNEL}`, { ...channel.value, lockDepth: 9 }, channel.version)
    const older = aCandidate({ txid: aTxid('2'), feeSats: 310, block: { height: 209, hash: aTxid('3') } })
    const newer = aCandidate({ txid: aTxid('4'), feeSats: 900 })
    await world.store.create(aSplice({ state: 'confirmed', candidates: [older, newer] }))
    await world.store.create(aSplice({ id: aSpliceId(2), state: 'pending', candidates: [newer] }))
    for (const [id, figures] of [
      [aSpliceId(1), { txid: aTxid('2'), feeSats: 310, confirmations: 2, confirmationsNeeded: 9 }],
      [aSpliceId(2), { txid: aTxid('4'), feeSats: 900, confirmations: 0, confirmationsNeeded: 9 }],
    ] as const) {
      const { body } = await request(world, 'GET', `/v1/splices/${id}`, { key: world.keys.reader })
      expect(body).toMatchObject(figures)
      const list = await request(world, 'GET', '/v1/splices', { key: world.keys.reader })
      expect(list.body.data).toContainEqual(body)
    }
  })

  test.each([
    ['a back-off', { nextAttemptAt: NOW + 5_000 }, NOW + 5_000],
    ['the later of its times', { nextAttemptAt: NOW + 5_000, notBefore: NOW + 9_000 }, NOW + 9_000],
    ['a time that has passed', { nextAttemptAt: NOW - 5_000, notBefore: NOW - 9_000 }, null],
    [
      'nothing, once it was stopped',
      { nextAttemptAt: NOW + 5_000, stopped: { code: 'x', message: '', at: NOW } },
      null,
    ],
    ['nothing, once it has ended', { nextAttemptAt: NOW + 5_000, state: 'failed' as const, dueAt: null }, null],
    [
      'the back-off of its fee bump',
      { state: 'pending' as const, bumps: [aBump({ nextAttemptAt: NOW + 7_000 })] },
      NOW + 7_000,
    ],
  ])('shows when the next attempt may come if it waits for %s', async (_says, changes, at) => {
    const world = await aWorld()
    await world.store.create(aSplice(changes))
    const { body } = await request(world, 'GET', `/v1/splices/${aSplice().id}`, { key: world.keys.reader })
    expect(body).toMatchObject({ nextAttemptAt: at === null ? null : iso(at) })
  })

  test('does not know the splice of another tenant, nor one that never was', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    const id = spliceIdOf('acme', 'order-1')
    const foreign = await request(world, 'GET', `/v1/splices/${id}`, { key: world.keys.stranger })
    const missing = await request(world, 'GET', '/v1/splices/spl_0', { key: world.keys.stranger })
    expect(foreign.status).toBe(404)
    expect(foreign.body).toMatchObject({ code: 'splice_not_found' })
    expect(missing.body).toEqual(foreign.body)
  })

  test('lists newest first, in pages, with filters, and only what is ours', async () => {
    const world = await aWorld()
    for (const n of [1, 2, 3]) {
      world.told.now = NOW + n
      await order(world, `order-${n}`, { ...aBody, amountSats: 50_000 + n })
    }
    await request(world, 'POST', `/v1/splices/${spliceIdOf('acme', 'order-2')}/cancel`, {
      key: world.keys.writer,
    })
    const get = async (query: string, key = world.keys.reader) =>
      List.parse((await request(world, 'GET', `/v1/splices${query}`, { key })).body)
    const amounts = (list: z.infer<typeof List>) => list.data.map((splice) => splice.amountSats)

    expect(amounts(await get(''))).toEqual([50_003, 50_002, 50_001])
    const first = await get('?limit=2')
    expect(amounts(first)).toEqual([50_003, 50_002])
    expect(amounts(await get(`?limit=2&cursor=${first.cursor ?? ''}`))).toEqual([50_001])
    expect(amounts(await get('?status=cancelled'))).toEqual([50_002])
    expect(amounts(await get('?status=live'))).toEqual([50_003, 50_001])
    expect(amounts(await get(`?channel=${CHANNEL}&status=queued`))).toEqual([50_003, 50_001])
    expect(amounts(await get('?node=bob'))).toEqual([])
    expect((await get('', world.keys.stranger)).data).toEqual([])
    // A cursor of another tenant is only a place in one's own list.
    expect((await get(`?cursor=${first.cursor ?? ''}`, world.keys.stranger)).data).toEqual([])
  })

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1e1', 'limit'],
    ['status=done', 'status'],
    ['state=queued', 'state'],
    ['cursor=nonsense', 'cursor'],
  ])('refuses the query %s naming the field', async (query, field) => {
    const world = await aWorld()
    const answer = await request(world, 'GET', `/v1/splices?${query}`, { key: world.keys.reader })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'invalid_request', field })
  })

  test('gives the event log after a sequence, in order, and only ours', async () => {
    const world = await aWorld()
    for (const n of [1, 2, 3]) {
      await world.store.appendEvent('acme', {
        id: `evt_${n}`,
        type: 'splice.accepted',
        spliceId: `spl_${n}`,
        epoch: 0,
        at: NOW,
      })
    }
    const { body } = await request(world, 'GET', '/v1/events?after=1&limit=1', { key: world.keys.reader })
    expect(body.data).toEqual([
      {
        object: 'event',
        sequence: 2,
        id: 'evt_2',
        type: 'splice.accepted',
        splice: 'spl_2',
        webhook: null,
        epoch: 0,
        at: iso(NOW),
        snapshot: null,
      },
    ])
    const theirs = await request(world, 'GET', '/v1/events', { key: world.keys.stranger })
    expect(theirs.body).toEqual({ object: 'list', data: [] })
    const wrong = await request(world, 'GET', '/v1/events?after=-1', { key: world.keys.reader })
    expect(wrong.body).toMatchObject({ code: 'invalid_request', field: 'after' })
  })
})

describe('nodes and channels', () => {
  test('are what the nodes report now, and only those of the tenant', async () => {
    const world = await aWorld()
    const nodes = List.parse((await request(world, 'GET', '/v1/nodes', { key: world.keys.reader })).body)
    expect(nodes.data.map((node) => node.name)).toEqual(['alice', 'bob', 'lnd'])
    expect(nodes.data[0]).toMatchObject({
      stale: false,
      version: '0.3.1',
      feeRateSatPerVb: 2,
      capabilities: {
        spliceOut: true,
        feeCap: 'gated',
        picksChannel: false,
        transactions: 'inferred',
        fenceSeconds: 120,
      },
      paused: null,
    })
    const channels = await request(world, 'GET', '/v1/channels?node=alice', { key: world.keys.reader })
    expect(channels.body.data).toMatchObject([
      { node: 'alice', channel: CHANNEL, stale: false, outboundMsat: 500_000_000 },
    ])
    expect(JSON.stringify([nodes, channels.body])).not.toContain('relay key')
  })

  test('are what was last seen, and say so, when the node does not answer', async () => {
    const world = await aWorld()
    world.told.look = err({ class: 'unreachable', message: 'connect ECONNREFUSED user:secret@10.0.0.1' })
    const nodes = List.parse((await request(world, 'GET', '/v1/nodes', { key: world.keys.reader })).body)
    expect(nodes.data[0]).toMatchObject({ name: 'alice', stale: true, version: '0.3.0', channelCount: 2 })
    expect(nodes.data[1]).toMatchObject({ name: 'bob', stale: true, observedAt: null, capabilities: null })
    const channels = await request(world, 'GET', '/v1/channels?node=alice', { key: world.keys.reader })
    expect(channels.body.data).toMatchObject([
      {
        node: 'alice',
        channel: CHANNEL,
        stale: true,
        observedAt: iso(NOW - 30_000),
        outboundMsat: 600_000_000,
      },
      { node: 'alice', closing: true },
    ])
    expect(JSON.stringify([nodes, channels.body])).not.toContain('secret')
  })

  test("do not exist where they are another tenant's", async () => {
    const world = await aWorld()
    for (const node of ['carol', 'dave']) {
      const answer = await request(world, 'GET', `/v1/channels?node=${node}`, { key: world.keys.reader })
      expect(answer.status).toBe(404)
      expect(answer.body).toMatchObject({ code: 'node_not_found', field: 'node' })
    }
  })
})

describe('the preview', () => {
  test('shows the gates and accepts nothing', async () => {
    const world = await aWorld()
    const answer = await request(world, 'POST', '/v1/splices/preview', {
      key: world.keys.reader,
      body: aBody,
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      object: 'preview',
      open: false,
      gates: aPreview.gates,
      estimatedFeeSats: 300,
      feeRateSatPerVb: 2,
      outboundSats: 600_000,
    })
    expect(world.heard.puts).toBe(0)
    expect((await world.store.byTenant('acme', 10, null)).ids).toEqual([])
  })

  test('refuses what the order would be refused for -- a duplicate', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    const answer = await request(world, 'POST', '/v1/splices/preview', {
      key: world.keys.reader,
      body: aBody,
    })
    expect(answer.body).toMatchObject({ code: 'duplicate_output' })
  })
})

describe('every answer', () => {
  test('carries security headers and no CORS, also an error', async () => {
    const world = await aWorld()
    for (const path of ['/health', '/v1/splices', '/nowhere', '/openapi.json']) {
      const { headers } = await request(world, 'GET', path, { headers: { Origin: 'https://evil.example' } })
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('X-Frame-Options')).toBe('DENY')
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(headers.get('Strict-Transport-Security')).not.toBeNull()
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
    }
    const { headers } = await request(world, 'GET', '/v1/nodes', { key: world.keys.reader })
    expect(headers.get('Cache-Control')).toBe('no-store')
  })

  test('to an unknown path is a problem', async () => {
    const answer = await request(await aWorld(), 'GET', '/v1/nothing')
    expect(answer.status).toBe(404)
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ code: 'not_found' })
  })

  test('of /health needs no key', async () => {
    const answer = await request(await aWorld(), 'GET', '/health')
    expect(answer.body).toEqual({ status: 'ok' })
  })
})

describe('the typed client', () => {
  test('orders and reads a splice', async () => {
    const world = await aWorld()
    const client = hc<Routes>('http://localhost', {
      headers: { Authorization: `Bearer ${world.keys.writer}` },
      fetch: (input: string | URL | Request, init?: RequestInit) => world.app.request(input, init),
    })
    const accepted = await client.v1.splices.$post({
      json: { node: 'alice', channel: CHANNEL, kind: 'splice_in', amountSats: 9_000 },
      header: { 'Idempotency-Key': 'typed' },
    })
    expect(accepted.status).toBe(202)
    if (accepted.status !== 202) return
    const { id } = await accepted.json()
    const read = await client.v1.splices[':id'].$get({ param: { id } })
    expect(read.ok ? (await read.json()).status : null).toBe('queued')
  })
})
