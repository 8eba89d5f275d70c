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
