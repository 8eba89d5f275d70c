import { expect, test } from 'vitest'
import { problemIn, splicekeeper } from '../../client/index.ts'
import { ADDRESS } from '../../harness/values.ts'
import { CHANNEL } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'

const clientOf = (world: World, key: string) =>
  splicekeeper('http://keeper.example', key, { fetch: async (input, init) => world.app.request(input, init) })

const json = {
  node: 'alice',
  channel: CHANNEL,
  kind: 'splice_out' as const,
  amountSats: 50_000,
  address: ADDRESS,
}

test('the typed client orders, reads and lists, and knows the types of what it gets', async () => {
  const world = await aWorld()
  const client = clientOf(world, world.keys.writer)
  const header = { 'Idempotency-Key': 'order-1' }
  const ordered = await client.v1.splices.$post({ header, json })
  if (ordered.status !== 202) throw new Error(`HTTP ${ordered.status}`)
  const splice = await ordered.json()
  const amountSats: number = splice.amountSats
  expect(amountSats).toBe(50_000)
  const again = await client.v1.splices.$post({ header, json })
  if (again.status !== 200) throw new Error(`HTTP ${again.status}`)
  expect((await again.json()).id).toBe(splice.id)
  const read = await client.v1.splices[':id'].$get({ param: { id: splice.id } })
  expect(read.status).toBe(200)
  const listed = await client.v1.splices.$get({ query: { status: 'queued', limit: '1' } })
  expect((await listed.json()).data.map(({ id }) => id)).toEqual([splice.id])
  const found = await client.v1.splices.$get({ query: { 'metadata.order': '42', since: '2026-11-30' } })
  expect((await found.json()).data).toEqual([])
  const events = await client.v1.events.$get({ query: { after: '0' } })
  expect(events.ok).toBe(true)
})

test.each([
  ['of ours', (world: World) => clientOf(world, 'sk_nobody'), 'unauthorized', 401, 'never'],
  ['of somebody in between', () => elsewhere('<html>', 403), 'not_splicekeeper', 403, 'same_key'],
  [
    'that is JSON of somebody else',
    () => elsewhere('{"message":"Forbidden"}', 403),
    'not_splicekeeper',
    403,
    'same_key',
  ],
  [
    'whose body lies about its status',
    () => elsewhere('{"code":"x","title":"x","status":200}', 500),
    'x',
    500,
    'same_key',
  ],
  ['that does not say what to do', () => elsewhere('{"code":"x","title":"x","status":409}', 409), 'x', 409, 'never'],
  [
    'that says it',
    () => elsewhere('{"code":"x","title":"x","status":409,"retry":"new_key"}', 409),
    'x',
    409,
    'new_key',
  ],
])('an error %s is a problem, with what to do next', async (_, client, code, status, retry) => {
  const world = await aWorld()
  const answer = await client(world).v1.nodes.$get()
  expect(await problemIn(answer)).toMatchObject({ code, status, retry })
})

test('an answer that is no error is no problem', async () => {
  const world = await aWorld()
  expect(await problemIn(await clientOf(world, world.keys.reader).v1.nodes.$get())).toBeNull()
})

const elsewhere = (body: string, status: number) =>
  splicekeeper('http://keeper.example', 'k', { fetch: async () => new Response(body, { status }) })

test('the typed client does not let a key be forgotten where an order needs one', async () => {
  const world = await aWorld()
  const client = clientOf(world, world.keys.writer)
  const answer = await client.v1.splices.$post({ header: { 'Idempotency-Key': '' }, json })
  expect(answer.status).toBe(400)
})
