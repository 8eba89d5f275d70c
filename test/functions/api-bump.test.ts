import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { MemoryHooks, Operation } from '../../adapters/store/memory.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import type { ChannelState } from '../../core/ports/records.ts'
import type { Capabilities } from '../../core/ports/node.ts'
import { channelKey } from '../../core/ports/records.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { Attempt, Bump, CommandResult, Splice } from '../../core/splice/splice.ts'
import { SpliceState as States } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { CHANNEL, NOW, aBody } from '../../harness/api/values.ts'
import { withCapabilities } from '../../harness/api/seed.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'
import type { Answer } from '../../harness/api/answer.ts'
import type { World } from '../../harness/api/world.ts'

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

const ID = aSpliceId(1)
const FUNDING = `${aTxid('f')}:0`
const PATH = `/v1/splices/${ID}/bump`
const iso = (at: number): string => new Date(at).toISOString()

const attempt: Attempt = {
  id: 'a',
  number: 1,
  kind: 'submit',
  submittedOn: FUNDING,
  startedAt: NOW,
  fenceAt: NOW + 1,
  steps: [],
  result: { type: 'taken', at: NOW },
  notExecuted: null,
  seenDisconnectedAt: null,
  count: 1,
}

const candidate = {
  txid: aTxid('2'),
  spends: FUNDING,
  feeSats: 600,
  feeRateSatPerKw: 1_000,
  seenAt: NOW,
  seenAtHeight: 200,
  block: null,
}

/** A splice whose transaction waits at 4 sat/vB, under a ceiling of 20. */
function pending(overrides: Partial<Splice> = {}): Splice {
  return aSplice({
    generation: 4,
    state: 'pending',
    submittedOn: FUNDING,
    attempts: [attempt],
    candidates: [candidate],
    events: [{ n: 1, type: 'splice.accepted', at: NOW, epoch: 0 }],
    eventSerial: 1,
    leaseHeld: true,
    dueAt: NOW + 3_600_000,
    ...overrides,
  })
}

function ended(n: number, overrides: Partial<Bump> = {}): Bump {
  return {
    id: `bmp_${n}`,
    by: 'client',
    bodyHash: '',
    feeRateSatPerKw: null,
    from: { txid: aTxid('1'), feeRateSatPerKw: 500 },
    attempts: [],
    attemptSerial: 0,
    baseline: null,
    quietSince: null,
    lastLookAt: null,
    inFlightAt: null,
    nextAttemptAt: null,
    openedAt: NOW,
    openedAtHeight: 200,
    outcome: {
      result: 'done',
      code: 'replaced',
      message: 'a replacement was seen',
      txid: aTxid('2'),
      at: NOW,
    },
    ...overrides,
  }
}

type Given = {
  readonly splice?: Splice
  readonly node?: Partial<Capabilities>
  readonly channel?: Partial<ChannelState>
  readonly hooks?: MemoryHooks
}

async function aWorldWith({
  splice = pending(),
  node = {},
  channel = {},
  hooks = {},
}: Given = {}): Promise<World> {
  const world = await aWorld(hooks)
  await world.store.create(splice)
  const seen = await world.store.item('node', 'alice')
  const link = await world.store.item('channel', channelKey('alice', CHANNEL))
  if (seen === null || link === null) throw new Error('seeded')
  await world.store.putItem('node', 'alice', withCapabilities(seen.value, node), seen.version)
  await world.store.putItem(
    'channel',
    channelKey('alice', CHANNEL),
    { ...link.value, ...channel },
    link.version,
  )
  world.heard.puts = 0
  return world
}

type Asked = { readonly body?: unknown; readonly key?: string; readonly credential?: string }

function bump(
  world: World,
  { body, key = 'bump-1', credential = world.keys.writer }: Asked = {},
): Promise<Answer> {
  return request(world, 'POST', PATH, {
    key: credential,
    headers: { 'Idempotency-Key': key },
    ...(body === undefined ? {} : { body }),
  })
}

const isSplice = (operation: Operation): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith('SPL#') && operation.condition !== 'absent'

