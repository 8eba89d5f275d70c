import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { selfSignedCertificate } from '../../../simulator/world/certificate.ts'
import type { Resolve } from '../../../adapters/webhook/lookup.ts'
import { webhookSender } from '../../../adapters/webhook/sender.ts'
import { targetRules } from '../../../adapters/webhook/target.ts'
import { webhookReceiver } from '../../../docs/examples/webhook-receiver.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const OLD = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
const call = () => ({ signal: new AbortController().signal })
const anywhere = targetRules(true)
const everybody = targetRules(false)
const payload = {
  type: 'splice.settled',
  timestamp: '2026-11-30T00:00:00.000Z',
  data: { sequence: 1 },
}
const body = JSON.stringify(payload)

const aDelivery = (url: string, secrets = [SECRET]) => ({ url, secrets, id: 'evt_1', at: Date.now(), body })

async function listening(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('not on a port')
  return address.port
}

async function answering(listener: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createHttpServer((request, response) => {
    asked.push(request.url ?? '')
    listener(request, response)
  })
  onTestFinished(() => server.closeAllConnections())
  return { url: `http://127.0.0.1:${await listening(server)}/hook`, asked }
}

/** A resolver that gives the answers one after the other, and counts how often it is asked. */
function resolving(...answers: string[][]): { resolve: Resolve; asked: string[] } {
  const asked: string[] = []
  const resolve: Resolve = async (hostname) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { resolve, asked }
}

describe('what is sent', () => {
  test('is taken by the receiver of the docs, which verifies it with the public library, once for each id', async () => {
    const taken: unknown[] = []
    const receiver = webhookReceiver(SECRET, async (event) => void taken.push(event))
    const url = `http://127.0.0.1:${await listening(receiver)}/`
    const sender = webhookSender({ rules: anywhere })
    expect(await sender.deliver(aDelivery(url), call())).toEqual({ ok: true, status: 204 })
    expect(await sender.deliver(aDelivery(url), call())).toEqual({ ok: true, status: 204 })
    expect(taken).toEqual([{ id: 'evt_1', payload }])
    expect(await sender.deliver(aDelivery(url, [OLD]), call())).toEqual({
      ok: false,
      fault: 'status',
      status: 401,
    })
    const late = { ...aDelivery(url), at: Date.now() - 600_000 }
    expect(await sender.deliver(late, call())).toEqual({ ok: false, fault: 'status', status: 401 })
    expect(taken).toHaveLength(1)
  })

  test('carries a signature of every secret: receivers with the old and with the new one both take it', async () => {
    const headers: Record<string, string>[] = []
    const { url } = await answering(({ headers: told }, response) => {
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-type', 'content-length']
      headers.push(Object.fromEntries(names.map((name) => [name, String(told[name])])))
      response.end()
    })
    await webhookSender({ rules: anywhere }).deliver(aDelivery(url, [SECRET, OLD]), call())
    const [told = {}] = headers
    expect(told).toMatchObject({ 'webhook-id': 'evt_1', 'content-type': 'application/json' })
    expect(told['content-length']).toBe(String(Buffer.byteLength(body)))
    for (const secret of [SECRET, OLD]) expect(new Webhook(secret).verify(body, told)).toEqual(payload)
    expect(() => new Webhook(SECRET).verify(`${body} `, told)).toThrow()
    expect(() => new Webhook(SECRET).verify(body, { ...told, 'webhook-id': 'evt_2' })).toThrow()
  })

  test('over TLS names the host and trusts no other certificate', async () => {
    const { certificate, key } = selfSignedCertificate()
    const server = createHttpsServer({ cert: certificate, key }, (_request, response) => response.writeHead(202).end())
    onTestFinished(() => server.closeAllConnections())
    const port = await listening(server)
    const url = `https://localhost:${port}/`
    const { resolve } = resolving(['127.0.0.1'])
    const rules = { ...everybody, isAllowed: () => true }
    const sent = (ca?: string) =>
      webhookSender({ rules, resolve, ...(ca === undefined ? {} : { ca }) }).deliver(aDelivery(url), call())
    expect(await sent(certificate)).toEqual({ ok: true, status: 202 })
    expect(await sent()).toEqual({ ok: false, fault: 'no_answer', status: null })
  })
})

describe('an answer that is not 2xx', () => {
  test.each([400, 401, 404, 410, 429, 500, 503])('%i is a failure', async (status) => {
    const { url } = await answering((_request, response) => response.writeHead(status).end('why'))
    const delivered = await webhookSender({ rules: anywhere }).deliver(aDelivery(url), call())
    expect(delivered).toEqual({ ok: false, fault: 'status', status })
  })

  test.each([301, 302, 303, 307, 308])('%i is a failure, and nobody goes where it leads', async (status) => {
    const inner = await answering((_request, response) => response.end())
    const { url, asked } = await answering((_request, response) =>
      response.writeHead(status, { Location: inner.url }).end(),
    )
    const delivered = await webhookSender({ rules: anywhere }).deliver(aDelivery(url), call())
    expect(delivered).toEqual({ ok: false, fault: 'status', status })
    expect([asked.length, inner.asked.length]).toEqual([1, 0])
  })
})

