import { describe, expect, test } from 'vitest'
import { createApi } from '../../functions/api/app.ts'
import { aBody } from '../../harness/api/values.ts'
import { order, request } from '../../harness/api/request.ts'
import { aWorld, type World } from '../../harness/api/world.ts'

const HEADER = 'Splicekeeper-Request-Id'

test('every response has an id of its own, whatever becomes of the request', async () => {
  const world = await aWorld()
  const key = world.keys.writer
  const answers = [
    await world.app.request('/health'),
    await world.app.request('/'),
    await world.app.request('/docs/docs.js'),
    await world.app.request('/openapi.json'),
    await world.app.request('/v1/splices'),
    await world.app.request('/v1/splices', { headers: { Authorization: `Bearer ${key}` } }),
    await world.app.request('/v1/nope'),
    await world.app.request('/v1/splices', { method: 'PUT' }),
    await world.app.request('/v1/splices', { method: 'POST', body: 'x'.repeat(17_000) }),
    await world.app.request('/v1/splices/%E0%A4%A'),
  ]
  const ids = answers.map(({ headers }) => headers.get(HEADER))
  for (const id of ids) expect(id).toMatch(/^req_chance-\d+$/)
  expect(new Set(ids).size).toBe(answers.length)
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 401, 200, 404, 405, 413, 401])
})

test("a client's own is not taken over", async () => {
  const world = await aWorld()
  const answer = await world.app.request('/health', { headers: { [HEADER]: 'mine' } })
  expect(answer.headers.get(HEADER)).toBe('req_chance-1')
})

describe('what is logged meanwhile carries it', () => {
  async function oneLine(world: World, send: () => Promise<{ headers: Headers }>) {
    world.heard.lines.length = 0
    const { headers } = await send()
    expect(world.heard.lines).toHaveLength(1)
    expect(world.heard.lines[0]?.fields['requestId']).toBe(headers.get(HEADER))
    return world.heard.lines[0]
  }

  test('an act', async () => {
    const world = await aWorld()
    const { id } = (await order(world, 'order-1')).body
    const key = world.keys.writer
    const line = await oneLine(world, () => request(world, 'POST', `/v1/splices/${String(id)}/cancel`, { key }))
    expect(line).toMatchObject({ message: 'audit', fields: { action: 'cancel' } })
  })

  test('a database that does not answer', async () => {
    let away = false
    const world = await aWorld({ before: () => (away ? 'throttle' : null) })
    away = true
    expect(await oneLine(world, () => order(world, 'order-1'))).toMatchObject({
      message: 'the database does not answer',
      fields: { error: 'MemoryStoreFault' },
    })
  })

  test('a fault of ours, and what core logs while it looks for a preview', async () => {
    const world = await aWorld()
    const app = createApi({
      ...world.deps,
      preview: async (_draft, { telemetry }) => {
        telemetry.info('looked', {})
        throw new TypeError('no')
      },
    })
    const previewed = await request({ ...world, app }, 'POST', '/v1/splices/preview', {
      key: world.keys.writer,
      body: aBody,
    })
    expect(previewed.body['code']).toBe('internal')
    const requestId = previewed.headers.get(HEADER)
    expect(world.heard.lines).toMatchObject([
      { message: 'looked', fields: { requestId } },
      { message: 'api request failed', fields: { requestId, error: 'TypeError' } },
    ])
  })
})