/** Nothing was written, hinted or audited, and the splice stands as it stood. */
async function untouched(world: World, splice: Splice): Promise<void> {
  expect(world.heard.puts).toBe(0)
  expect(world.heard.hints).toEqual([])
  expect(world.heard.lines).toEqual([])
  expect((await world.store.load(ID))?.bumps).toEqual(splice.bumps)
}

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
      { message: 'audit', fields: { action: 'bump', tenant: 'acme', key: 'shop', splice: ID } },
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
    await world.store.putItem(
      'node',
      'alice',
      withCapabilities(seen.value, { overlapGuard: true }),
      seen.version,
    )
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

describe('what is wrong with a body', () => {
  test.each<[string, unknown, string, string]>([
    ['an unknown field', { feeRate: 12 }, 'invalid_request', 'feeRate'],
    [
      'a feerate of the wrong name beside none',
      { feeRateSatPerKw: 3_000 },
      'invalid_request',
      'feeRateSatPerKw',
    ],
    ['a text', { feeRateSatPerVb: '12' }, 'invalid_request', 'feeRateSatPerVb'],
    ['null', { feeRateSatPerVb: null }, 'invalid_request', 'feeRateSatPerVb'],
    ['zero', { feeRateSatPerVb: 0 }, 'invalid_request', 'feeRateSatPerVb'],
    ['a negative one', { feeRateSatPerVb: -1 }, 'invalid_request', 'feeRateSatPerVb'],
    ['more than can be', { feeRateSatPerVb: 1_000_001 }, 'invalid_request', 'feeRateSatPerVb'],
    ['a list', [], 'invalid_request', 'body'],
    ['no JSON', '{', 'malformed_json', 'body'],
  ])('%s is refused, naming it', async (_says, body, code, field) => {
    const world = await aWorldWith({ node: { setsFeeRate: true } })
    const answer = await bump(world, { body })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code, field })
    await untouched(world, pending())
  })

  test('a body that does not say that it is JSON is refused, not passed over', async () => {
    const world = await aWorldWith({ node: { setsFeeRate: true } })
    const answer = await request(world, 'POST', PATH, {
      key: world.keys.writer,
      body: { feeRateSatPerVb: 12 },
      headers: { 'Idempotency-Key': 'bump-1', 'Content-Type': 'text/plain' },
    })
    expect(answer.status).toBe(415)
    expect(answer.body).toMatchObject({ code: 'unsupported_media_type' })
    await untouched(world, pending())
  })
})

