import { describe, expect, test } from 'vitest'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { order } from '../../harness/api/request.ts'
import { aBody } from '../../harness/api/values.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aSpliceId } from '../../harness/values.ts'
import { aWorldWith, type Given } from './api-requests.ts'

describe('a splice that is to bump by itself', () => {
  const auto = { ...aBody, autoBump: { afterBlocks: 6 }, budget: { maxFeeRateSatPerVb: 20 } }
  const id = spliceIdOf('acme', 'auto')
  const on = async (given: Given) => aWorldWith({ splice: aSplice({ id: aSpliceId(7), amountSats: 77_000 }), ...given })

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
    ['without a ceiling', {}, { ...auto, budget: undefined }, 422, 'ceiling_missing', 'budget.maxFeeRateSatPerVb'],
    [
      'with a budget without a ceiling',
      {},
      { ...auto, budget: { maxAttempts: 2 } },
      422,
      'ceiling_missing',
      'budget.maxFeeRateSatPerVb',
    ],
    ['on a node that does not bump', { node: { bump: false } }, auto, 422, 'bump_unsupported', 'autoBump'],
    ['on a node without the guard', { node: { overlapGuard: false } }, auto, 422, 'bump_unsupported', 'autoBump'],
    ['on a zero-conf channel', { channel: { lockDepth: 0 } }, auto, 422, 'bump_unsupported', 'autoBump'],
    ['as a splice-in', {}, { ...auto, kind: 'splice_in', address: undefined }, 422, 'bump_unsupported', 'autoBump'],
    ['after no blocks', {}, { ...auto, autoBump: { afterBlocks: 0 } }, 400, 'invalid_request', 'autoBump.afterBlocks'],
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
