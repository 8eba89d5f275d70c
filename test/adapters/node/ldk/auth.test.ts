import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { encodeMacaroon, mintMacaroon } from '../../../../adapters/node/ldk/macaroon.ts'
import { ldkNode } from '../../../../adapters/node/ldk/node.ts'
import { ok } from '../../../../core/values/result.ts'
import { channel, fakeRpc, info, NOW, peerId } from '../../../../harness/nodes/ldk-rpc.ts'
import { API_KEY, clientOf, clock, post, rawServer, serverOf } from '../../../../harness/nodes/ldk-wire.ts'

const signal = new AbortController().signal
const rootKey = Buffer.alloc(32, 7)
const splice = { userChannelId: channel.userChannelId, counterpartyNodeId: peerId, amountSats: 50_000 }
const EMPTY_FRAME = Buffer.alloc(5)

function macaroonOf(...caveats: string[]): string {
  const minted = mintMacaroon(
    rootKey,
    Buffer.from('splicekeeper'),
    caveats.map((caveat) => Buffer.from(caveat)),
  )
  return encodeMacaroon(minted).toString('hex')
}

test('the HMAC covers the time as eight bytes and the exact body, keyed with the ASCII of the key', async () => {
  const controller = new AbortController()
  const server = await rawServer(() => controller.abort())
  await clientOf(server).spliceIn(splice, { signal: controller.signal, signedAt: NOW - 1_500 })
  const [request] = server.arrived
  const seconds = NOW / 1000 - 2
  const time = Buffer.from(seconds.toString(16).padStart(16, '0'), 'hex')
  const signed = Buffer.concat([time, request?.body ?? EMPTY_FRAME])
  const expected = createHmac('sha256', Buffer.from(API_KEY, 'ascii')).update(signed).digest('hex')
  expect(request?.headers['x-auth']).toBe(`HMAC ${seconds}:${expected}`)
  expect(request?.headers[':path']).toBe('/api.LightningNode/SpliceIn')
  expect(request?.headers['content-type']).toBe('application/grpc+proto')
  // user_channel_id (1), counterparty_node_id (2), splice_amount_sats (3), framed.
  const message = Buffer.concat([
    Buffer.from([0x0a, 39]),
    Buffer.from(channel.userChannelId),
    Buffer.from([0x12, 66]),
    Buffer.from(peerId),
    Buffer.from([0x18, 0xd0, 0x86, 0x03]),
  ])
  expect(request?.body.toString('hex')).toBe(
    Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]).toString('hex'),
  )
})

test('a fee bump names channel and peer, and nothing else', async () => {
  const controller = new AbortController()
  const server = await rawServer(() => controller.abort())
  const { userChannelId, counterpartyNodeId } = splice
  const options = { signal: controller.signal, signedAt: NOW - 1_500 }
  await clientOf(server).bumpFee({ userChannelId, counterpartyNodeId }, options)
  const [request] = server.arrived
  expect(request?.headers[':path']).toBe('/api.LightningNode/BumpChannelFundingFee')
  // user_channel_id (1), counterparty_node_id (2), framed.
  const message = Buffer.concat([
    Buffer.from([0x0a, 39]),
    Buffer.from(userChannelId),
    Buffer.from([0x12, 66]),
    Buffer.from(counterpartyNodeId),
  ])
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
  expect(request?.body.toString('hex')).toBe(body.toString('hex'))
  const seconds = NOW / 1000 - 2
  const time = Buffer.from(seconds.toString(16).padStart(16, '0'), 'hex')
  const signed = createHmac('sha256', Buffer.from(API_KEY, 'ascii')).update(time).update(body)
  expect(request?.headers['x-auth']).toBe(`HMAC ${seconds}:${signed.digest('hex')}`)
})

test.each([
  ['permissions = payments:send', 7],
  ['permissions = channels:manage', 0],
  ['method = SpliceIn', 7],
  ['method = BumpChannelFundingFee', 0],
])('a macaroon with "%s" answers a fee bump with %i', async (caveat, status) => {
  const { rpc, seen } = fakeRpc()
  const server = await serverOf(rpc, { macaroon: { rootKey, bound: true } })
  const client = clientOf(server, { scheme: 'macaroon', macaroon: macaroonOf(caveat) })
  const { userChannelId, counterpartyNodeId } = splice
  const answer = await client.bumpFee({ userChannelId, counterpartyNodeId }, { signal })
  expect(answer.ok ? 0 : answer.error.status).toBe(status)
  expect(seen).toHaveLength(status === 0 ? 1 : 0)
})

test('a call without a time of its own is signed with the clock', async () => {
  const { rpc, seen } = fakeRpc()
  await clientOf(await serverOf(rpc)).getNodeInfo({ signal })
  expect(seen[0]?.options.signedAt).toBe(NOW)
})

test.each([
  [-60_000, 1],
  [60_000, 1],
  [-61_000, 0],
  [61_000, 0],
])('a request signed %i ms from the server’s time reaches the node %i times', async (ms, times) => {
  const { rpc, seen } = fakeRpc()
  const client = clientOf(await serverOf(rpc))
  const answer = await client.getNodeInfo({ signal, signedAt: NOW + ms })
  expect(answer.ok ? 0 : answer.error.status).toBe(times === 1 ? 0 : 16)
  expect(seen).toHaveLength(times)
})