describe('what cannot be bumped', () => {
  test.each(States.options.filter((state) => state !== 'pending'))('one that is %s', async (state) => {
    const attention = state === 'needs_attention' ? { code: 'x', message: 'x' } : null
    const world = await aWorldWith({ splice: pending({ state, attention }) })
    const answer = await bump(world)
    expect(answer.status).toBe(409)
    expect(answer.body).toMatchObject({ code: 'not_bumpable' })
    await untouched(world, pending())
  })

  const ten = Array.from({ length: 10 }, (_, n) => ended(n))
  const setting = { setsFeeRate: true }
  test.each<[string, Given, unknown, number, string, string | null]>([
    [
      'one with an open bump',
      { splice: pending({ bumps: [ended(0, { outcome: null })] }) },
      {},
      409,
      'bump_open',
      null,
    ],
    ['one that was bumped ten times', { splice: pending({ bumps: ten }) }, {}, 409, 'bumps_spent', null],
    ['a node without the guard', { node: { overlapGuard: false } }, {}, 422, 'bump_unsupported', null],
    ['a node that does not bump', { node: { bump: false } }, {}, 422, 'bump_unsupported', null],
    [
      'a splice-in',
      { splice: pending({ kind: 'splice_in', address: null, script: null }) },
      {},
      422,
      'bump_unsupported',
      null,
    ],
    ['a zero-conf channel', { channel: { lockDepth: 0 } }, {}, 422, 'bump_unsupported', null],
    [
      'a feerate, where the node takes none',
      {},
      { feeRateSatPerVb: 12 },
      422,
      'fee_rate_unsupported',
      'feeRateSatPerVb',
    ],
    // The least replacement of 1000 sat/kw is 1042: 4.168 sat/vB.
    [
      'a feerate below the least',
      { node: setting },
      { feeRateSatPerVb: 4.16 },
      422,
      'fee_rate_too_low',
      'feeRateSatPerVb',
    ],
    [
      'the feerate that stands',
      { node: setting },
      { feeRateSatPerVb: 4 },
      422,
      'fee_rate_too_low',
      'feeRateSatPerVb',
    ],
    [
      'a feerate over the ceiling',
      { node: setting },
      { feeRateSatPerVb: 20.01 },
      422,
      'fee_rate_over_ceiling',
      'feeRateSatPerVb',
    ],
  ])('%s', async (_says, given, body, status, code, field) => {
    const world = await aWorldWith(given)
    const answer = await bump(world, { body })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ code, type: `urn:splicekeeper:problem:${code}` })
    expect(answer.body.field ?? null).toBe(field)
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
    await untouched(world, given.splice ?? pending())
  })

  test.each([4.17, 20])('a feerate of %d, just inside, is accepted', async (feeRateSatPerVb) => {
    const world = await aWorldWith({ node: setting })
    expect((await bump(world, { body: { feeRateSatPerVb } })).status).toBe(202)
  })

  test('a splice that is not there, or is of another tenant: both are 404', async () => {
    const world = await aWorldWith()
    const stranger = await bump(world, { credential: world.keys.stranger })
    const missing = await request(world, 'POST', `/v1/splices/${aSpliceId(9)}/bump`, {
      key: world.keys.writer,
      headers: { 'Idempotency-Key': 'bump-1' },
    })
    for (const answer of [stranger, missing]) {
      expect(answer.status).toBe(404)
      expect(answer.body).toMatchObject({ code: 'splice_not_found' })
    }
    await untouched(world, pending())
  })

  test('and a key of another tenant learns nothing from a replay', async () => {
    const world = await aWorldWith()
    await bump(world)
    const answer = await bump(world, { credential: world.keys.stranger })
    expect(answer.status).toBe(404)
    expect(JSON.stringify(answer.body)).not.toContain('bmp_')
  })

  test('by a key that may only read, or by none', async () => {
    const world = await aWorldWith()
    const reader = await bump(world, { credential: world.keys.reader })
    expect([reader.status, reader.body.code]).toEqual([403, 'forbidden'])
    const nobody = await request(world, 'POST', PATH, { headers: { 'Idempotency-Key': 'bump-1' } })
    expect([nobody.status, nobody.body.code]).toEqual([401, 'unauthorized'])
    await untouched(world, pending())
  })
})

