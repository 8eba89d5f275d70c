import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { CommandResult, Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { order, request } from '../../harness/api/request.ts'
import { withCapabilities } from '../../harness/api/seed.ts'
import { NOW, aBody } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { aTxid } from '../../harness/values.ts'
import { ID, PATH, aWorldWith, attempt, bump, ended, pending, untouched } from './api-requests.ts'

const Document = z.object({
  paths: z.object({
    '/v1/splices/{id}/bump': z.object({
      post: z.object({
        operationId: z.string(),
        security: z.unknown(),
        parameters: z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean() })),
        requestBody: z.object({ required: z.boolean().optional() }),
        responses: z.record(z.string(), z.unknown()),
      }),
    }),
  }),
})

const iso = (at: number): string => new Date(at).toISOString()

describe('asking for a bump', () => {
  test('is accepted, kept, and shown', async () => {
    const world = await aWorldWith()
    world.told.now = NOW + 5
    const answer = await bump(world)
    expect(answer.status).toBe(202)
    expect(answer.headers.get('Idempotent-Replayed')).toBeNull()
    expect(answer.body).toMatchObject({
      id: ID,
      status: 'pending',
      bumps: [
        {
          id: bumpIdOf(ID, 'client', 'bump-1'),
          status: 'open',
          by: 'client',
          feeRateSatPerVb: null,
          replaces: aTxid('2'),
          txid: null,
          attempts: [],
          outcome: null,
          openedAt: iso(NOW + 5),
          endedAt: null,
        },
      ],
    })
    const stored = await world.store.load(ID)
    expect(stored).toMatchObject({ dueAt: NOW + 5, updatedAt: NOW + 5, attempts: [attempt] })
    expect(stored?.bumps).toMatchObject([
      { from: { txid: aTxid('2'), feeRateSatPerKw: 1_000 }, openedAtHeight: 210, outcome: null },
    ])
  })

  test('is read back the same', async () => {
    const world = await aWorldWith()
    const { body } = await bump(world)
    const read = await request(world, 'GET', `/v1/splices/${ID}`, { key: world.keys.reader })
    expect(read.body).toEqual(body)
  })

  test('wakes the work, and leaves a line in the audit by the name of the key', async () => {
    const world = await aWorldWith()
    await bump(world)
    expect(world.heard.hints).toEqual([ID])
    expect(world.heard.lines).toEqual([
      {
        message: 'audit',
        fields: { action: 'bump', tenant: 'acme', key: 'shop', splice: ID, requestId: 'req_chance-1' },
      },
    ])
    expect(JSON.stringify(world.heard.lines)).not.toContain('sk_')
  })

  test('is kept although the hint fails: the table is the truth', async () => {
    const world = await aWorldWith()
    world.told.hintFails = true
    expect((await bump(world)).status).toBe(202)
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
  })

  test.each([
    ['no body', undefined],
    ['an empty body', {}],
  ])('with %s leaves the feerate to the node', async (_says, body) => {
    const world = await aWorldWith()
    const answer = await bump(world, { body })
    expect(answer.status).toBe(202)
    expect((await world.store.load(ID))?.bumps[0]?.feeRateSatPerKw).toBeNull()
  })

  test('with a feerate, where the node takes one, keeps it in the units of the core and shows it in those of the client', async () => {
    const world = await aWorldWith({ node: { setsFeeRate: true } })
    const answer = await bump(world, { body: { feeRateSatPerVb: 12.5 } })
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ bumps: [{ feeRateSatPerVb: 12.5 }] })
    expect((await world.store.load(ID))?.bumps[0]?.feeRateSatPerKw).toBe(3_125)
  })

  test('after an ended one is accepted, and both are shown', async () => {
    const world = await aWorldWith({ splice: pending({ bumps: [ended(0)] }) })
    expect((await bump(world)).body).toMatchObject({
      bumps: [{ status: 'done', txid: aTxid('2'), endedAt: iso(NOW) }, { status: 'open' }],
    })
  })
})

