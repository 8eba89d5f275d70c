import { expect, test } from 'vitest'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { admissionOf } from '../../functions/api/admission.ts'
import { createApi } from '../../functions/api/app.ts'
import { order, request } from '../../harness/api/request.ts'
import { aBody } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'

const ROOM = { atOnce: 2, waiting: 3 }
const ALL = ROOM.atOnce + ROOM.waiting

/** A world with room for a few orders, whose table answers nothing before the gate opens. */
async function aHeldWorld() {
  const gate = Promise.withResolvers<undefined>()
  const held = { isHeld: false }
  const plain = await aWorld({
    before: async () => {
      if (held.isHeld) await gate.promise
      return null
    },
  })
  const patience = new AbortController()
  const ports = { ...plain.ports, call: () => ({ signal: patience.signal }) }
  const app = createApi({ ...plain.deps, ports, admission: admissionOf(ROOM) })
  const world = { ...plain, app }
  held.isHeld = true
  const send = async (n: number) => {
    const answer = await order(world, `order-${n}`, { ...aBody, amountSats: aBody.amountSats + n })
    return { n, answer }
  }
  return { world, send, open: () => gate.resolve(undefined), losePatience: () => patience.abort() }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

test('an order beyond those that may wait is refused at once, with nothing stored, and the others are accepted', async () => {
  const { world, send, open } = await aHeldWorld()
  const sent = numbers(ALL + 1).map(send)
  const { n, answer } = await Promise.race(sent)
  expect(answer.status).toBe(503)
  expect(answer.body).toEqual({
    type: 'urn:splicekeeper:problem:overloaded',
    title: 'More orders are under way than can be served',
    status: 503,
    code: 'overloaded',
    retry: 'same_key',
  })
  expect(answer.headers.get('Retry-After')).toBe('1')
  expect(world.heard.counts).toEqual(['api_overloaded'])
  open()
  const others = (await Promise.all(sent)).filter((each) => each.n !== n)
  expect(others.map((each) => each.answer.status)).toEqual(numbers(ALL).map(() => 202))
  expect(await world.store.load(spliceIdOf('acme', `order-${n}`))).toBeNull()
  expect((await send(n)).answer.status).toBe(202)
})

test('an order waits for its turn no longer than a call may take, and makes no room that it did not have', async () => {
  const { world, send, open, losePatience } = await aHeldWorld()
  const sent = numbers(ALL + 1).map(send)
  await Promise.race(sent)
  losePatience()
  open()
  const statuses = (await Promise.all(sent)).map(({ answer }) => answer.status)
  expect(statuses.toSorted()).toEqual([202, 202, 503, 503, 503, 503])
  expect(world.heard.hints).toHaveLength(ROOM.atOnce)
})

test('whatever else is asked for is answered while orders wait', async () => {
  const { world, send, open } = await aHeldWorld()
  const sent = numbers(ALL + 1).map(send)
  await Promise.race(sent)
  expect((await request(world, 'GET', '/health')).status).toBe(200)
  const list = request(world, 'GET', '/v1/splices', { key: world.keys.reader })
  open()
  expect((await list).status).toBe(200)
  await Promise.all(sent)
})

test('an order that fails makes room like any other', async () => {
  const { world, open } = await aHeldWorld()
  open()
  for (const n of numbers(2 * ALL)) expect((await order(world, `bad-${n}`, {})).status).toBe(400)
})

test('orders are let in as they came', async () => {
  const admission = admissionOf({ atOnce: 1, waiting: 9 })
  const entered: number[] = []
  const { signal } = new AbortController()
  const turns = numbers(5).map(async (n) => {
    expect(await admission.enter(() => signal)).toBe(true)
    entered.push(n)
    admission.leave()
  })
  await Promise.all(turns)
  expect(entered).toEqual(numbers(5))
})