describe('bumps that race', () => {
  test('two at once with two keys: one is accepted, the other finds it open', async () => {
    const world = await aWorldWith()
    const answers = await Promise.all([bump(world, { key: 'one' }), bump(world, { key: 'two' })])
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409])
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'bump_open' })
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test('two at once with one key: both get the one bump', async () => {
    const world = await aWorldWith()
    const answers = await Promise.all([bump(world), bump(world)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 202])
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test('one that loses is tried again on what stands then', async () => {
    let losses = 4
    const world = await aWorldWith({
      hooks: { before: (operation) => (isSplice(operation) && losses-- > 0 ? 'lost_race' : null) },
    })
    expect((await bump(world)).status).toBe(202)
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test('one whose transaction confirmed meanwhile is refused', async () => {
    let once = true
    const world: World = await aWorldWith({
      hooks: {
        before: async (operation) => {
          if (!isSplice(operation) || !once) return null
          once = false
          const stored = await world.store.load(ID)
          if (stored !== null) await world.store.save({ ...stored, state: 'confirmed' })
          return null
        },
      },
    })
    expect((await bump(world)).body).toMatchObject({ status: 409, code: 'not_bumpable' })
    expect((await world.store.load(ID))?.bumps).toEqual([])
  })

  test('one that loses every race is busy, and nothing is written, hinted or audited', async () => {
    const world = await aWorldWith({
      hooks: { before: (operation) => (isSplice(operation) ? 'lost_race' : null) },
    })
    const answer = await bump(world)
    expect(answer.status).toBe(503)
    expect(answer.body).toMatchObject({ code: 'busy' })
    expect(answer.headers.get('Retry-After')).toBe('1')
    expect(world.heard).toMatchObject({ puts: 100, hints: [], lines: [] })
    expect((await world.store.load(ID))?.bumps).toEqual([])
  })

  test('one whose answer was lost on the way back finds its bump', async () => {
    let fails = true
    const world = await aWorldWith({
      hooks: { before: (operation) => (fails && isSplice(operation) ? 'no_response' : null) },
    })
    const failed = await bump(world)
    expect(failed.status).toBe(500)
    expect(failed.body).toMatchObject({ code: 'internal' })
    expect(JSON.stringify(failed.body)).not.toContain('no_response')
    fails = false
    const again = await bump(world)
    expect(again.status).toBe(200)
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
  })

  test('a database that fails before it has written leaves nothing', async () => {
    let fails = true
    const world = await aWorldWith({
      hooks: { before: (operation) => (fails && isSplice(operation) ? 'throttle' : null) },
    })
    expect((await bump(world)).status).toBe(500)
    fails = false
    expect((await world.store.load(ID))?.bumps).toEqual([])
    expect(world.heard).toMatchObject({ hints: [] })
    expect((await bump(world)).status).toBe(202)
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

describe('a splice that is to bump by itself', () => {
  const auto = { ...aBody, autoBump: { afterBlocks: 6 }, budget: { maxFeeRateSatPerVb: 20 } }
  const id = spliceIdOf('acme', 'auto')
  const on = async (given: Given) =>
    aWorldWith({ splice: aSplice({ id: aSpliceId(7), amountSats: 77_000 }), ...given })

  test('is accepted with a ceiling, and shown', async () => {
    const world = await on({})
    const answer = await order(world, 'auto', auto)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ autoBump: { afterBlocks: 6 }, bumps: [] })
    expect((await world.store.load(id))?.autoBumpAfterBlocks).toBe(6)
    const fee = { ...auto, budget: { maxFeeSats: 5_000 }, amountSats: 60_000 }
    expect((await order(world, 'fee', fee)).status).toBe(202)
  })

  test('is not what a splice without it does', async () => {
    const world = await on({})
    expect((await order(world, 'plain')).body).toMatchObject({ autoBump: null })
  })

  test.each<[string, Given, unknown, number, string, string]>([
    [
      'without a ceiling',
      {},
      { ...auto, budget: undefined },
      422,
      'ceiling_missing',
      'budget.maxFeeRateSatPerVb',
    ],
    [
      'with a budget without a ceiling',
      {},
      { ...auto, budget: { maxAttempts: 2 } },
      422,
      'ceiling_missing',
      'budget.maxFeeRateSatPerVb',
    ],
    ['on a node that does not bump', { node: { bump: false } }, auto, 422, 'bump_unsupported', 'autoBump'],
    [
      'on a node without the guard',
      { node: { overlapGuard: false } },
      auto,
      422,
      'bump_unsupported',
      'autoBump',
    ],
    ['on a zero-conf channel', { channel: { lockDepth: 0 } }, auto, 422, 'bump_unsupported', 'autoBump'],
    [
      'as a splice-in',
      {},
      { ...auto, kind: 'splice_in', address: undefined },
      422,
      'bump_unsupported',
      'autoBump',
    ],
    [
      'after no blocks',
      {},
      { ...auto, autoBump: { afterBlocks: 0 } },
      400,
      'invalid_request',
      'autoBump.afterBlocks',
    ],
    [
      'after half a block',
      {},
      { ...auto, autoBump: { afterBlocks: 1.5 } },
      400,
      'invalid_request',
      'autoBump.afterBlocks',
    ],
    [
      'after more than two weeks',
      {},
      { ...auto, autoBump: { afterBlocks: 2_017 } },
      400,
      'invalid_request',
      'autoBump.afterBlocks',
    ],
    ['without a number', {}, { ...auto, autoBump: {} }, 400, 'invalid_request', 'autoBump.afterBlocks'],
    [
      'with more than a number',
      {},
      { ...auto, autoBump: { afterBlocks: 6, by: 2 } },
      400,
      'invalid_request',
      'autoBump.by',
    ],
  ])('is refused %s, naming the field', async (_says, given, body, status, code, field) => {
    const world = await on(given)
    const answer = await order(world, 'auto', body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ code, field })
    expect(await world.store.load(id)).toBeNull()
    expect(world.heard.puts).toBe(0)
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
