import { describe, expect, test } from 'vitest'
import type { Operation } from '../../adapters/store/memory.ts'
import { CHANNEL, aBody } from '../../harness/api/values.ts'
import { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import { answerTo, aWatchedWorld, type Got } from './api-answers.ts'
import { ROUTES, plain, type Sent } from './api-requests.ts'

/** A request for a route as it should be, but for some of it. */
const named = (name: string, sent: Partial<Sent>): Sent => {
  const route = ROUTES.find(({ method, path }) => `${method} ${path}` === name)
  if (route === undefined) throw new Error(`no route ${name}`)
  return { ...plain(route, route.valid), ...(route.method === 'GET' ? { body: null } : {}), ...sent }
}

/** What DynamoDB refuses: it takes keys of at most so many bytes, and throws. */
function likeDynamo(operation: Operation): void {
  const keys = operation.type === 'get' ? [operation.key] : operation.type === 'getMany' ? operation.keys : []
  if (keys.some(({ pk }) => Buffer.byteLength(pk) > 2_048)) throw new Error('ValidationException')
}

describe('a name that is too long for a key of the table', () => {
  const long = 'x'.repeat(3_000)
  const statusOf = async (sent: Sent): Promise<number> => (await answerTo(await aWatchedWorld(likeDynamo), sent)).status

  test.each([
    ['of a payment', named('GET /v1/payments/{id}', { parameter: long }), 404],
    ['of a node in a list', named('GET /v1/channels', { query: `?node=${long}` }), 404],
    ['of a node in a report', named('POST /v1/nodes/{node}/events', { parameter: long }), 404],
    [
      'in an order',
      { ...named('POST /v1/splices/preview', {}), body: JSON.stringify({ node: 'alice', channel: long }) },
      400,
    ],
  ])('%s is refused', async (_, sent, status) => expect(await statusOf(sent)).toBe(status))

  test.each([
    ['of a splice', named('GET /v1/splices/{id}', { parameter: long })],
    ['of a splice to cancel', named('POST /v1/splices/{id}/cancel', { parameter: long, body: null })],
    ['of a channel to unfreeze', named('POST /v1/channels/{id}/unfreeze', { parameter: long })],
  ])('%s is refused, or is found nowhere', async (_, sent) => expect(await statusOf(sent)).toBeLessThan(500))

  test('a name that just fits is found nowhere', async () => {
    expect(await statusOf(named('GET /v1/splices/{id}', { parameter: 'x'.repeat(1_900) }))).toBe(404)
    expect(await statusOf(named('GET /v1/splices', { query: `?channel=${CHANNEL}` }))).toBe(200)
  })
})

describe('a time before 1970', () => {
  const times = ['1960-01-01T00:00:00Z', '0000-01-01T00:00:00+23:59']
  const answerFor = async (path: string, body: unknown): Promise<Got> =>
    answerTo(await aWatchedWorld(), named(path, { body: JSON.stringify(body) }))

  test.each(times)('as a deadline is refused: %s', async (deadline) => {
    const { body } = await answerFor('POST /v1/splices/preview', { ...aBody, budget: { deadline } })
    expect(body['code']).toBe('deadline_past')
  })

  test.each(times)('as the start of an order is taken or refused: %s', async (notBefore) => {
    const preview = await answerFor('POST /v1/splices/preview', { ...aBody, amountSats: 60_000, notBefore })
    expect(preview.status).toBeLessThan(500)
    const { status } = await answerFor('POST /v1/splices', { ...aBody, amountSats: 60_000, notBefore })
    expect(status).toBeLessThan(500)
  })

  test.each(times)('of an event is refused, or can be read by who takes the message: %s', async (at) => {
    const world = await aWatchedWorld()
    const body = JSON.stringify({ events: [{ id: 'e-1', type: 'process_started', at }] })
    await answerTo(world, named('POST /v1/nodes/{node}/events', { body }))
    for (const message of world.heard.nodeEvents) NodeEventMessage.parse(JSON.parse(JSON.stringify(message)))
  })
})

describe('a field that is called __proto__', () => {
  const text = (inner: string): string => JSON.stringify({ ...aBody, amountSats: 60_000 }).replace(/\}$/, `,${inner}}`)

  test('is an unknown field', async () => {
    const sent = named('POST /v1/splices', { body: text('"__proto__":{"node":"carol"}') })
    const { status, body } = await answerTo(await aWatchedWorld(), sent)
    expect([status, body['field']]).toEqual([400, '__proto__'])
  })

  test('in the metadata is given back or refused', async () => {
    const sent = named('POST /v1/splices', { body: text('"metadata":{"__proto__":"a","b":"c"}') })
    const { status, body } = await answerTo(await aWatchedWorld(), sent)
    if (status < 400) expect(JSON.stringify(body['metadata'])).toBe('{"__proto__":"a","b":"c"}')
  })
})
