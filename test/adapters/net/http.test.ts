import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { httpSender, isUnconnected } from '../../../adapters/net/http.ts'

const fault = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall })

test.each<[string, unknown, boolean]>([
  ['a refused connection', fault('ECONNREFUSED', 'connect'), true],
  ['a name that nobody knows', fault('ENOTFOUND', 'getaddrinfo'), true],
  ['a host that was never reached', fault('EHOSTUNREACH', 'connect'), true],
  ['a host that went out of reach', fault('EHOSTUNREACH', 'read'), false],
  ['a connection that was reset', fault('ECONNRESET', 'read'), false],
  ['every address refused', new AggregateError([fault('ECONNREFUSED', 'connect')]), true],
  ['one of two addresses lost later', new AggregateError([fault('EPIPE', 'write')]), false],
  ['nothing that is known', new Error('x'), false],
])('%s: never connected, and so never sent: %s', (_says, error, never) => {
  expect(isUnconnected(error)).toBe(never)
})

test('a server that takes the connection and does not go on with TLS was sent nothing', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  server.on('connection', (socket) => onTestFinished(() => void socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const send = httpSender({ keepAlive: false, connectMs: 1 })
  const request = { method: 'GET', body: null, maxBytes: 10, signal: new AbortController().signal } as const
  const sent = send(`https://127.0.0.1:${port}`, request).then(
    () => null,
    (error: unknown) => error,
  )
  expect(isUnconnected(await sent)).toBe(true)
})
