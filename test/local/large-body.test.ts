import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { aWorld } from '../../harness/api/world.ts'
import { startServer } from '../../local/server.ts'

const MIB = 1024 * 1024

/** The API on a TCP port, as `npm start` serves it. */
async function served() {
  const world = await aWorld()
  const server = await startServer(0, (sent) => world.app.fetch(sent))
  onTestFinished(() => server.close())
  return { world, port: Number(new URL(server.url).port), url: server.url }
}

/**
 * Sends all of a request before it reads anything, as many clients do, part by part as the connection takes them. Returns what
 * came back.
 */
async function sentWhole(port: number, head: readonly string[], parts: readonly Buffer[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.write(`${['POST /v1/splices HTTP/1.1', 'Host: localhost', 'Connection: close', ...head].join('\r\n')}\r\n\r\n`)
  for (const part of parts) await new Promise<void>((done) => void socket.write(part, () => done()))
  return text(socket)
}

const parts = Array.from({ length: 160 }, () => Buffer.alloc(64 * 1024, 'x'))

test('a body of 10 MB is refused with an answer that reaches who sends all of it first', async () => {
  const { port } = await served()
  const answer = await sentWhole(port, [`Content-Length: ${10 * MIB}`], parts)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('"code":"body_too_large"')
  expect(answer.toLowerCase()).toContain('splicekeeper-request-id: ')
})

test('so is one in chunks, and it is no fault of ours', async () => {
  const { port, world } = await served()
  const chunks = parts.map((part) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
  )
  const head = [
    'Transfer-Encoding: chunked',
    'Content-Type: application/json',
    `Authorization: Bearer ${world.keys.writer}`,
  ]
  const answer = await sentWhole(port, head, [...chunks, Buffer.from('0\r\n\r\n')])
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('"code":"body_too_large"')
  expect(world.heard.lines).toEqual([])
})

test('and with fetch, again and again over one connection', async () => {
  const { url } = await served()
  for (let n = 0; n < 3; n += 1) {
    const answer = await fetch(`${url}/v1/splices`, { method: 'POST', body: 'x'.repeat(10 * MIB) })
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ code: 'body_too_large', retry: 'new_key' })
  }
})

test('a small body in chunks is read as any other', async () => {
  const { port, world } = await served()
  const body = JSON.stringify({ node: 'alice' })
  const head = [
    'Transfer-Encoding: chunked',
    'Content-Type: application/json',
    'Idempotency-Key: order-1',
    `Authorization: Bearer ${world.keys.writer}`,
  ]
  const answer = await sentWhole(port, head, [Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)])
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('`kind` is missing')
})
