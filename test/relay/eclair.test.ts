import { describe, expect, test } from 'vitest'
import { eclairSource, eclairEvent } from '../../relay/sources/eclair.ts'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { listenTo } from './listening.ts'
import { ManualTime } from './manual-time.ts'
import { textWith } from './matchers.ts'
import { webSocketServer } from './websocket-server.ts'

const CHANNEL = 'c'.repeat(64)
const TXID = 'a'.repeat(64)
const password = 'eclair-password'
const changed = (previousState: string, currentState: string): string =>
  JSON.stringify({ type: 'channel-state-changed', channelId: CHANNEL, previousState, currentState })

describe("Eclair's messages", () => {
  test.each([
    [
      'a funding transaction that was signed',
      JSON.stringify({
        type: 'channel-funding-created',
        channelId: CHANNEL,
        fundingTxId: TXID,
        fundingTxIndex: 1,
      }),
      { type: 'splice_negotiated', channelId: CHANNEL, txid: TXID },
    ],
    [
      'one that is deep enough',
      JSON.stringify({ type: 'channel-confirmed', channelId: CHANNEL, fundingTxId: TXID, blockHeight: 7 }),
      { type: 'channel_state_changed', channelId: CHANNEL, txid: TXID },
    ],
    ['a peer that goes', changed('NORMAL', 'OFFLINE'), { type: 'peer_disconnected', channelId: CHANNEL }],
    ['a peer that is back', changed('SYNCING', 'NORMAL'), { type: 'peer_connected', channelId: CHANNEL }],
    ['another state', changed('NORMAL', 'SHUTDOWN'), { type: 'channel_state_changed', channelId: CHANNEL }],
    [
      'a channel that is closed',
      JSON.stringify({ type: 'channel-closed', channelId: CHANNEL, closingType: 'MutualClose' }),
      { type: 'channel_state_changed', channelId: CHANNEL },
    ],
  ])('%s', (_, text, told) => expect(eclairEvent(text)).toEqual(told))

  test.each([
    ['of payments', '{"type":"payment-received","amount":1}'],
    ['of a type that we do not know', '{"type":"channel-danced"}'],
    ['without a channel', '{"type":"channel-closed"}'],
    ['that are no JSON', '{"type":'],
  ])('%s tell nothing', (_, text) => expect(eclairEvent(text)).toBeNull())
})

describe("Eclair's WebSocket", () => {
  test('is asked for with the password, and what it says is told', async () => {
    const server = await webSocketServer()
    const listening = listenTo(eclairSource({ url: server.url, password }, new ManualTime().ports))
    const connection = await server.accepted()
    await listening.opened
    expect(connection.request.url).toBe('/ws')
    expect(connection.request.headers.authorization).toBe(`Basic ${Buffer.from(`:${password}`).toString('base64')}`)
    connection.send('{"type":"payment-received"}')
    connection.send(changed('SYNCING', 'NORMAL'))
    expect(await listening.next()).toEqual({ type: 'peer_connected', channelId: CHANNEL })
  })

  test('is kept open by a heartbeat', async () => {
    const time = new ManualTime()
    const server = await webSocketServer()
    listenTo(eclairSource({ url: server.url, password }, time.ports))
    const connection = await server.accepted()
    for (let beats = 0; beats < 2; beats += 1) {
      await time.asleep(20_000)
      time.pass(20_000)
      expect(await connection.next()).toBe('heartbeat')
    }
  })

  test('that is cut ends the subscription, and nobody has to do anything', async () => {
    const server = await webSocketServer()
    const listening = listenTo(eclairSource({ url: server.url, password }, new ManualTime().ports))
    const connection = await server.accepted()
    await listening.opened
    connection.cut()
    expect(await listening.ended).toEqual({ needsOperator: false, why: 'the WebSocket closed' })
  })

  test('that refuses the password says so', async () => {
    const server = await webSocketServer({ refuse: () => 401 })
    const { ended } = listenTo(eclairSource({ url: server.url, password }, new ManualTime().ports))
    expect(await ended).toEqual({ needsOperator: true, why: 'it refuses our password' })
  })

  test('that is not there although Eclair answers says so', async () => {
    const server = await webSocketServer({ refuse: ({ method }) => (method === 'POST' ? 200 : 404) })
    const { ended } = listenTo(eclairSource({ url: server.url, password }, new ManualTime().ports))
    expect(await ended).toMatchObject({ needsOperator: false, why: textWith('HTTP 200') })
  })

  test('nobody there passes by itself', async () => {
    const { ended } = listenTo(eclairSource({ url: 'http://127.0.0.1:1', password }, new ManualTime().ports))
    expect(await ended).toEqual({ needsOperator: false, why: 'no connection' })
  })

  test('behind TLS trusts the pinned certificate, and no other', async () => {
    const [own, other] = [selfSignedCertificate(), selfSignedCertificate()]
    const server = await webSocketServer({ tls: { cert: own.certificate, key: own.key } })
    const right = { url: server.url, password, certificate: own.certificate }
    await listenTo(eclairSource(right, new ManualTime().ports)).opened
    const wrong = { url: server.url, password, certificate: other.certificate }
    expect(await listenTo(eclairSource(wrong, new ManualTime().ports)).ended).toEqual({
      needsOperator: true,
      why: 'the server does not have the pinned certificate',
    })
  })
})
