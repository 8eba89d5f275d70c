import { createServer as createTlsServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createSocketServer, type Socket, type AddressInfo } from 'node:net'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clnRest } from '../../../../adapters/node/cln/rest.ts'
import { decodeRune } from '../../../../adapters/node/cln/rune.ts'
import { clnSocket } from '../../../../adapters/node/cln/socket.ts'
import { selfSignedCertificate } from '../../../../simulator/world/certificate.ts'
import { runeOf } from '../../../../harness/nodes/cln-rune.ts'

const NOW = 1_700_000_000_500
const clock = { now: () => NOW }
const RUNE = runeOf(['=0'])
const options = () => ({ signal: new AbortController().signal })
const CN = selfSignedCertificate(['cln', 'localhost'])

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function aRest(answer: Answer, served = CN, pinned = CN.certificate) {
  const seen: { url: string; rune: string | undefined; body: string }[] = []
  const server = createTlsServer({ cert: served.certificate, key: served.key }, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { rune } = request.headers
      seen.push({ url: request.url ?? '', rune: typeof rune === 'string' ? rune : undefined, body })
      answer(request, response, body)
    })
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address: AddressInfo | string | null = server.address()
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
    })
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const read = decodeRune(RUNE)
  if (read === null) throw new Error('no rune')
  const config = { url: `https://127.0.0.1:${port}`, certificate: pinned, rune: { text: RUNE, read } }
  return { rpc: clnRest(config, clock), seen, server }
}

const reply =
  (status: number, body: unknown): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

describe('clnrest', () => {
  test('is called with the rune and named parameters, and its result is what it answers', async () => {
    const { rpc, seen } = await aRest(reply(201, { id: 'x' }))
    expect(await rpc.call('getinfo', { style: 'perkw' }, options())).toEqual({ ok: true, value: { id: 'x' } })
    expect(seen).toEqual([{ url: '/v1/getinfo', rune: RUNE, body: '{"style":"perkw"}' }])
  })

  test('a call of an attempt carries a rune that is good until its time, and no other', async () => {
    const { rpc, seen } = await aRest(reply(201, {}))
    await rpc.call('splice_init', {}, { ...options(), until: NOW + 60_000 })
    expect(seen[0]?.rune).toBe(runeOf(['=0', 'time<1700000060']))
  })

  test('nothing is sent once its time is over', async () => {
    const { rpc, seen } = await aRest(reply(201, {}))
    expect(await rpc.call('splice_init', {}, { ...options(), until: NOW })).toMatchObject({
      error: { type: 'not_sent' },
    })
    expect(await rpc.call('splice_init', {}, { signal: AbortSignal.abort() })).toMatchObject({
      error: { type: 'not_sent' },
    })
    expect(seen).toEqual([])
  })

  test.each([401, 403, 404, 405, 406])('HTTP %i ran nothing', async (status) => {
    const { rpc } = await aRest(reply(status, { code: 1501, message: 'Not authorized', data: null }))
    expect(await rpc.call('splice_init', {}, options())).toEqual({
      ok: false,
      error: { type: 'denied', code: 1501, message: 'Not authorized' },
    })
  })

  test('HTTP 500 with a code is the error of the node', async () => {
    const { rpc } = await aRest(reply(500, { code: 355, message: 'busy', data: null }))
    expect(await rpc.call('splice_init', {}, options())).toEqual({
      ok: false,
      error: { type: 'error', code: 355, message: 'busy' },
    })
  })

  test.each([
    ['500 without a code', 500, 'Internal Server Error'],
    ['502 of a proxy', 502, { code: 1, message: 'x' }],
    ['504 of a proxy', 504, ''],
    ['a redirect', 307, ''],
    ['200, which clnrest never answers', 200, {}],
    ['201 that cannot be read', 201, '{"txid":'],
    ['201 that is too large', 201, `"${'x'.repeat(17_000_000)}"`],
  ])('%s may have been executed', async (_what, status, body) => {
    const { rpc } = await aRest(reply(status, body))
    expect(await rpc.call('splice_init', {}, options())).toMatchObject({ error: { type: 'lost' } })
  })

  test('a connection that breaks after the request may have been executed', async () => {
    const { rpc } = await aRest((request) => request.socket.destroy())
    expect(await rpc.call('splice_init', {}, options())).toMatchObject({ error: { type: 'lost' } })
  })

  test.each(['getinfo', 'listpeerchannels', 'listfunds', 'listchannels', 'feerates'])(
    '%s is sent again when it gets no answer, but not within a command',
    async (method) => {
      const { rpc, seen } = await aRest((request) => request.socket.destroy())
      expect(await rpc.call(method, {}, options())).toMatchObject({ error: { type: 'lost' } })
      expect(seen).toHaveLength(4)
      await rpc.call(method, {}, { ...options(), until: NOW + 60_000 })
      expect(seen).toHaveLength(5)
    },
  )

  test.each(['splice_init', 'splice_update', 'splice_signed', 'splicein', 'abort_channels', 'newaddr', 'connect'])(
    '%s is never sent again',
    async (method) => {
      for (const answer of [(request: IncomingMessage) => void request.socket.destroy(), reply(503, '')]) {
        const { rpc, seen } = await aRest(answer)
        await rpc.call(method, {}, options())
        expect(seen).toHaveLength(1)
      }
    },
  )

  test('a call without time left destroys its socket, and may have been executed', async () => {
    const controller = new AbortController()
    let closed: () => void = () => undefined
    const hungUp = new Promise<void>((resolve) => (closed = resolve))
    const { rpc, seen } = await aRest((request) => {
      request.socket.on('close', closed)
      controller.abort()
    })
    const answer = await rpc.call('splice_signed', {}, { signal: controller.signal })
    expect(answer).toMatchObject({ error: { type: 'lost' } })
    await hungUp
    expect(seen).toHaveLength(1)
  })

  test('nobody who listens: certainly not sent', async () => {
    const { rpc, server } = await aRest(reply(201, {}))
    await new Promise((resolve) => server.close(resolve))
    expect(await rpc.call('splice_init', {}, options())).toMatchObject({
      error: { type: 'not_sent', identity: false },
    })
  })

  test('another certificate gets neither the rune nor the request', async () => {
    const other = selfSignedCertificate(['cln'])
    const { rpc, seen } = await aRest(reply(201, {}), other, CN.certificate)
    expect(await rpc.call('getinfo', {}, options())).toMatchObject({
      error: { type: 'not_sent', identity: true },
    })
    expect(seen).toEqual([])
  })

  test('a certificate that is not for `cln` is not of a clnrest', async () => {
    const other = selfSignedCertificate(['localhost'])
    const { rpc, seen } = await aRest(reply(201, {}), other, other.certificate)
    expect(await rpc.call('getinfo', {}, options())).toMatchObject({ error: { identity: true } })
    expect(seen).toEqual([])
  })
})

