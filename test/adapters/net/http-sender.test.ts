import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { httpSender, isUnconnected } from '../../../adapters/net/http.ts'
import { selfSignedCertificate } from '../../../simulator/world/certificate.ts'

const signal = new AbortController().signal
const asked = { method: 'POST', body: '{}', maxBytes: 1_000, signal } as const

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = addressOf(server.address())
  return port
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('not on a port')
  return address
}

afterEach(() => vi.useRealTimers())

test('a connection that does not come about in its time is given up, before anything was sent', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const bytes: Buffer[] = []
  const arrived = Promise.withResolvers<Socket>()
  // A server that takes the connection and never answers the handshake.
  const port = await portOf(createServer((socket) => arrived.resolve(socket.on('data', (data) => bytes.push(data)))))
  const sent = httpSender({ keepAlive: false, connectMs: 3_000 })(`https://127.0.0.1:${port}/`, asked)
  const failed = expect(sent).rejects.toSatisfy(isUnconnected)
  const socket = await arrived.promise
  vi.advanceTimersByTime(3_000)
  await failed
  expect(Buffer.concat(bytes).includes('POST')).toBe(false)
  socket.destroy()
})

test('a connection that came about may wait for its answer as long as its request', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const server = createHttpServer((_request, response) => {
    vi.advanceTimersByTime(60_000)
    response.setHeader('Content-Type', 'text/plain; charset=utf-8').end('late')
  })
  const port = await portOf(server)
  const sent = httpSender({ keepAlive: false, connectMs: 3_000 })(`http://127.0.0.1:${port}/`, asked)
  expect(await sent).toEqual({ status: 200, type: 'text/plain; charset=utf-8', body: 'late' })
})

test('only the given authority is trusted, under the given name', async () => {
  const { certificate, key } = selfSignedCertificate()
  const port = await portOf(createHttpsServer({ cert: certificate, key }, (_request, response) => response.end('ok')))
  const send = (options: { ca?: string; servername?: string }) =>
    httpSender({ keepAlive: false, ...options })(`https://127.0.0.1:${port}/`, asked)
  await expect(send({})).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await expect(send({ ca: certificate, servername: 'another' })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
  expect((await send({ ca: certificate, servername: 'localhost' })).body).toBe('ok')
})

test('an answer of more than was allowed for is not read', async () => {
  const port = await portOf(createHttpServer((_request, response) => response.end('x'.repeat(1_001))))
  const send = httpSender({ keepAlive: false })
  expect((await send(`http://127.0.0.1:${port}/`, asked)).body).toBeNull()
})

test('a read on a kept connection that died is sent once more, on a new one, although all idle ones died', async () => {
  const urls: string[] = []
  const sockets = new Set<Socket>()
  const server = createHttpServer((request, response) => {
    urls.push(request.url ?? '')
    response.end('ok')
  })
  server.on('connection', (socket) => sockets.add(socket))
  const port = await portOf(server)
  const send = httpSender({ keepAlive: true })
  const read = { method: 'GET', body: null, maxBytes: 1_000, signal, repeatOn: [] } as const
  const eight = Array.from({ length: 8 }, (_, n) => `/first/${n}`)
  await Promise.all(eight.map((path) => send(`http://127.0.0.1:${port}${path}`, read)))
  expect(sockets.size).toBe(8)
  // The path has forgotten the connections: whatever is sent on one of them is answered with a reset.
  for (const socket of sockets) socket.removeAllListeners('data').on('data', () => socket.resetAndDestroy())
  for (const path of ['/second', '/third'])
    expect(await send(`http://127.0.0.1:${port}${path}`, read)).toMatchObject({ status: 200 })
  expect(sockets.size).toBe(10)
  expect(urls.slice(8)).toEqual(['/second', '/third'])
})

test('a command on a kept connection that died is not sent again', async () => {
  const sockets: Socket[] = []
  const server = createHttpServer((_request, response) => response.end('ok'))
  server.on('connection', (socket) => sockets.push(socket))
  const send = httpSender({ keepAlive: true })
  const url = `http://127.0.0.1:${await portOf(server)}/`
  await send(url, asked)
  for (const socket of sockets) socket.removeAllListeners('data').on('data', () => socket.resetAndDestroy())
  await expect(send(url, asked)).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(sockets).toHaveLength(1)
})

test('a read is not sent again once its time is over', async () => {
  const controller = new AbortController()
  let requests = 0
  const server = createHttpServer((request) => {
    requests += 1
    controller.abort()
    request.socket.destroy()
  })
  const read = { method: 'GET', body: null, maxBytes: 1_000, signal: controller.signal, repeatOn: [503] } as const
  await expect(httpSender({ keepAlive: true })(`http://127.0.0.1:${await portOf(server)}/`, read)).rejects.toThrow()
  expect(requests).toBe(1)
})

test('a read that finds no connection in its time, or a server of somebody else, is not tried again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const arrived = Promise.withResolvers<Socket>()
  let connections = 0
  const silent = await portOf(
    createServer((socket) => {
      connections += 1
      arrived.resolve(socket)
    }),
  )
  const read = { method: 'GET', body: null, maxBytes: 1_000, signal, repeatOn: [] } as const
  const sent = httpSender({ keepAlive: false, connectMs: 3_000 })(`https://127.0.0.1:${silent}/`, read)
  const failed = expect(sent).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' })
  const socket = await arrived.promise
  vi.advanceTimersByTime(3_000)
  await failed
  expect(connections).toBe(1)
  socket.destroy()
  const { certificate, key } = selfSignedCertificate()
  const stranger = createHttpsServer({ cert: certificate, key })
  let handshakes = 0
  stranger.on('connection', () => (handshakes += 1))
  const port = await portOf(stranger)
  await expect(httpSender({ keepAlive: false })(`https://127.0.0.1:${port}/`, read)).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  })
  expect(handshakes).toBe(1)
})