describe('the idempotency key of a bump', () => {
  test('makes a repeat a replay: 200, the header, and nothing written', async () => {
    const world = await aWorldWith()
    const first = await bump(world)
    world.heard.puts = 0
    for (const body of [undefined, {}]) {
      const again = await bump(world, { body })
      expect(again.status).toBe(200)
      expect(again.headers.get('Idempotent-Replayed')).toBe('true')
      expect(again.body).toEqual(first.body)
    }
    expect(world.heard.puts).toBe(0)
    expect(world.heard.hints).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test.each<[string, Partial<Splice>]>([
    ['the splice has settled', { state: 'settled' }],
    ['the splice has failed', { state: 'failed' }],
    ['it needs attention', { state: 'needs_attention', attention: { code: 'x', message: 'x' } }],
  ])('is replayed after the bump has ended, although %s', async (_says, overrides) => {
    const world = await aWorldWith()
    await bump(world)
    const stored = await world.store.load(ID)
    if (stored === null) throw new Error('missing')
    const context = { now: NOW + 9, policy: world.deps.policy }
    const done = step(stored, { type: 'bump_done', txid: aTxid('3') }, context).splice
    await world.store.save({ ...done, ...overrides })
    const again = await bump(world)
    expect(again.status).toBe(200)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(again.body).toMatchObject({
      status: overrides.state,
      bumps: [
        {
          status: 'done',
          txid: aTxid('3'),
          outcome: { code: 'replaced', message: 'a replacement was seen' },
          endedAt: iso(NOW + 9),
        },
      ],
    })
  })

  test('is replayed although the node has lost what made it possible', async () => {
    const world = await aWorldWith()
    await bump(world)
    const seen = await world.store.item('node', 'alice')
    if (seen === null) throw new Error('seeded')
    await world.store.putItem('node', 'alice', withCapabilities(seen.value, { bump: false }), seen.version)
    expect((await bump(world)).status).toBe(200)
  })

  test('with another body is refused, and nothing changes', async () => {
    const world = await aWorldWith({ node: { setsFeeRate: true } })
    await bump(world, { body: { feeRateSatPerVb: 12 } })
    world.heard.puts = 0
    for (const body of [undefined, {}, { feeRateSatPerVb: 13 }]) {
      const other = await bump(world, { body })
      expect(other.status).toBe(422)
      expect(other.body).toMatchObject({ code: 'idempotency_key_reused', field: 'Idempotency-Key' })
    }
    expect(world.heard.puts).toBe(0)
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
  })

  test('is one thing for an order and another for a bump', async () => {
    const world = await aWorldWith()
    expect((await order(world, 'same', { ...aBody, amountSats: 60_000 })).status).toBe(202)
    expect((await bump(world, { key: 'same' })).status).toBe(202)
    expect(spliceIdOf('acme', 'same')).not.toBe(ID)
  })

  test('is not stored with a refusal: the same key may be used when it can be done', async () => {
    const world = await aWorldWith({ node: { overlapGuard: false } })
    expect((await bump(world)).status).toBe(422)
    const seen = await world.store.item('node', 'alice')
    if (seen === null) throw new Error('seeded')
    await world.store.putItem('node', 'alice', withCapabilities(seen.value, { overlapGuard: true }), seen.version)
    expect((await bump(world)).status).toBe(202)
  })

  test('is needed', async () => {
    const world = await aWorldWith()
    const answer = await request(world, 'POST', PATH, { key: world.keys.writer })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'idempotency_key_missing', field: 'Idempotency-Key' })
    await untouched(world, pending())
  })

  test.each(['', 'x'.repeat(256), 'ü'])('of another form is refused: %j', async (key) => {
    const world = await aWorldWith()
    const answer = await bump(world, { key })
    expect(answer.status).toBe(400)
    await untouched(world, pending())
  })
})

describe('what the node said in its own words stays out of the answer', () => {
  const WORDS = 'macaroon 0201036c6e64 of /home/alice'

  async function shown(result: CommandResult): Promise<{ text: string; body: Record<string, unknown> }> {
    const under = { ...attempt, id: 'b', kind: 'bump' as const, result: null }
    const open = ended(0, { attempts: [under], attemptSerial: 1, outcome: null })
    const splice = step(
      pending({ bumps: [open] }),
      { type: 'bump_answered', id: 'b', result, jitter: 0 },
      { now: NOW, policy: (await aWorld()).deps.policy },
    ).splice
    const world = await aWorldWith({ splice })
    const { body } = await request(world, 'GET', `/v1/splices/${ID}`, { key: world.keys.reader })
    return { text: JSON.stringify(body), body }
  }

  test.each<[string, CommandResult]>([
    ['unknown', { type: 'unknown', message: WORDS }],
    ['refused for now', { type: 'refused', class: 'not_now', message: WORDS }],
    ['refused for its credential', { type: 'refused', class: 'config', message: WORDS }],
  ])('an attempt: %s', async (_says, result) => {
    const { text, body } = await shown(result)
    expect(text).not.toContain('0201036c6e64')
    expect(body).toMatchObject({ bumps: [{ status: 'open', attempts: [{ result: result.type }] }] })
  })

  test('an outcome: refused', async () => {
    const { body } = await shown({ type: 'refused', class: 'invalid', message: WORDS })
    expect(body).toMatchObject({
      bumps: [{ status: 'abandoned', outcome: { code: 'refused', message: 'the node refused' } }],
    })
    expect(JSON.stringify(body.bumps)).not.toContain('0201036c6e64')
  })

  test('the timeline of a bump that was refused', async () => {
    const { text } = await shown({ type: 'refused', class: 'invalid', message: WORDS })
    expect(text).not.toContain('0201036c6e64')
  })

  test('an outcome: nothing to replace, as the node said', async () => {
    const { body } = await shown({
      type: 'refused',
      class: 'not_now',
      reason: 'CannotInitiateRbf',
      message: WORDS,
    })
    expect(JSON.stringify(body.bumps)).not.toContain('0201036c6e64')
  })
})

test('the OpenAPI document lists the bump, its key, its optional body and what it answers', async () => {
  const { body } = await request(await aWorld(), 'GET', '/openapi.json')
  const { post } = Document.parse(body).paths['/v1/splices/{id}/bump']
  expect(post.operationId).toBe('bumpSplice')
  expect(post.security).toEqual([{ key: [] }])
  expect(post.parameters.map(({ name, in: where, required }) => [name, where, required])).toEqual([
    ['id', 'path', true],
    ['Idempotency-Key', 'header', true],
  ])
  expect(post.requestBody.required ?? false).toBe(false)
  expect(Object.keys(post.responses)).toEqual(
    expect.arrayContaining(['200', '202', '400', '401', '403', '404', '409', '422', '500', '503']),
  )
})