async function aSocket(answer: (socket: Socket, request: string) => void) {
  const path = join(mkdtempSync(join(tmpdir(), 'cln-')), 'lightning-rpc')
  const seen: string[] = []
  const sockets: Socket[] = []
  const server = createSocketServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      seen.push(chunk.toString())
      answer(socket, chunk.toString())
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { rpc: clnSocket(path, clock), seen, path }
}

const told = (body: object): string => JSON.stringify({ jsonrpc: '2.0', id: 'splicekeeper', ...body }, null, 3)

describe('the local socket', () => {
  test('is asked in JSON-RPC, and its result is read to the empty line', async () => {
    const { rpc, seen } = await aSocket((socket) => socket.write(`${told({ result: { id: 'x' } })}\n\n`))
    expect(await rpc.call('getinfo', { a: 1 }, options())).toEqual({ ok: true, value: { id: 'x' } })
    expect(JSON.parse(seen[0] ?? '')).toMatchObject({ jsonrpc: '2.0', method: 'getinfo', params: { a: 1 } })
  })

  test('an answer in many parts is read as one, whole at its closing brace', async () => {
    const text = told({ result: { list: Array.from({ length: 2_000 }, (_, n) => ({ n })) } })
    const { rpc } = await aSocket((socket) => {
      for (let at = 0; at < text.length; at += 999) socket.write(text.slice(at, at + 999))
    })
    expect(await rpc.call('listfunds', {}, options())).toMatchObject({ ok: true })
  })

  test('an error is the error of the node', async () => {
    const { rpc } = await aSocket((socket) => socket.write(`${told({ error: { code: 358, message: 'no' } })}\n\n`))
    expect(await rpc.call('splice_update', {}, options())).toEqual({
      ok: false,
      error: { type: 'error', code: 358, message: 'no' },
    })
  })

  test.each([
    ['hangs up', (socket: Socket) => socket.end()],
    ['breaks', (socket: Socket) => socket.destroy()],
    ['answers no JSON, and keeps the connection', (socket: Socket) => socket.write('<html>\n\n')],
    ['answers something else', (socket: Socket) => socket.write('{"id":"another","result":1}\n\n')],
    ['hangs up in the middle', (socket: Socket) => socket.end('{"jsonrpc":"2.0","id":')],
  ])('a node that %s may have executed it', async (_what, answer) => {
    const { rpc } = await aSocket(answer)
    expect(await rpc.call('splice_signed', {}, options())).toMatchObject({ error: { type: 'lost' } })
  })

  test('a call without time left hangs up, and may have been executed', async () => {
    const controller = new AbortController()
    const { rpc } = await aSocket(() => controller.abort())
    expect(await rpc.call('splice_signed', {}, { signal: controller.signal })).toMatchObject({
      error: { type: 'lost' },
    })
  })

  test('no socket, and no time: certainly not sent', async () => {
    const { rpc, seen, path } = await aSocket(() => undefined)
    const nobody = clnSocket(`${path}-none`, clock)
    expect(await nobody.call('getinfo', {}, options())).toMatchObject({ error: { type: 'not_sent' } })
    expect(await rpc.call('splice_init', {}, { ...options(), until: NOW })).toMatchObject({
      error: { type: 'not_sent' },
    })
    expect(seen).toEqual([])
  })
})
