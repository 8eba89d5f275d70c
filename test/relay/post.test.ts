import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { relaySignature } from '../../core/nodes/relay-signature.ts'
import { askHealth, postEvents, type Target } from '../../relay/post.ts'

const signal = new AbortController().signal
const NOW = Date.UTC(2026, 10, 30)

/** A service that answers as the test says. */
async function aTarget(answer: RequestListener): Promise<Target> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { serviceUrl: `http://127.0.0.1:${address.port}`, node: 'alice', relayKey: 'key' }
}

test('events go signed to the node of that name', async () => {
  const seen = Promise.withResolvers<{ url: string; headers: Record<string, unknown>; body: string }>()
  const target = await aTarget((request, response) => {
    request.setEncoding('utf8')
    let body = ''
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      seen.resolve({ url: request.url ?? '', headers: request.headers, body })
      response.writeHead(202).end('{}')
    })
  })
  expect((await postEvents(target, [{ id: '1', type: 'peer_connected', at: 1 }], NOW, signal)).status).toBe(202)
  const { url, headers, body } = await seen.promise
  expect(url).toBe('/v1/nodes/alice/events')
  expect(body).toBe('{"events":[{"id":"1","type":"peer_connected","at":1}]}')
  expect(headers['splicekeeper-timestamp']).toBe(String(NOW / 1000))
  expect(headers['splicekeeper-signature']).toBe(relaySignature('key', String(NOW / 1000), body))
})

test('a redirect is not followed: the signature is for one address', async () => {
  let requests = 0
  const target = await aTarget((_, response) => {
    requests += 1
    response.writeHead(307, { Location: '/elsewhere' }).end()
  })
  expect((await postEvents(target, [], NOW, signal)).status).toBe(307)
  expect(requests).toBe(1)
})

test('an answer out of a store tells no time', async () => {
  const target = await aTarget((request, response) => {
    if (request.url === '/health') response.setHeader('Age', '0')
    response.end('{}')
  })
  expect(await askHealth(target, signal)).toMatchObject({ status: 200, date: null })
  expect((await postEvents(target, [], NOW, signal)).date).not.toBeNull()
})

test('of what the service says only codes that we know are kept', async () => {
  const bodies = ['{"code":"timestamp_stale","detail":"secret"}', '{"code":"secret"}', 'secret', 's'.repeat(70_000)]
  const target = await aTarget((_, response) => void response.writeHead(401).end(bodies.shift()))
  const codes: unknown[] = []
  for (let n = 0; n < 4; n += 1) {
    const answer = await postEvents(target, [], NOW, signal)
    expect(JSON.stringify(answer)).not.toContain('secret')
    codes.push(answer.code)
  }
  expect(codes.slice(0, 3)).toEqual(['timestamp_stale', null, null])
})

test('a service that hangs is left when the relay ends', async () => {
  const arrived = Promise.withResolvers<undefined>()
  const target = await aTarget(() => arrived.resolve(undefined))
  const stopped = new AbortController()
  const answer = postEvents(target, [], NOW, stopped.signal)
  await arrived.promise
  stopped.abort()
  expect(await answer).toEqual({ status: null, code: null, date: null })
})