describe('a receiver that does not answer', () => {
  const noAnswer = { ok: false, fault: 'no_answer', status: null } as const

  test('because nobody listens', async () => {
    const sender = webhookSender({ rules: anywhere })
    expect(await sender.deliver(aDelivery('http://127.0.0.1:1/'), call())).toEqual(noAnswer)
  })

  test('because its name leads nowhere', async () => {
    const resolve: Resolve = () => Promise.reject(new Error('ENOTFOUND'))
    const sender = webhookSender({ rules: everybody, resolve })
    expect(await sender.deliver(aDelivery('https://nowhere.example/'), call())).toEqual(noAnswer)
  })

  test.each([
    ['takes the connection and says nothing', ''],
    ['drips its headers', 'HTTP/1.1 200 OK\r\nX-Slow: '],
    ['drips its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1'],
  ])('in time, one that %s: the socket is destroyed', async (_how, text) => {
    const aborted = new AbortController()
    const closed = Promise.withResolvers<undefined>()
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).on('close', () => closed.resolve(undefined))
      socket.once('data', () => {
        if (text !== '') socket.write(text)
        // Whatever dripped has had its chance to arrive once the loop has turned.
        setImmediate(() => aborted.abort())
      })
    })
    const url = `http://127.0.0.1:${await listening(server)}/`
    const sender = webhookSender({ rules: anywhere })
    expect(await sender.deliver(aDelivery(url), { signal: aborted.signal })).toEqual(noAnswer)
    await closed.promise
  })

  test('in HTTP', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined).end('hello\r\n\r\n'))
    const url = `http://127.0.0.1:${await listening(server)}/`
    expect(await webhookSender({ rules: anywhere }).deliver(aDelivery(url), call())).toEqual(noAnswer)
  })

  test('but in a body without end counts by its status, and is not read on', async () => {
    let written = 0
    const { url } = await answering((_request, response) => {
      response.writeHead(200)
      const more = (): void => {
        if (response.destroyed) return
        written += 1
        if (response.write(Buffer.alloc(16_384))) setImmediate(more)
        else response.once('drain', more)
      }
      more()
    })
    const delivered = await webhookSender({ rules: anywhere }).deliver(aDelivery(url), call())
    expect(delivered).toEqual({ ok: true, status: 200 })
    expect(written).toBeLessThan(10_000)
  })
})

describe('a target that is not public', () => {
  const refused = { ok: false, fault: 'target_refused', status: null } as const

  test.each([
    'https://127.0.0.1:1/',
    'https://169.254.169.254/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://2130706433/',
    'http://example.com/',
    'nonsense',
  ])('is refused when it is written out: %s', async (url) => {
    const { resolve, asked } = resolving(['1.1.1.1'])
    expect(await webhookSender({ rules: everybody, resolve }).deliver(aDelivery(url), call())).toEqual(refused)
    expect(asked).toEqual([])
  })

  test.each([
    [['127.0.0.1']],
    [['169.254.169.254']],
    [['10.1.2.3']],
    [['fd00:ec2::254']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [[]],
  ])('is refused when a name leads there, also among others: %j', async (addresses) => {
    const { resolve, asked } = resolving(addresses)
    const sender = webhookSender({ rules: everybody, resolve })
    expect(await sender.deliver(aDelivery('https://rebound.example/'), call())).toEqual(refused)
    expect(asked).toEqual(['rebound.example'])
  })

  test('is refused by the real resolver', async () => {
    const sender = webhookSender({ rules: everybody })
    expect(await sender.deliver(aDelivery('https://localhost:1/'), call())).toEqual(refused)
  })

  test('is not reached by a name that changes: it is resolved once, and the address that was checked is asked', async () => {
    const reached: string[] = []
    const at = (host: string) =>
      createHttpServer((_request, response) => {
        reached.push(host)
        response.end()
      })
    const [outer, inner] = [at('127.0.0.2'), at('127.0.0.1')]
    onTestFinished(() => [outer, inner].forEach((server) => server.closeAllConnections()))
    const port = await listening(outer, '127.0.0.2')
    await listening(inner, '127.0.0.1', port)
    const { resolve, asked } = resolving(['127.0.0.2'], ['127.0.0.1'])
    // Loopback stands in for the internet, but for the one address that is taken for private.
    const rules = { allowsHttp: true, isAllowed: (address: string) => address !== '127.0.0.1' }
    const sender = webhookSender({ rules, resolve })
    const url = `http://rebound.example:${port}/`
    expect(await sender.deliver(aDelivery(url), call())).toEqual({ ok: true, status: 200 })
    expect(asked).toHaveLength(1)
    expect(await sender.deliver(aDelivery(url), call())).toEqual(refused)
    expect(asked).toHaveLength(2)
    expect(reached).toEqual(['127.0.0.2'])
  })
})
