import { once } from 'node:events'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { hmacOf } from '../../../../adapters/node/ldk/auth.ts'
import { expect, onTestFinished, test } from 'vitest'
import { ldkNode } from '../../../../adapters/node/ldk/node.ts'
import { selfSignedCertificate } from '../../../../simulator/world/certificate.ts'
import type { LdkRpc } from '../../../../adapters/node/ldk/rpc.ts'
import { err, ok } from '../../../../core/values/result.ts'
import { bump, channel, fakeRpc, NOW, peerId, request } from '../../../../harness/nodes/ldk-rpc.ts'
import {
  API_KEY,
  clientOf,
  clock,
  ownCertificate,
  post,
  rawServer,
  serverOf,
} from '../../../../harness/nodes/ldk-wire.ts'

const signal = new AbortController().signal
const grpc = { ':status': 200, 'content-type': 'application/grpc+proto' }
/** Answers with these bytes and a status in the trailers; null: without trailers. */
function reply(stream: ServerHttp2Stream, body: Buffer, status: string | null = '0'): void {
  stream.respond(grpc, { waitForTrailers: status !== null })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status ?? '' }))
  stream.end(body)
}

/** Resolves when a stream or a session has ended, whatever its error. */
const ended = (emitter: NodeJS.EventEmitter): Promise<void> =>
  new Promise((resolve) => emitter.once('close', () => resolve()))

const answerOf = (address: string): Buffer => {
  const message = Buffer.concat([Buffer.from([0x0a, address.length]), Buffer.from(address)])
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
}
const whole = answerOf('bcrt1qout')

const FAULTS: readonly (readonly [string, (stream: ServerHttp2Stream) => void])[] = [
  ['a reset without an answer', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  ['a refused stream', (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
  ['a reset that asks for HTTP/1.1', (stream) => stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED)],
  ['a connection cut off', (stream) => stream.session?.socket.destroy()],
  ['a connection closed by the server', (stream) => stream.session?.destroy()],
  ['an end without a status', (stream) => reply(stream, whole, null)],
  ['half a frame', (stream) => reply(stream, whole.subarray(0, 9))],
  [
    'an answer and a reset without an error',
    (stream) => {
      stream.respond(grpc)
      stream.write(whole, () => stream.close(constants.NGHTTP2_NO_ERROR))
    },
  ],
  [
    'half a frame and a reset',
    (stream) => {
      stream.respond(grpc)
      stream.write(whole.subarray(0, 9), () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    },
  ],
  ['no message', (stream) => reply(stream, Buffer.alloc(0))],
  ['two messages', (stream) => reply(stream, Buffer.concat([whole, whole]))],
  ['a message that is no protobuf', (stream) => reply(stream, Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]))],
  ['an address of no length', (stream) => reply(stream, answerOf(''))],
  ['a compressed message', (stream) => reply(stream, Buffer.concat([Buffer.from([1]), whole.subarray(1)]))],
  ['a frame of 10 MiB and a byte', (stream) => reply(stream, Buffer.from([0, 0, 0xa0, 0, 1]))],
  [
    'a wrong content type',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/html' })
      stream.end('<html>')
    },
  ],
  [
    'an HTTP status 503',
    (stream) => {
      stream.respond({ ':status': 503 })
      stream.end()
    },
  ],
  ['an HTTP status 403', (stream) => stream.respond({ ':status': 403 }, { endStream: true })],
  ['an HTTP status 404', (stream) => stream.respond({ ':status': 404 }, { endStream: true })],
  ['a status that is no number', (stream) => reply(stream, Buffer.alloc(0), 'denied')],
  ['a success in the headers alone', (stream) => stream.respond({ ...grpc, 'grpc-status': '0' }, { endStream: true })],
]

test.each(FAULTS)('after %s the splice may have been taken, and is sent only once', async (_, fault) => {
  const server = await rawServer(({ stream }) => fault(stream))
  const node = ldkNode(clientOf(server), { clock })
  expect(await node.submit(request, { signal })).toMatchObject({ type: 'unknown' })
  expect(await node.newAddress({ signal })).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  expect(server.arrived.map(({ headers }) => headers[':path'])).toEqual([
    '/api.LightningNode/SpliceOut',
    '/api.LightningNode/OnchainReceive',
  ])
})

test('a read that ends without a status is sent again, up to four times in all; one with a status is not', async () => {
  let failures = 3
  const answering: LdkRpc['listPeers'] = async () =>
    (failures -= 1) < 0 ? ok([]) : err({ status: null, message: 'reset' })
  const passing = fakeRpc({ listPeers: answering })
  expect(await clientOf(await serverOf(passing.rpc)).listPeers({ signal })).toEqual(ok([]))
  for (const [status, times] of [
    [null, 4],
    [14, 1],
  ] as const) {
    const { rpc, seen } = fakeRpc({ listPeers: async () => err({ status, message: 'no' }) })
    expect(await clientOf(await serverOf(rpc)).listPeers({ signal })).toMatchObject({ ok: false, error: { status } })
    expect(seen).toHaveLength(times)
  }
})

