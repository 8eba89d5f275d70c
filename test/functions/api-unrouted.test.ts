import { expect, test } from 'vitest'
import { request } from '../../harness/api/request.ts'
import { aWorld } from '../../harness/api/world.ts'

test.each([
  ['PUT', '/v1/splices', 'GET, HEAD, POST'],
  ['DELETE', '/v1/splices/spl_1', 'GET, HEAD'],
  ['GET', '/v1/splices/spl_1/cancel', 'POST'],
  ['PATCH', '/v1/webhooks/whk_1', 'GET, HEAD, DELETE'],
  ['OPTIONS', '/v1/payments.csv', 'GET, HEAD'],
  ['POST', '/health', 'GET, HEAD'],
  ['POST', '/openapi.json', 'GET, HEAD'],
  ['POST', '/', 'GET, HEAD'],
  ['POST', '/docs', 'GET, HEAD'],
])('%s %s is 405, with what the path takes', async (method, path, allowed) => {
  const world = await aWorld()
  const answer = await request(world, method, path, { key: world.keys.operator })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('Allow')).toBe(allowed)
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
  expect(answer.body).toEqual({
    type: 'urn:splicekeeper:problem:method_not_allowed',
    title: 'This path does not take this method',
    status: 405,
    code: 'method_not_allowed',
    retry: 'never',
    detail: `this path takes ${allowed}`,
    field: 'method',
  })
})

test.each([
  ['/v1/nope', 'not_found'],
  ['/nope', 'not_found'],
  ['/v1/splices/', 'not_found'],
  ['/docs/nope.js', 'not_found'],
  ['/v1/splices/spl_nope', 'splice_not_found'],
  [`/v1/splices/${'x'.repeat(300)}`, 'splice_not_found'],
  ['/v1/payments/nope', 'payment_not_found'],
  [`/v1/payments?txid=${'0'.repeat(64)}`, 'payment_not_found'],
  ['/v1/webhooks/whk_nope', 'webhook_not_found'],
  ['/v1/channels?node=nope', 'node_not_found'],
])('%s is %s, in the one shape of all that is not found', async (path, code) => {
  const world = await aWorld()
  const answer = await request(world, 'GET', path, { key: world.keys.operator })
  expect(answer.status).toBe(404)
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
  const { title, field, ...rest } = answer.body
  expect(rest).toEqual({ type: `urn:splicekeeper:problem:${code}`, status: 404, code, retry: 'never' })
  expect(title).toMatch(/^There is n/)
  expect(field).toMatch(/^(path|id|txid|node)$/)
})
