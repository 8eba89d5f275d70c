import { describe, expect, test } from 'vitest'
import { aBody } from '../../harness/api/values.ts'
import { order, request } from '../../harness/api/request.ts'
import { aWorld } from '../../harness/api/world.ts'

const without = (field: string) => Object.fromEntries(Object.entries(aBody).filter(([name]) => name !== field))

describe('an invalid field is told in a sentence', () => {
  test.each<[string, unknown, string]>([
    ['missing', without('node'), '`node` is missing'],
    ['missing, with a choice', without('kind'), '`kind` is missing'],
    ['missing in a part', { ...aBody, autoBump: {} }, '`autoBump.afterBlocks` is missing'],
    [
      'the channel of a node that does not pick it',
      without('channel'),
      '`channel` is missing: the id of the channel to splice, from `GET /v1/channels`',
    ],
    ['unknown', { ...aBody, amount: 1 }, '`amount` is not a field of this request'],
    ['unknown in a part', { ...aBody, budget: { fee: 1 } }, '`budget.fee` is not a field of this request'],
    ['a text for a number', { ...aBody, amountSats: '50000' }, '`amountSats` must be a number'],
    ['a number for a text', { ...aBody, address: 7 }, '`address` must be a string'],
    ['null', { ...aBody, channel: null }, '`channel` must be a string'],
    ['a part that is none', { ...aBody, budget: 7 }, '`budget` must be an object'],
    ['a fraction', { ...aBody, amountSats: 1.5 }, '`amountSats` must be a whole number'],
    ['neither true nor false', { ...aBody, failFast: 'yes' }, '`failFast` must be true or false'],
    ['too small', { ...aBody, budget: { maxAttempts: 0 } }, '`budget.maxAttempts` must be at least 1'],
    ['zero where more is needed', { ...aBody, amountSats: 0 }, '`amountSats` must be more than 0'],
    ['too large', { ...aBody, budget: { maxAttempts: 11 } }, '`budget.maxAttempts` must be at most 10'],
    ['empty', { ...aBody, address: '' }, '`address` must not be empty'],
    ['too long', { ...aBody, address: 'x'.repeat(129) }, '`address` must have at most 128 characters'],
    ['not one of', { ...aBody, kind: 'splice' }, '`kind` must be one of `splice_in`, `splice_out`'],
    [
      'no time',
      { ...aBody, notBefore: 'soon' },
      '`notBefore` must be a time with its zone, for example `2026-12-01T00:00:00Z`',
    ],
    ['of a wrong pattern', { ...aBody, node: 'a b' }, '`node` must be 1 to 128 visible ASCII characters'],
    ['metadata that is no text', { ...aBody, metadata: { order: 42 } }, '`metadata.order` must be text'],
    [
      'metadata that is too much',
      { ...aBody, metadata: { a: 'x'.repeat(3_000) } },
      '`metadata` must be at most 2048 bytes of JSON',
    ],
    ['a list for a body', [], 'The body must be an object'],
  ])('%s', async (_says, body, sentence) => {
    const { status, body: problem } = await order(await aWorld(), 'order-1', body)
    expect(status).toBe(400)
    expect(problem).toMatchObject({ code: 'invalid_request', retry: 'new_key', detail: sentence })
    expect(problem).toHaveProperty('errors.0', { field: problem['field'], message: sentence })
  })

  test('each of several has its own', async () => {
    const { body } = await order(await aWorld(), 'order-1', { ...without('node'), amountSats: -1, amount: 1 })
    expect(body['errors']).toEqual([
      { field: 'node', message: '`node` is missing' },
      { field: 'amountSats', message: '`amountSats` must be more than 0' },
      { field: 'amount', message: '`amount` is not a field of this request' },
    ])
  })

  test.each([
    ['/v1/splices?limit=x', '`limit` must be a whole number'],
    ['/v1/splices?limit=101', '`limit` must be at most 100'],
    ['/v1/splices?sort=up', '`sort` is not a field of this request'],
    ['/v1/splices?cursor=x', '`cursor` is not one that this list gave'],
    ['/v1/payments', '`txid` is missing'],
    ['/v1/payments?txid=x', '`txid` must be 64 lower-case hex digits'],
  ])('in the query, too: %s', async (path, sentence) => {
    const world = await aWorld()
    const { body } = await request(world, 'GET', path, { key: world.keys.reader })
    expect(body).toMatchObject({ code: 'invalid_request', detail: sentence })
  })

  test.each([
    ['/v1/splices/spl_1/resolve', { outcome: 'lost' }, '`outcome` must be one of `failed`, `candidate`'],
    ['/v1/splices/spl_1/resolve', {}, '`outcome` is missing'],
    ['/v1/splices/spl_1/resolve', { outcome: 'failed', note: ' ' }, '`note` must not be empty'],
    ['/v1/webhooks/whk_1/redeliver', {}, '`after` is missing, or `sequence` is missing'],
    ['/v1/webhooks/whk_1/redeliver', { after: -1 }, '`after` must be at least 0'],
    ['/v1/keys', { name: 'x', scopes: [] }, '`scopes` must not be empty'],
    [
      '/v1/keys',
      { name: 'x', scopes: ['root'] },
      '`scopes.0` must be one of `splices:read`, `splices:write`, `operator`, `operator:shared`',
    ],
  ])('in a choice of forms, and in a list: %s %o', async (path, body, sentence) => {
    const world = await aWorld()
    const answer = await request(world, 'POST', path, { key: world.keys.operator, body })
    expect(answer.body).toMatchObject({ code: 'invalid_request', detail: sentence })
  })
})