test.each([
  [3, { type: 'refused', class: 'invalid' }],
  [4, { type: 'unknown' }],
  [7, { type: 'refused', class: 'config' }],
  [9, { type: 'refused', class: 'not_now' }],
  [12, { type: 'refused', class: 'config' }],
  [13, { type: 'unknown' }],
  [14, { type: 'unknown' }],
  [16, { type: 'refused', class: 'config' }],
  [99, { type: 'unknown' }],
])('the status %i of a server means what the table says', async (status, result) => {
  const server = await rawServer(({ stream }) =>
    stream.respond({ ...grpc, 'grpc-status': String(status) }, { endStream: true }),
  )
  expect(await ldkNode(clientOf(server), { clock }).submit(request, { signal })).toMatchObject(result)
  expect(server.arrived).toHaveLength(1)
})

test.each(FAULTS.filter(([name]) => name !== 'an address of no length'))(
  'after %s the fee bump may have been taken, and is sent only once',
  async (_, fault) => {
    const server = await rawServer(({ stream }) => fault(stream))
    const result = await ldkNode(clientOf(server), { clock }).bump(bump, { signal })
    expect(result).toMatchObject({ type: 'unknown' })
    expect(server.arrived.map(({ headers }) => headers[':path'])).toEqual(['/api.LightningNode/BumpChannelFundingFee'])
  },
)

test.each([
  [3, { type: 'refused', class: 'invalid' }],
  [4, { type: 'unknown' }],
  [7, { type: 'refused', class: 'config' }],
  [9, { type: 'refused', class: 'not_now' }],
  [12, { type: 'refused', class: 'invalid', message: 'this ldk-server does not support fee bumps' }],
  [13, { type: 'unknown' }],
  [14, { type: 'unknown' }],
  [16, { type: 'refused', class: 'config' }],
  [99, { type: 'unknown' }],
])('the status %i of a server means of a fee bump what the table says', async (status, result) => {
  const server = await rawServer(({ stream }) =>
    stream.respond({ ...grpc, 'grpc-status': String(status) }, { endStream: true }),
  )
  expect(await ldkNode(clientOf(server), { clock }).bump(bump, { signal })).toMatchObject(result)
  expect(server.arrived).toHaveLength(1)
})

test('when the handler gives up, the result is unknown, and the server sees its stream and the connection end', async () => {
  const controller = new AbortController()
  const ends: Promise<void>[] = []
  const server = await rawServer(({ stream }) => {
    ends.push(ended(stream))
    if (stream.session !== undefined) ends.push(ended(stream.session))
    controller.abort()
  })
  const client = clientOf(server)
  const result = await ldkNode(client, { clock }).submit(request, { signal: controller.signal })
  expect(result).toMatchObject({ type: 'unknown' })
  await Promise.all(ends)
  expect(ends).toHaveLength(2)
  expect(server.arrived).toHaveLength(1)
})

test('a stream that ends with neither an answer nor an error is unknown at the end of the call', async () => {
  const controller = new AbortController()
  const server = await rawServer(({ stream }) => {
    stream.once('close', () => controller.abort())
    stream.close(constants.NGHTTP2_NO_ERROR)
  })
  const result = await ldkNode(clientOf(server), { clock }).submit(request, { signal: controller.signal })
  expect(result).toMatchObject({ type: 'unknown' })
})

test('a call that is given up does not take another one with it', async () => {
  const controller = new AbortController()
  const first = Promise.withResolvers<ServerHttp2Stream>()
  const server = await rawServer(({ stream, headers }) => {
    if (headers[':path'] === '/api.LightningNode/OnchainReceive') return first.resolve(stream)
    controller.abort()
  })
  const node = ldkNode(clientOf(server), { clock })
  const address = node.newAddress({ signal })
  const stream = await first.promise
  const sessionEnded = ended(server.sessions[0] ?? stream)
  expect(await node.submit(request, { signal: controller.signal })).toMatchObject({ type: 'unknown' })
  reply(stream, whole)
  expect(await address).toEqual({ ok: true, value: 'bcrt1qout' })
  // The doubted connection goes as soon as nobody uses it.
  await sessionEnded
})