test('with a wrong key nothing is executed, and the node needs its configuration mended', async () => {
  const { rpc, seen } = fakeRpc()
  const server = await serverOf(rpc)
  const node = ldkNode(clientOf(server, { scheme: 'hmac', apiKey: '00'.repeat(32) }), { clock })
  expect(await node.look({ signal })).toMatchObject({ ok: false, error: { class: 'config' } })
  expect(await node.newAddress({ signal })).toMatchObject({ ok: false, error: { class: 'config' } })
  expect(seen).toHaveLength(0)
})

test('a macaroon is bound to time, method and body of each request', async () => {
  const controller = new AbortController()
  const spy = await rawServer(() => controller.abort())
  const macaroon = macaroonOf()
  await clientOf(spy, { scheme: 'macaroon', macaroon }).getNodeInfo({ signal: controller.signal })
  const header = spy.arrived[0]?.headers['macaroon']
  const digest = createHash('sha256').update(EMPTY_FRAME).digest('hex')
  expect(header).toBe(macaroonOf(`request = ${NOW / 1000} GetNodeInfo ${digest}`))

  const { rpc, seen } = fakeRpc()
  const server = await serverOf(rpc, { macaroon: { rootKey, bound: true } })
  const headers = { macaroon: String(header) }
  const status = async (method: string, body: Buffer) =>
    (await post(server, `/api.LightningNode/${method}`, headers, body))['grpc-status']
  expect(await status('ListPeers', EMPTY_FRAME)).toBe('16')
  expect(await status('GetNodeInfo', Buffer.from([0, 0, 0, 0, 2, 0x08, 1]))).toBe('16')
  expect(seen).toHaveLength(0)
  expect(await status('GetNodeInfo', EMPTY_FRAME)).toBeUndefined()
  expect(seen).toHaveLength(1)
})

test('a bound macaroon is taken, a bare one only by a server that asks for no binding', async () => {
  const macaroon = macaroonOf('permissions = node:read,channels:read')
  const { rpc } = fakeRpc()
  const strict = await serverOf(rpc, { macaroon: { rootKey, bound: true } })
  const lenient = await serverOf(rpc, { macaroon: { rootKey, bound: false } })
  const ask = async (server: typeof strict, scheme: string) => {
    const answer = await clientOf(server, { scheme, macaroon }).getNodeInfo({ signal })
    return answer.ok ? 0 : answer.error.status
  }
  expect(await ask(strict, 'macaroon')).toBe(0)
  expect(await ask(lenient, 'macaroon')).toBe(0)
  expect(await ask(lenient, 'macaroon-bearer')).toBe(0)
  expect(await ask(strict, 'macaroon-bearer')).toBe(16)
})

test.each([
  ['permissions = node:read', 7],
  ['method = GetNodeInfo', 7],
  ['time-before = 1', 7],
  ['an unknown restriction', 7],
  [`time-before = ${NOW / 1000 + 60}`, 0],
  ['permissions = channels:manage', 0],
  ['method = SpliceIn', 0],
])('a macaroon with "%s" answers a splice-in with %i', async (caveat, status) => {
  const { rpc, seen } = fakeRpc()
  const server = await serverOf(rpc, { macaroon: { rootKey, bound: true } })
  const client = clientOf(server, { scheme: 'macaroon', macaroon: macaroonOf(caveat) })
  const answer = await client.spliceIn(splice, { signal })
  expect(answer.ok ? 0 : answer.error.status).toBe(status)
  expect(seen).toHaveLength(status === 0 ? 1 : 0)
})

test('a macaroon that was widened by hand is refused', async () => {
  const narrow = macaroonOf('method = GetNodeInfo')
  const wide = narrow.replace(Buffer.from('GetNodeInfo').toString('hex'), Buffer.from('SpliceInAll').toString('hex'))
  const server = await serverOf(fakeRpc().rpc, { macaroon: { rootKey, bound: true } })
  const answer = await clientOf(server, { scheme: 'macaroon', macaroon: wide }).getNodeInfo({ signal })
  expect(answer).toMatchObject({ ok: false, error: { status: 16 } })
})

test('a request without any credential is refused before it is dispatched', async () => {
  const { rpc, seen } = fakeRpc()
  const server = await serverOf(rpc)
  const headers = await post(server, '/api.LightningNode/GetNodeInfo', {}, EMPTY_FRAME)
  expect(headers).toMatchObject({ ':status': 200, 'grpc-status': '16' })
  expect(seen).toHaveLength(0)
})

test('no credential shows in a fault', async () => {
  const server = await serverOf(fakeRpc().rpc)
  const macaroon = macaroonOf()
  const auths = [
    { scheme: 'hmac', apiKey: '0a'.repeat(32) },
    { scheme: 'macaroon', macaroon },
  ]
  for (const auth of auths) {
    const answer = await clientOf(server, auth).getNodeInfo({ signal })
    expect(answer.ok).toBe(false)
    expect(JSON.stringify(answer)).not.toMatch(/0a0a0a|HMAC \d|0202/)
  }
  expect(await clientOf(server).getNodeInfo({ signal })).toEqual(ok(info))
})
