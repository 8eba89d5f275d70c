import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { coreLightningSource, coreLightningEvent } from '../../relay/sources/core-lightning.ts'
import { listenTo, type Listening } from './listening.ts'
import { webSocketServer, type Connection, type WebSocketServer } from './websocket-server.ts'

const CHANNEL = 'c'.repeat(64)
const rune = 'a-rune-of-the-test=='
const fixture = (name: string): string => readFileSync(new URL(`../fixtures/clnrest/${name}`, import.meta.url), 'utf8')

const handshake = { sid: 'engine', upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1e6 }
const notify = (topics: object): string => `42${JSON.stringify(['message', topics])}`
const changed = (new_state: string) => ({
  channel_state_changed: { peer_id: '02', channel_id: CHANNEL, old_state: 'CHANNELD_NORMAL', new_state },
})

/** Engine.IO 4 and Socket.IO 5 as far as clnrest goes: open, connect, and a middleware that looks at the rune. */
async function shakeHands(server: WebSocketServer, takes = rune): Promise<Connection> {
  const connection = await server.accepted()
  connection.send(`0${JSON.stringify(handshake)}`)
  expect(await connection.next()).toBe('40')
  const { rune: given } = connection.request.headers
  connection.send(given === takes ? '40{"sid":"socket"}' : '44{"message":"Not permitted: secret"}')
  return connection
}

async function connected(): Promise<{ connection: Connection; listening: Listening }> {
  const server = await webSocketServer()
  const listening = listenTo(coreLightningSource({ url: server.url, rune }))
  const connection = await shakeHands(server)
  await listening.opened
  return { connection, listening }
}

describe("clnrest's notifications", () => {
  test.each([
    ['a splice that is signed', changed('CHANNELD_AWAITING_SPLICE'), { type: 'splice_negotiated', channelId: CHANNEL }],
    ['a lock', changed('CHANNELD_NORMAL'), { type: 'channel_state_changed', channelId: CHANNEL }],
    ['a peer that comes', { connect: { id: '02', direction: 'in' } }, { type: 'peer_connected' }],
    ['a peer that goes', { disconnect: { id: '02' } }, { type: 'peer_disconnected' }],
  ])('%s', (_, notification, told) => expect(coreLightningEvent(notification)).toEqual(told))

  test.each([
    ['of a block', { block_added: { hash: 'x', height: 1 } }],
    ['of a channel without an id', { channel_state_changed: { new_state: 'CHANNELD_NORMAL' } }],
    ['that are a text', 'connect'],
    ['that are nothing', null],
  ])('%s tell nothing', (_, notification) => expect(coreLightningEvent(notification)).toBeNull())
})

describe("clnrest's Socket.IO", () => {
  test('gets the rune, and what it says is told', async () => {
    const { connection, listening } = await connected()
    expect(connection.request.url).toContain('EIO=4&transport=websocket')
    expect(connection.request.headers['rune']).toBe(rune)
    connection.send(notify({ forward_event: { status: 'settled' } }))
    connection.send(notify({ connect: { id: '02' } }))
    connection.send(notify(changed('CHANNELD_NORMAL')))
    expect(await listening.next()).toEqual({ type: 'peer_connected' })
    expect(await listening.next()).toEqual({ type: 'channel_state_changed', channelId: CHANNEL })
  })

  test('gets an answer to its pings', async () => {
    const { connection } = await connected()
    connection.send('2')
    expect(await connection.next()).toBe('3')
  })

  test('that refuses the rune says so, and not what the server says', async () => {
    const server = await webSocketServer()
    const listening = listenTo(coreLightningSource({ url: server.url, rune }))
    await shakeHands(server, 'another rune')
    expect(await listening.ended).toEqual({
      needsOperator: true,
      why: 'it refuses our rune, or the rune does not allow listclnrest-notifications',
    })
  })

  test('that is cut ends the subscription', async () => {
    const { connection, listening } = await connected()
    connection.cut()
    expect(await listening.ended).toEqual({ needsOperator: false, why: 'the connection closed' })
  })

  test('that ends before it has begun passes by itself', async () => {
    const server = await webSocketServer({ refuse: () => 503 })
    const { ended } = listenTo(coreLightningSource({ url: server.url, rune }))
    expect(await ended).toEqual({ needsOperator: false, why: 'no connection' })
  })

  test('over TLS is trusted by its authority, although its certificate is not for the address', async () => {
    const server = await webSocketServer({
      tls: { cert: fixture('server.pem'), key: fixture('server-key.pem') },
    })
    const listening = listenTo(coreLightningSource({ url: server.url, rune, certificate: fixture('ca.pem') }))
    await shakeHands(server)
    await listening.opened
  })

  test('over TLS under another authority is not', async () => {
    const server = await webSocketServer({
      tls: { cert: fixture('server.pem'), key: fixture('server-key.pem') },
    })
    const { certificate } = selfSignedCertificate()
    expect(await listenTo(coreLightningSource({ url: server.url, rune, certificate })).ended).toEqual({
      needsOperator: true,
      why: 'the server has no certificate from the pinned authority',
    })
  })
})
