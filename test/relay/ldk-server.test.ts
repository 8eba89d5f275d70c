import { describe, expect, test } from 'vitest'
import { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { decodeMacaroon, encodeMacaroon, mintMacaroon } from '../../adapters/node/ldk/macaroon.ts'
import { eventsOf, type EventFeed, type Subscriber } from '../../simulator/ldk/event-stream.ts'
import { createWorld, type SimulatedNode } from '../../simulator/world/world.ts'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import type { LdkServer, LdkServerOptions } from '../../simulator/ldk/server.ts'
import { changesIn, ldkServerSource } from '../../relay/sources/ldk-server.ts'
import { ADDRESS } from '../../harness/values.ts'
import { API_KEY, ownCertificate, rawServer, serverOf } from '../../harness/nodes/ldk-wire.ts'
import { listenTo, type Listening } from './listening.ts'
import { ManualTime } from './manual-time.ts'
import { textLike, textWith } from './matchers.ts'

const LIST_MS = 3_000
const hmac = { scheme: 'hmac', apiKey: API_KEY }

/** A simulated node served as an ldk-server, its events streamed. */
async function aNode(options: Partial<LdkServerOptions> = {}) {
  const time = new ManualTime()
  const world = createWorld({ seed: 'relay', startAt: time.now, nodes: [{ name: 'alice', channels: [{}] }] })
  const node = world.node('alice')
  const server = await serverOf(node.rpc, {
    events: eventsOf(world, node),
    clock: { now: () => world.now() },
    ...options,
  })
  const channelId = node.channels()[0]?.channelId ?? ''
  return { time, world, node, server, channelId }
}

function source(server: Pick<LdkServer, 'url' | 'certificate'>, time: ManualTime, auth: unknown = hmac) {
  const { url, certificate } = server
  return ldkServerSource(LdkConfig.parse({ url, certificate, auth }), time.ports)
}

function listen(...args: Parameters<typeof source>): Listening {
  return listenTo(source(...args))
}

async function splice(node: SimulatedNode, channelId: string): Promise<void> {
  const { userChannelId, peerId: counterpartyNodeId } = node.channel(channelId)
  const request = { userChannelId, counterpartyNodeId, amountSats: 50_000, address: ADDRESS }
  await node.rpc.spliceOut(request, { signal: new AbortController().signal })
}

function macaroon(...permissions: string[]): string {
  const caveat = Buffer.from(`permissions = ${permissions.join(',')}`)
  return encodeMacaroon(mintMacaroon(ROOT_KEY, Buffer.from('id'), [caveat])).toString('hex')
}
const ROOT_KEY = Buffer.alloc(32, 7)

describe("an ldk-server's events", () => {
  test('of a splice and of its lock are told with the new funding transaction', async () => {
    const { time, world, node, server, channelId } = await aNode()
    const listening = listen(server, time)
    await listening.opened
    await splice(node, channelId)
    world.advance(60_000)
    const signed = await listening.next()
    expect(signed).toEqual({
      type: 'splice_negotiated',
      channelId,
      txid: textLike(/^[0-9a-f]{64}$/),
    })
    world.mine(6)
    world.advance(60_000)
    expect(await listening.next()).toEqual({ type: 'channel_state_changed', channelId, txid: signed.txid })
  })

  test('of a round that failed are told without a reason: the server forwards none', async () => {
    const { time, world, node, server, channelId } = await aNode()
    const listening = listen(server, time)
    await listening.opened
    node.abortNext(channelId)
    await splice(node, channelId)
    world.advance(60_000)
    expect(await listening.next()).toEqual({ type: 'splice_negotiation_failed', channelId })
    expect(node.behaviour.forwardReasons, 'in process the world knows one').toBe(true)
  })

  test('say nothing of peers: their going and coming is read off the channels', async () => {
    const { time, node, server, channelId } = await aNode()
    const listening = listen(server, time)
    await time.asleep(LIST_MS)
    node.disconnectPeer()
    time.pass(LIST_MS)
    expect(await listening.next()).toEqual({ type: 'peer_disconnected', channelId })
    await time.asleep(LIST_MS)
    node.connectPeer()
    time.pass(LIST_MS)
    expect(await listening.next()).toEqual({ type: 'peer_connected', channelId })
    for (let n = 0; n < 3; n += 1) {
      await time.asleep(LIST_MS)
      time.pass(LIST_MS)
    }
    expect(listening.told).toHaveLength(2)
  })

  test('a peer that came back between two subscriptions is told of by the second', async () => {
    const { time, node, server, channelId } = await aNode()
    const alice = source(server, time)
    const first = listenTo(alice)
    await time.asleep(LIST_MS)
    node.disconnectPeer()
    time.pass(LIST_MS)
    await first.next()
    first.stop()
    await first.ended
    node.connectPeer()
    expect(await listenTo(alice).next()).toEqual({ type: 'peer_connected', channelId })
  })

  test('are asked for with a macaroon that allows them', async () => {
    const { time, node, server, channelId } = await aNode({ macaroon: { rootKey: ROOT_KEY, bound: true } })
    const auth = { scheme: 'macaroon', macaroon: macaroon('events:read', 'channels:read') }
    const listening = listen(server, time, auth)
    await time.asleep(LIST_MS)
    node.disconnectPeer()
    time.pass(LIST_MS)
    expect(await listening.next()).toEqual({ type: 'peer_disconnected', channelId })
    expect(decodeMacaroon(Buffer.from(auth.macaroon, 'hex'))).not.toBeNull()
  })

  test('arrive even if the channels may not be listed, which is said', async () => {
    const { time, world, node, server, channelId } = await aNode({
      macaroon: { rootKey: ROOT_KEY, bound: true },
    })
    const listening = listen(server, time, { scheme: 'macaroon', macaroon: macaroon('events:read') })
    await time.asleep(LIST_MS)
    expect(listening.warned).toEqual([textWith('channels:read')])
    await splice(node, channelId)
    world.advance(60_000)
    expect(await listening.next()).toMatchObject({ type: 'splice_negotiated' })
  })
})

describe('channels from one list to the next', () => {
  const list = (count: number, isUsable: boolean) =>
    Array.from({ length: count }, (_, n) => ({ channelId: `channel-${n}`, isUsable }))

  test('tell nothing at first sight, and of each change once', () => {
    const usable = new Map<string, boolean>()
    expect(changesIn(list(2, true), usable)).toEqual([])
    expect(changesIn(list(2, true), usable)).toEqual([])
    expect(changesIn(list(1, false), usable)).toEqual([{ type: 'peer_disconnected', channelId: 'channel-0' }])
    // The other one is gone, and new when it is back.
    expect(changesIn(list(2, true), usable)).toEqual([{ type: 'peer_connected', channelId: 'channel-0' }])
  })

  test('tell of twenty each, and of more as of the whole node', () => {
    const usable = new Map<string, boolean>()
    changesIn(list(21, false), usable)
    expect(changesIn(list(21, true), usable)).toEqual([{ type: 'peer_connected' }])
    expect(changesIn(list(20, false), usable)).toHaveLength(20)
  })
})

describe('a subscription to an ldk-server ends', () => {
  test('when its process does, and what happens meanwhile is not told later', async () => {
    const { time, world, node, server, channelId } = await aNode()
    const alice = source(server, time)
    const first = listenTo(alice)
    await first.opened
    node.restart()
    expect(await first.ended).toEqual({ needsOperator: false, why: 'the stream ended (gRPC status 14)' })
    await splice(node, channelId)
    world.advance(60_000)
    const second = listenTo(alice)
    await second.opened
    world.mine(6)
    world.advance(60_000)
    expect(await second.next()).toMatchObject({ type: 'channel_state_changed' })
  })

  test('in the middle of the stream when the connection is cut', async () => {
    const { time, server } = await aNode()
    const listening = listen(server, time)
    await listening.opened
    await server.close()
    expect(await listening.ended).toEqual({ needsOperator: false, why: 'no connection' })
  })

  test('in the middle of a message', async () => {
    const server = await rawServer(({ stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' })
      stream.write(Buffer.from([0, 0, 0, 0, 200, 0x42]), () => stream.close(2))
    })
    const listening = listen(server, new ManualTime())
    expect((await listening.ended).needsOperator).toBe(false)
    expect(listening.told).toEqual([])
  })

  test('with the signal, at once', async () => {
    const { time, server } = await aNode()
    const listening = listen(server, time)
    await listening.opened
    listening.stop()
    expect((await listening.ended).needsOperator).toBe(false)
  })

  test.each<[string, unknown, string]>([
    ['with another key', { scheme: 'hmac', apiKey: '00'.repeat(32) }, 'refuses our credential'],
    ['without the permission', { scheme: 'macaroon', macaroon: macaroon('node:read') }, 'events:read'],
  ])('before it began %s, and somebody has to mend that', async (_, auth, why) => {
    const { time, server } = await aNode({ macaroon: { rootKey: ROOT_KEY, bound: true } })
    expect(await listen(server, time, auth).ended).toEqual({
      needsOperator: true,
      why: textWith(why),
    })
  })

  test('before it began, with a clock that the server does not take', async () => {
    const { time, server } = await aNode()
    time.aheadMs = 120_000
    expect(await listen(server, time).ended).toMatchObject({
      needsOperator: true,
      why: textWith('clock'),
    })
  })

  test('before it began, at a server too old for events', async () => {
    const { time, world, node } = await aNode()
    const server = await serverOf(node.rpc, { clock: { now: () => world.now() } })
    expect(await listen(server, time).ended).toMatchObject({
      needsOperator: true,
      why: 'it is too old: it has no SubscribeEvents',
    })
  })

  test('before it began, at a server with another certificate', async () => {
    const { time, server } = await aNode()
    const { certificate } = selfSignedCertificate()
    expect(await listen({ url: server.url, certificate }, time).ended).toEqual({
      needsOperator: true,
      why: 'the server does not have the pinned certificate',
    })
  })

  test('before it began, where nobody listens', async () => {
    const nobody = { url: 'https://127.0.0.1:1', certificate: ownCertificate.certificate }
    expect(await listen(nobody, new ManualTime()).ended).toEqual({
      needsOperator: false,
      why: 'no connection',
    })
  })
})

describe('what a newer server says more', () => {
  /** A feed in the test's hand. */
  function inHand(): { feed: EventFeed; tell: Subscriber['heard'] } {
    const subscribers = new Set<Subscriber>()
    return {
      feed: (subscriber) => {
        subscribers.add(subscriber)
        return () => subscribers.delete(subscriber)
      },
      tell: (event) => {
        for (const { heard } of subscribers) heard(event)
      },
    }
  }

  test('or what does not fit is passed over, and the stream goes on', async () => {
    const payment = Buffer.from([0, 0, 0, 0, 2, 0x12, 0x00])
    const misfit = Buffer.from([0, 0, 0, 0, 5, 0x52, 0x03, 0x0a, 0x01, 0x78])
    const id = Buffer.from('d'.repeat(64))
    const inner = Buffer.concat([Buffer.from([0x0a, 64]), id])
    const failed = Buffer.concat([Buffer.from([0, 0, 0, 0, inner.length + 2, 0x52, inner.length]), inner])
    const server = await rawServer(({ stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' })
      for (const frame of [payment, misfit, failed]) stream.write(frame)
    })
    const listening = listen(server, new ManualTime())
    expect(await listening.next()).toEqual({ type: 'splice_negotiation_failed', channelId: 'd'.repeat(64) })
    expect(listening.told).toHaveLength(1)
  })

  test('a state without a funding outpoint is told without a transaction', async () => {
    const { feed, tell } = inHand()
    const { time, server, channelId } = await aNode({ events: feed })
    const listening = listen(server, time)
    await listening.opened
    tell({ type: 'channel_state_changed', channelId, funding: null })
    expect(await listening.next()).toEqual({ type: 'channel_state_changed', channelId })
  })
})
