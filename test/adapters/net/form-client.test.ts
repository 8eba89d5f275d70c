import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeHttp, HttpNodeConfig } from '../../../adapters/net/form-client.ts'
import {
  startFormServer,
  type FormReply,
  type FormRequest,
  type WireFault,
} from '../../../simulator/world/form-server.ts'
import { callNow, PASSWORD } from '../../../harness/nodes/http-nodes.ts'

const fine: FormReply = { status: 200, type: 'text/plain', body: 'fine' }
const asked = { method: 'POST', path: '/do', fields: { a: '1 & 2', b: 'ü' }, maxBytes: 100, isRead: false } as const

async function aServer(fault: WireFault | null = null, reply = fine) {
  const handled: FormRequest[] = []
  const server = await startFormServer({
    handle: async (request) => {
      handled.push(request)
      return reply
    },
    faultOf: () => fault,
  })
  onTestFinished(() => server.close())
  return { server, handled, http: nodeHttp({ url: server.url, password: PASSWORD }) }
}

/** The address of a port at which nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${address.port}`
}

describe('a request', () => {
  test('carries its form and the password, and is sent once', async () => {
    const { server, http } = await aServer()
    expect(await http(asked, callNow())).toEqual({ ok: true, value: fine })
    expect(server.received).toMatchObject([{ method: 'POST', path: '/do', password: PASSWORD }])
    expect(Object.fromEntries(server.received[0]?.fields ?? [])).toEqual({ a: '1 & 2', b: 'ü' })
  })

  test('of a GET has its form in the query, below the path of the address', async () => {
    const { server } = await aServer()
    const http = nodeHttp({ url: `${server.url}/node//`, password: PASSWORD })
    await http({ ...asked, method: 'GET' }, callNow())
    expect(server.received).toMatchObject([{ method: 'GET', path: '/node/do' }])
    expect(server.received[0]?.fields.get('b')).toBe('ü')
  })

  test('that is aborted destroys its socket, and does not say that nothing was sent', async () => {
    const { server, http } = await aServer({ type: 'slow', executes: true })
    const given = new AbortController()
    const answer = http(asked, { signal: given.signal })
    while (server.received.length === 0) await new Promise(setImmediate)
    given.abort()
    expect(await answer).toMatchObject({ ok: false, error: { sent: true } })
    await server.hungUp()
  })

  test('that is aborted before it begins is not sent', async () => {
    const { server, http } = await aServer()
    expect(await http(asked, { signal: AbortSignal.abort() })).toMatchObject({ error: { sent: false } })
    expect(server.received).toEqual([])
  })

  test('to a port at which nobody listens, or to a host that does not exist, was certainly not sent', async () => {
    for (const url of [await nobody(), 'http://nobody.invalid']) {
      const answer = await nodeHttp({ url, password: PASSWORD })(asked, callNow())
      expect(answer).toMatchObject({ ok: false, error: { sent: false, identity: false } })
    }
  })

  test('over a connection that closes at once may have been sent', async () => {
    const server = createServer((socket) => socket.destroy())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const http = nodeHttp({ url: `http://127.0.0.1:${address.port}`, password: PASSWORD })
    expect(await http(asked, callNow())).toMatchObject({ error: { sent: true } })
  })

  test.each<[string, WireFault]>([
    ['a reset', { type: 'reset', executes: true }],
    ['a reset before anything is done', { type: 'reset', executes: false }],
    ['half a body', { type: 'half_body' }],
  ])('with %s has no answer, and is repeated only if it reads', async (_says, fault) => {
    const { server, http } = await aServer(fault)
    expect(await http(asked, callNow())).toMatchObject({ ok: false, error: { sent: true } })
    expect(server.received).toHaveLength(1)
    expect(await http({ ...asked, isRead: true }, callNow())).toMatchObject({ ok: false, error: { sent: true } })
    expect(server.received).toHaveLength(5)
  })

  test('with too large an answer has none', async () => {
    const { http } = await aServer(null, { ...fine, body: 'x'.repeat(101) })
    expect(await http(asked, callNow())).toMatchObject({ error: { sent: true } })
  })

  test('follows no redirect', async () => {
    const { server, http } = await aServer({ type: 'status', status: 302, body: '', executes: true })
    expect(await http(asked, callNow())).toMatchObject({ ok: true, value: { status: 302 } })
    expect(server.received).toHaveLength(1)
  })

  test('tells neither address nor password when it fails', async () => {
    const url = await nobody()
    const failed = JSON.stringify(await nodeHttp({ url, password: PASSWORD })(asked, callNow()))
    expect(failed).toContain('/do')
    expect(failed).not.toContain(PASSWORD)
    expect(failed).not.toContain('127.0.0.1')
  })
})

test.each(['http://127.0.0.1:8080', 'https://node.example/eclair/'])('%s is an address', (url) => {
  expect(HttpNodeConfig.safeParse({ url, password: PASSWORD }).success).toBe(true)
})

test.each(['127.0.0.1:8080', 'ftp://x', 'http://me:secret@x', 'http://:secret@x', 'http://x/?a=1', 'http://x/#a'])(
  '%s is none',
  (url) => {
    expect(HttpNodeConfig.safeParse({ url, password: PASSWORD }).success).toBe(false)
  },
)
