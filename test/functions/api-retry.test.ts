import { describe, expect, test } from 'vitest'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { Problem, problemCodes, type ProblemCode } from '../../functions/api/problem.ts'
import type { Answer } from '../../harness/api/answer.ts'
import { order, request } from '../../harness/api/request.ts'
import { CHANNEL, CLOSING_CHANNEL, NOW, aBody } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'

const DAY = 86_400_000
const codesThat = (retry: string) => problemCodes.filter((code) => new Problem(code).body().retry === retry)
const iso = (at: number) => new Date(at).toISOString()

describe('what an error means for a retry', () => {
  test('what passes by itself, or may have been carried out, is repeated with the same key', () => {
    expect(codesThat('same_key')).toEqual([
      'timestamp_stale',
      'channel_not_ready',
      'channel_queue_full',
      'tenant_queue_full',
      'rate_limited',
      'internal',
      'busy',
      'chain_unreachable',
      'node_not_seen',
      'overloaded',
      'store_unavailable',
    ] satisfies ProblemCode[])
  })

  test('every 5xx is repeated with the same key: what became of the request is not known', () => {
    for (const code of problemCodes) {
      const { status, retry } = new Problem(code).body()
      if (status >= 500) expect(retry, code).toBe('same_key')
    }
  })

  test('what does not exist, may not be, or is there already, is not repeated', () => {
    const never = codesThat('never')
    expect(never).toEqual(expect.arrayContaining(problemCodes.filter((code) => code.endsWith('not_found'))))
    // A program that sent an equal order under new keys until one is taken would pay twice.
    expect(never).toEqual(expect.arrayContaining(['duplicate_output', 'not_cancellable', 'unauthorized', 'forbidden']))
  })

  test('what is wrong with the request itself is corrected', () => {
    const corrected = problemCodes.filter((code) => [400, 413, 415, 422].includes(new Problem(code).body().status))
    expect(codesThat('new_key').toSorted()).toEqual(corrected.filter((code) => code !== 'channel_not_ready').toSorted())
  })
})

describe('what a 4xx refuses', () => {
  const refused: [ProblemCode, object][] = [
    ['invalid_request', { ...aBody, amountSats: 0 }],
    ['node_not_found', { ...aBody, node: 'nobody' }],
    ['channel_not_found', { ...aBody, channel: 'e'.repeat(64) }],
    ['channel_closing', { ...aBody, channel: CLOSING_CHANNEL }],
    ['address_invalid', { ...aBody, address: 'x' }],
    ['amount_over_capacity', { ...aBody, amountSats: 20_000_000 }],
    ['insufficient_balance', { ...aBody, amountSats: 999_999, failFast: true }],
    ['dust', { ...aBody, amountSats: 100 }],
    ['deadline_past', { ...aBody, budget: { deadline: iso(NOW) } }],
    ['not_before_after_deadline', { ...aBody, notBefore: iso(NOW + 40 * DAY) }],
    ['ceiling_missing', { ...aBody, autoBump: { afterBlocks: 6 } }],
  ]
  test.each(refused)('is not stored, and the same key is free for what is right: %s', async (code, body) => {
    const world = await aWorld()
    const answer = await order(world, 'order-1', body)
    expect(answer.body).toMatchObject({ code })
    expect(answer.body['retry']).toMatch(/^(new_key|never)$/)
    expect(world.heard).toMatchObject({ puts: 0, hints: [] })
    expect((await order(world, 'order-1')).status).toBe(202)
  })

  test('is not stored where an equal splice is live or another order stands under the key', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    world.heard.puts = 0
    expect((await order(world, 'order-2')).body).toMatchObject({ code: 'duplicate_output', retry: 'never' })
    expect((await order(world, 'order-1', { ...aBody, amountSats: 60_000 })).body).toMatchObject({
      code: 'idempotency_key_reused',
      retry: 'new_key',
    })
    expect(world.heard.puts).toBe(0)
    expect(await world.store.load(spliceIdOf('acme', 'order-2'))).toBeNull()
  })
})

describe('a database that fails in the middle of accepting', () => {
  /** From which request on, and up to which, the database fails, and how; and the requests so far. */
  type Failing = { from: number; to: number; how: 'throttle' | 'no_response'; seen: number }

  async function aFailing() {
    const fails: Failing = { from: Infinity, to: Infinity, how: 'throttle', seen: 0 }
    const world = await aWorld({
      before: () => {
        fails.seen += 1
        return fails.seen >= fails.from && fails.seen < fails.to ? fails.how : null
      },
    })
    return { world, fails }
  }

  async function requestsOfOneOrder(): Promise<number> {
    const { world, fails } = await aFailing()
    fails.seen = 0
    expect((await order(world, 'order-1')).status).toBe(202)
    return fails.seen
  }

  async function expectOneSplice(world: World, again: Answer) {
    const id = spliceIdOf('acme', 'order-1')
    expect([200, 202]).toContain(again.status)
    expect(again.body).toMatchObject({ id, status: 'queued' })
    const { body } = await request(world, 'GET', '/v1/splices', { key: world.keys.reader })
    expect(body['data']).toMatchObject([{ id }])
    expect((await world.store.item('lease', CHANNEL))?.value.queue).toMatchObject([{ id }])
  }

  test.each([
    ['before it does what it is asked', 'throttle', 1],
    ['after it did what it was asked', 'no_response', 1],
    ['for good, before', 'throttle', Infinity],
    ['for good, after', 'no_response', Infinity],
  ] as const)('%s: the answer says how to try again, and that leads to one splice', async (_says, how, times) => {
    const requests = await requestsOfOneOrder()
    expect(requests).toBeGreaterThan(3)
    for (let nth = 1; nth <= requests; nth += 1) {
      const { world, fails } = await aFailing()
      Object.assign(fails, { seen: 0, from: nth, to: nth + times, how })
      const first = await order(world, 'order-1')
      if (first.status !== 202) {
        expect(first.status).toBe(503)
        expect(first.body).toMatchObject({ code: 'store_unavailable', retry: 'same_key' })
        expect(Number(first.headers.get('Retry-After'))).toBeGreaterThan(0)
      }
      fails.from = Infinity
      await expectOneSplice(world, await order(world, 'order-1'))
    }
  })

  test('a queue that does not answer fails no order, nor one that removes what has ended before it', async () => {
    const world = await aWorld()
    const { id } = (await order(world, 'order-1')).body
    await request(world, 'POST', `/v1/splices/${String(id)}/cancel`, { key: world.keys.writer })
    world.told.hintFails = true
    expect((await order(world, 'order-2')).status).toBe(202)
    expect(world.heard.counts).toContain('api_hint_failed')
    expect((await order(world, 'order-2')).status).toBe(200)
  })
})
