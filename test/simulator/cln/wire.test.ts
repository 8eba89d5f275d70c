import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { worldFrom } from '../../../simulator/world/world.ts'
import { CAROL, clnOf, spliceInTo, type Cln } from './cln-wire.ts'

const json = { 'content-type': 'application/json' }

describe('clnrest', () => {
  test('answers 201 with the bare result', async () => {
    const cln = await clnOf()
    const { status, body } = await cln.post('getinfo')
    expect({ status, id: body['id'], version: body['version'] }).toEqual({
      status: 201,
      id: cln.node.nodeId,
      version: 'v26.06.6',
    })
  })

  test('takes an empty body, and leaves out parameters that are null', async () => {
    const cln = await clnOf()
    const { rune } = cln.server
    const empty = await cln.raw({ path: '/v1/getinfo', method: 'POST', headers: { rune } })
    expect(empty.statusCode).toBe(201)
    expect((await cln.post('listpeerchannels', { id: null })).status).toBe(201)
  })

  test('answers 403 without a rune, and 405 to anything but POST', async () => {
    const cln = await clnOf()
    expect(await cln.post('getinfo', {}, null)).toEqual({
      status: 403,
      body: { code: 1501, message: 'Not authorized: Missing rune', data: null },
    })
    const got = await cln.raw({ path: '/v1/getinfo', headers: { rune: cln.server.rune } })
    expect(got.statusCode).toBe(405)
    expect(await got.body.json()).toEqual({
      code: -32601,
      message: 'Path invalid, http_method must be POST for CLN methods',
      data: null,
    })
  })

  test('answers 404 to a command that its version lacks, and does not help with it', async () => {
    const cln = await clnOf({ version: 'v25.12', lacks: ['splicein'] })
    expect(await cln.post('splicein')).toMatchObject({ status: 404, body: { code: -32601 } })
    expect(await cln.post('help', { command: 'splicein' })).toMatchObject({
      status: 404,
      body: { code: -32601, message: 'Unknown command splicein' },
    })
    expect((await cln.post('help', { command: 'splice_init' })).status).toBe(201)
  })

  test('answers 404 to another path, and to an unknown method', async () => {
    const cln = await clnOf()
    const { rune } = cln.server
    expect((await cln.raw({ path: '/v2/getinfo', method: 'POST', headers: { rune } })).statusCode).toBe(404)
    expect(await cln.post('nosuchmethod')).toEqual({
      status: 404,
      body: { code: -32601, message: "Unknown command 'nosuchmethod'", data: null },
    })
  })

  test.each([
    ['a list', '[]', json],
    ['half an object', '{"style":', json],
    ['another type', '{}', { 'content-type': 'text/plain' }],
  ])('answers 406 to a body that is %s', async (_, body, headers) => {
    const cln = await clnOf()
    const { rune } = cln.server
    const { statusCode } = await cln.raw({
      path: '/v1/getinfo',
      method: 'POST',
      headers: { ...headers, rune },
      body,
    })
    expect(statusCode).toBe(406)
  })

  test("answers 500 to a command's own errors, without what stands beside code and message", async () => {
    const cln = await clnOf()
    expect(await cln.post('splicein', { channel: '00'.repeat(32), amount: '1000' })).toEqual({
      status: 500,
      body: { code: -32602, message: 'Splice script compile failed', data: null },
    })
    const splice = { channel_id: '00'.repeat(32), relative_amount: 1 }
    expect(await cln.post('splice_init', splice)).toMatchObject({ status: 500, body: { code: 352 } })
  })

  test('writes amounts that no number of JavaScript holds as they are', async () => {
    const cln = await clnOf()
    const { body } = await cln.raw({
      path: '/v1/listpeerchannels',
      method: 'POST',
      headers: { rune: cln.server.rune },
    })
    expect(await body.text()).toContain('"their_max_htlc_value_in_flight_msat":18446744073709551615,')
  })

  test('has a certificate of its own authority for cln, localhost and 127.0.0.1', async () => {
    const cln = await clnOf()
    const { port } = new URL(cln.server.url)
    for (const servername of ['cln', 'localhost']) {
      const socket = connectTls({ host: '127.0.0.1', port: Number(port), ca: cln.server.ca, servername })
      await once(socket, 'secureConnect')
      const certificate = socket.getPeerX509Certificate()
      expect(certificate).toMatchObject({
        subjectAltName: 'DNS:cln, DNS:localhost, IP Address:127.0.0.1',
        issuer: 'CN=cln Root REST CA',
      })
      socket.destroy()
    }
    const stranger = connectTls({ host: '127.0.0.1', port: Number(port), servername: 'cln' })
    const error: unknown = (await once(stranger, 'error'))[0]
    expect(error).toHaveProperty('code', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })
})

describe('the socket', () => {
  test('answers a pretty-printed object and an empty line, under the id of the request', async () => {
    const cln = await clnOf()
    const { socket } = await cln.open()
    socket.write('{"jsonrpc":"2.0","id":"me:1","method":"help","params":{"command":"splicein"}}')
    const text: unknown = (await once(socket, 'data'))[0]
    expect(text).toMatch(/^\{\n {2}"jsonrpc": "2\.0",\n {2}"id": "me:1",\n {2}"result": \{\n[^]*\}\n\n$/)
    expect(JSON.parse(String(text))).toMatchObject({
      result: { help: [{ command: 'splicein channel amount' }], 'format-hint': 'simple' },
    })
  })

  test('takes requests in pieces, several at once, and parameters in order', async () => {
    const cln = await clnOf()
    const { socket } = await cln.open()
    const replies: unknown[] = []
    socket.on('data', (chunk: string) => replies.push(...chunk.split('\n\n').filter((part) => part !== '')))
    socket.write('{"jsonrpc":"2.0","id":1,"method":"feer')
    socket.write('ates","params":["perkb"]} {"jsonrpc":"2.0","id":2,"method":"nosuch","params":[]}\n')
    while (replies.length < 2) await once(socket, 'data')
    expect(replies.map((reply): unknown => JSON.parse(String(reply)))).toMatchObject([
      { id: 1, result: { perkb: { opening: 1012 } } },
      { id: 2, error: { code: -32601, message: "Unknown command 'nosuch'" } },
    ])
  })

  test('ends a connection that does not speak JSON', async () => {
    const cln = await clnOf()
    const { socket } = await cln.open()
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await once(socket, 'end')
    expect(socket.readableEnded).toBe(true)
  })

  test('tells more of an error than clnrest', async () => {
    const cln = await clnOf()
    const { error } = await cln.ask('splicein', { channel: cln.channelId, amount: '0' })
    expect(error).toHaveProperty('compiler_error')
  })
})

describe('faults on the wire', () => {
  const splice = (cln: Cln) => ({ channel: cln.channelId, amount: '17000' })
  const isPending = (cln: Cln): boolean => cln.node.channel(cln.channelId).inflights.length === 1

  test('a reset before the request is read: nothing was executed', async () => {
    const cln = await clnOf()
    cln.server.wire.next({ type: 'reset_before' })
    await expect(cln.post('splicein', splice(cln))).rejects.toThrow()
    expect(isPending(cln)).toBe(false)
  })

  test('a reset after the request: it was executed', async () => {
    const cln = await clnOf()
    cln.server.wire.next({ type: 'reset_after' })
    await expect(cln.post('splicein', splice(cln))).rejects.toThrow()
    expect(isPending(cln)).toBe(true)
  })

  test('half a body', async () => {
    const cln = await clnOf()
    cln.server.wire.next({ type: 'half_body' })
    await expect(cln.post('splicein', splice(cln))).rejects.toThrow()
    expect(isPending(cln)).toBe(true)
  })

  test('a wrong content type, and a body that is no JSON', async () => {
    const cln = await clnOf()
    const { rune } = cln.server
    cln.server.wire.next({ type: 'wrong_content_type' })
    cln.server.wire.next({ type: 'no_json' })
    const first = await cln.raw({ path: '/v1/getinfo', method: 'POST', headers: { rune } })
    expect(first).toMatchObject({ statusCode: 201, headers: { 'content-type': 'text/html' } })
    await first.body.dump()
    const second = await cln.raw({ path: '/v1/getinfo', method: 'POST', headers: { rune } })
    expect(second.statusCode).toBe(201)
    expect(await second.body.text()).toBe('<html>')
  })

  test.each([401, 500, 502, 503])('a %i of a proxy, with nothing executed', async (status) => {
    const cln = await clnOf()
    cln.server.wire.next({ type: 'status', status })
    const { rune } = cln.server
    const headers = { ...json, rune }
    const body = JSON.stringify(splice(cln))
    const answer = await cln.raw({ path: '/v1/splicein', method: 'POST', headers, body })
    expect(answer.statusCode).toBe(status)
    expect(isPending(cln)).toBe(false)
    expect(await answer.body.text()).toBe('<html>')
  })

  test('an answer that is held comes when it is released', async () => {
    const cln = await clnOf()
    cln.server.wire.next({ type: 'held' })
    const call = cln.ask('splicein', splice(cln))
    expect(await cln.hangs(call)).toBe(true)
    expect(isPending(cln)).toBe(true)
    cln.server.wire.release()
    expect((await call).result).toHaveProperty('txid')
  })

  test('hit the socket too', async () => {
    const cln = await clnOf()
    cln.server.wire.next({ type: 'half_body' })
    await expect(cln.ask('splicein', splice(cln))).rejects.toThrow('the connection ended')
    expect(isPending(cln)).toBe(true)
  })

  test('a call that answers is told apart from one that hangs', async () => {
    const cln = await clnOf()
    expect(await cln.hangs(cln.ask('getinfo'))).toBe(false)
  })

  test('a node that is killed is not there, on either way, until it starts', async () => {
    const cln = await clnOf()
    await cln.post('getinfo')
    cln.node.kill({ startsAfterMs: 5_000 })
    await expect(cln.post('getinfo')).rejects.toThrow()
    await expect((await cln.open()).ask('getinfo')).rejects.toThrow('the connection ended')
    cln.world.advance(5_000)
    expect((await cln.post('getinfo')).status).toBe(201)
  })
})

describe('the world that it is in', () => {
  test('is the same after it was saved and read, with its Core Lightning nodes', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    const saved: unknown = JSON.parse(JSON.stringify(cln.world.toJSON()))
    const world = worldFrom(saved)
    expect(world.toJSON()).toEqual(cln.world.toJSON())
    world.mine(1)
    cln.world.mine(1)
    expect(world.clnNode(CAROL).channels()).toEqual(cln.node.channels())
  })

  test('makes the same transactions however often it is read', async () => {
    const [quiet, busy] = [await clnOf(), await clnOf()]
    for (let n = 0; n < 5; n++) await busy.channel()
    expect(await spliceInTo(busy, 'signed')).toEqual(await spliceInTo(quiet, 'signed'))
  })

  test('has a line for each command that changes something, and none for those that read', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    await cln.channel()
    expect(cln.journal('command_executed')).toEqual([
      'fundpsbt',
      'splice_init',
      'splice_update',
      'splice_update',
      'signpsbt',
      'splice_signed',
    ])
    cln.world.mine(1)
    const told = ['round_started', 'candidate_signed', 'candidate_broadcast', 'splice_locked_sent', 'promoted']
    expect(cln.journal(...told)).toEqual(told)
  })

  test('hears of its state changes as a relay would post them', async () => {
    const cln = await clnOf()
    const heard: string[] = []
    cln.world.onRelayEvent(({ type }, node) => heard.push(`${node} ${type}`))
    await spliceInTo(cln, 'signed')
    cln.node.kill({ startsAfterMs: 1_000 })
    cln.world.advance(5_000)
    cln.world.mine(1)
    expect(heard).toEqual([
      'carol channel_state_changed',
      'carol peer_disconnected',
      'carol process_started',
      'carol peer_connected',
      'carol channel_state_changed',
    ])
  })

  test('connects a peer that is within reach, and no other', async () => {
    const cln = await clnOf()
    const [peer] = cln.node.channels()
    cln.node.disconnectPeer({ returnsAfterMs: 60_000 })
    expect(await cln.get('connect', { id: peer?.peerId })).toMatchObject({
      id: peer?.peerId,
      direction: 'out',
    })
    expect((await cln.channel()).peer_connected).toBe(true)
    cln.node.disconnectPeer()
    expect(await cln.fail('connect', { id: peer?.peerId })).toEqual({
      code: 400,
      message: 'Unable to connect, no address known for peer',
    })
  })
})