test('a call whose time is over before it starts is not sent', async () => {
  const server = await rawServer(({ stream }) => stream.close())
  const client = clientOf(server)
  const answer = await client.getNodeInfo({ signal: AbortSignal.abort() })
  expect(answer).toEqual(err({ status: null, message: 'aborted before it was sent' }))
  expect(server.sessions).toHaveLength(0)
})

test('a server that never finishes its handshake is given up with its socket', async () => {
  const connected = Promise.withResolvers<Socket>()
  const mute = createServer((socket) => connected.resolve(socket))
  mute.listen(0, '127.0.0.1')
  await once(mute, 'listening')
  onTestFinished(() => void mute.close())
  const address = mute.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `https://127.0.0.1:${address.port}`
  const controller = new AbortController()
  const client = clientOf({ url, certificate: ownCertificate.certificate })
  const answer = client.getNodeInfo({ signal: controller.signal })
  const socket = await connected.promise
  const gone = ended(socket)
  socket.resume()
  controller.abort()
  expect(await answer).toMatchObject({ ok: false, error: { status: null } })
  await gone
})

test('nothing at the address is unreachable', async () => {
  const server = await serverOf(fakeRpc().rpc)
  const node = ldkNode(clientOf(server), { clock })
  await server.close()
  expect(await node.look({ signal })).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  expect(await node.submit(request, { signal })).toMatchObject({ type: 'unknown' })
})

test('another certificate than the pinned one is refused, and nothing is sent', async () => {
  const { rpc, seen } = fakeRpc()
  const { url } = await serverOf(rpc)
  const { certificate } = selfSignedCertificate()
  const node = ldkNode(clientOf({ url, certificate }), { clock })
  expect(await node.look({ signal })).toMatchObject({ ok: false, error: { class: 'config' } })
  expect(await node.submit(request, { signal })).toMatchObject({ type: 'unknown' })
  expect(seen).toHaveLength(0)
})

test('the pinned certificate is trusted under a name that is not in it', async () => {
  const server = await serverOf(fakeRpc().rpc, { certificate: selfSignedCertificate(['node.example']) })
  const node = ldkNode(clientOf(server), { clock })
  expect(await node.look({ signal })).toMatchObject({ ok: true })
})

test('a node that loses the answer resets the stream, and there is no status', async () => {
  const { rpc, seen } = fakeRpc({ spliceOut: async () => err({ status: null, message: 'lost' }) })
  const client = clientOf(await serverOf(rpc))
  const splice = { userChannelId: channel.userChannelId, counterpartyNodeId: peerId, amountSats: 50_000 }
  const answer = await client.spliceOut({ ...splice, address: 'bcrt1qout' }, { signal })
  expect(answer).toMatchObject({ ok: false, error: { status: null } })
  expect(seen.filter(({ method }) => method === 'spliceOut')).toHaveLength(1)
})

test('the simulated server hears when its client gives up', async () => {
  const controller = new AbortController()
  const heard = Promise.withResolvers<true>()
  const { rpc } = fakeRpc({
    spliceOut(_, options) {
      options.signal.addEventListener('abort', () => heard.resolve(true))
      controller.abort()
      return new Promise(() => undefined)
    },
  })
  const node = ldkNode(clientOf(await serverOf(rpc)), { clock })
  expect(await node.submit(request, { signal: controller.signal })).toMatchObject({ type: 'unknown' })
  await heard.promise
})

test.each([
  ['/api.LightningNode/ForceCloseChannel', {}, Buffer.alloc(5), '12'],
  ['/other.Service/GetNodeInfo', {}, Buffer.alloc(5), '12'],
  ['/api.LightningNode/GetNodeInfo', { 'content-type': 'application/json' }, Buffer.alloc(5), '3'],
  ['/api.LightningNode/GetNodeInfo', {}, Buffer.alloc(4), '3'],
  ['/api.LightningNode/GetNodeInfo', {}, Buffer.alloc(6), '3'],
  ['/api.LightningNode/GetNodeInfo', {}, Buffer.from([1, 0, 0, 0, 0]), '12'],
  ['/api.LightningNode/SpliceOut', {}, Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]), '3'],
  ['/api.LightningNode/SpliceOut', {}, Buffer.alloc(5), '3'],
  ['/api.LightningNode/BumpChannelFundingFee', {}, Buffer.alloc(5), '3'],
])('the simulated server refuses %s with %o as ldk-server does', async (path, headers, body, status) => {
  const { rpc, seen } = fakeRpc()
  const server = await serverOf(rpc)
  const seconds = NOW / 1000
  const auth = `HMAC ${seconds}:${hmacOf(API_KEY, seconds, body).toString('hex')}`
  const response = await post(server, path, { 'x-auth': auth, ...headers }, body)
  expect(response).toMatchObject({ ':status': 200, 'grpc-status': status })
  expect(seen).toHaveLength(0)
})
