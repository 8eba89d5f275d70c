import { describe, expect, test } from 'vitest'
import { RelayEvent } from '../../core/nodes/relay-event.ts'
import { relaySignature } from '../../core/nodes/relay-signature.ts'
import { NOW, RELAY_KEY } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'

const SECONDS = String(NOW / 1000)
const event = { id: 'e-1', type: 'process_started', at: '2026-11-30T00:00:00Z' }
const body = JSON.stringify({ events: [event] })

type Report = { text?: string; signed?: string; key?: string; timestamp?: string; node?: string }

function report(world: World, sent: Report = {}) {
  const { text = body, key = RELAY_KEY, timestamp = SECONDS, node = 'alice' } = sent
  return request(world, 'POST', `/v1/nodes/${node}/events`, {
    body: text,
    headers: {
      'Splicekeeper-Timestamp': timestamp,
      'Splicekeeper-Signature': relaySignature(key, timestamp, sent.signed ?? text),
    },
  })
}

describe("a relay's report", () => {
  test('is put on the failures queue, one message an event', async () => {
    const world = await aWorld()
    const failed = {
      id: 'e-2',
      type: 'splice_negotiation_failed',
      at: NOW,
      channelId: 'c'.repeat(64),
      txid: 'a'.repeat(64),
      reason: 'PeerDisconnected',
    }
    const answer = await report(world, { text: JSON.stringify({ events: [event, failed] }) })
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({ accepted: 2 })
    expect(world.heard.nodeEvents).toEqual([
      { node: 'alice', event: { ...event, at: NOW } },
      { node: 'alice', event: failed },
    ])
    expect(world.heard.puts).toBe(0)
  })

  test('is read again by the consumer as it was written', async () => {
    const world = await aWorld()
    await report(world)
    const [message] = world.heard.nodeEvents
    expect(RelayEvent.parse(JSON.parse(JSON.stringify(message?.event)))).toEqual(message?.event)
  })

  test('sent twice is taken twice: an id counts once where it is consumed', async () => {
    const world = await aWorld()
    await report(world)
    expect((await report(world)).status).toBe(202)
    expect(world.heard.nodeEvents.map((message) => message.event.id)).toEqual(['e-1', 'e-1'])
  })

  test('of a hundred events fits', async () => {
    const world = await aWorld()
    const many = Array.from({ length: 100 }, (_, n) => ({
      id: `event-${n}-${'x'.repeat(50)}`,
      type: 'splice_negotiation_failed',
      at: NOW,
      channelId: 'c'.repeat(64),
      txid: 'a'.repeat(64),
      reason: 'CounterpartyAborted',
    }))
    const text = JSON.stringify({ events: many })
    expect(text.length).toBeGreaterThan(16 * 1024)
    expect((await report(world, { text })).body).toEqual({ accepted: 100 })
    const tooMany = JSON.stringify({ events: [...many, ...many.slice(0, 1)] })
    expect((await report(world, { text: tooMany })).body).toMatchObject({
      code: 'invalid_request',
      field: 'events',
    })
  })

  test.each([
    ['with another key', { key: 'relay key of carol' }],
    ['over another body', { signed: `${body} ` }],
  ])('signed %s is refused', async (_, change) => {
    const world = await aWorld()
    const answer = await report(world, change)
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ code: 'unauthorized', field: 'Splicekeeper-Signature' })
    expect(world.heard.nodeEvents).toEqual([])
  })

  test.each(['', 'zz', 'ü'.repeat(64), '0'.repeat(63)])('with the signature %j is refused', async (signature) => {
    const world = await aWorld()
    const answer = await request(world, 'POST', '/v1/nodes/alice/events', {
      body,
      headers: { 'Splicekeeper-Timestamp': SECONDS, 'Splicekeeper-Signature': signature },
    })
    expect(answer.status).toBe(401)
  })

  test('without headers is refused, and an API key does not help', async () => {
    const world = await aWorld()
    const answer = await request(world, 'POST', '/v1/nodes/alice/events', {
      body,
      key: world.keys.operator,
    })
    expect(answer.status).toBe(401)
  })

  test('signed under one time and sent under another is refused', async () => {
    const world = await aWorld()
    const answer = await request(world, 'POST', '/v1/nodes/alice/events', {
      body,
      headers: {
        'Splicekeeper-Timestamp': SECONDS,
        'Splicekeeper-Signature': relaySignature(RELAY_KEY, String(NOW / 1000 + 1), body),
      },
    })
    expect(answer.body).toMatchObject({ code: 'unauthorized' })
  })

  test.each([
    [-300, 202],
    [300, 202],
    [-301, 401],
    [301, 401],
  ])('is good for five minutes -- %i s', async (seconds, status) => {
    const world = await aWorld()
    const answer = await report(world, { timestamp: String(NOW / 1000 + seconds) })
    expect(answer.status).toBe(status)
    if (status === 401) expect(answer.body).toMatchObject({ code: 'timestamp_stale' })
  })

  test.each([
    ['ahead: what it dates is brought back by as much', 240, -240_000],
    ['behind: what it dates is too early already, and stays', -240, 0],
  ])('of a relay whose clock is four minutes %s', async (_, seconds, shiftMs) => {
    const world = await aWorld()
    await report(world, { timestamp: String(NOW / 1000 + seconds) })
    expect(world.heard.nodeEvents.map((message) => message.event.at)).toEqual([NOW + shiftMs])
  })

  test('for a node that is not there, or that no relay reports for, is 404', async () => {
    const world = await aWorld()
    for (const node of ['dave', 'bob']) {
      const answer = await report(world, { node })
      expect(answer.body).toMatchObject({ status: 404, code: 'node_not_found', field: 'node' })
    }
  })

  test.each([
    ['an unknown type', { ...event, type: 'rebooted' }, 'events.0.type'],
    ['an unknown field', { ...event, note: 'x' }, 'events.0.note'],
    ['an unknown reason', { ...event, reason: 'Bored' }, 'events.0.reason'],
    ['a txid that is none', { ...event, txid: 'x' }, 'events.0.txid'],
    ['no time', { ...event, at: 'now' }, 'events.0.at'],
    ['no id', { ...event, id: '' }, 'events.0.id'],
  ])('with %s is refused naming the field', async (_, wrong, field) => {
    const world = await aWorld()
    const answer = await report(world, { text: JSON.stringify({ events: [wrong] }) })
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request', field })
    expect(world.heard.nodeEvents).toEqual([])
  })

  test('that is signed but no JSON is malformed_json; one over 64 KiB is body_too_large', async () => {
    const world = await aWorld()
    expect((await report(world, { text: '{' })).body).toMatchObject({ status: 400, code: 'malformed_json' })
    const large = JSON.stringify({ events: [], filler: 'x'.repeat(64 * 1024) })
    expect((await report(world, { text: large })).body).toMatchObject({ status: 413, code: 'body_too_large' })
  })
})
