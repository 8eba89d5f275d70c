import { describe, expect, test } from 'vitest'
import { SpliceState as States } from '../../core/splice/splice.ts'
import { request } from '../../harness/api/request.ts'
import { aSpliceId } from '../../harness/values.ts'
import { PATH, aWorldWith, bump, ended, pending, untouched, type Given } from './api-requests.ts'

describe('what is wrong with a body', () => {
  test.each<[string, unknown, string, string]>([
    ['an unknown field', { feeRate: 12 }, 'invalid_request', 'feeRate'],
    ['a feerate of the wrong name beside none', { feeRateSatPerKw: 3_000 }, 'invalid_request', 'feeRateSatPerKw'],
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
    ['the feerate that stands', { node: setting }, { feeRateSatPerVb: 4 }, 422, 'fee_rate_too_low', 'feeRateSatPerVb'],
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
