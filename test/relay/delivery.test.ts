import { describe, expect, test } from 'vitest'
import { handleNodeEvent } from '../../core/sweep/node-events.ts'
import { unseenProcess } from '../../relay/linux-process.ts'
import { deliveredOf } from '../../relay/delivery.ts'
import { subscribe } from '../../relay/subscription.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { CHANNEL, NOW, RELAY_KEY } from '../../harness/api/values.ts'
import { ManualTime } from './manual-time.ts'
import { aNumber } from './matchers.ts'
import { aService, type Service } from '../../harness/api/http-api.ts'
import { aSource, run } from './stage.ts'

const BACKOFF_MS = 1_000
const returned = { type: 'peer_connected', channelId: CHANNEL } as const
const failed = {
  type: 'splice_negotiation_failed',
  channelId: CHANNEL,
  reason: 'PeerDisconnected',
} as const

/** A relay of a source in the test's hand, and the real API. */
async function aStage(target: { node?: string; relayKey?: string } = {}) {
  const world = await aWorld()
  const time = new ManualTime(NOW)
  const service = await aService(
    world.deps,
    () => time.now,
    () => time.poke(),
  )
  const hand = aSource()
  run(
    {
      source: hand.source,
      process: unseenProcess('not here'),
      target: { serviceUrl: service.url, node: 'alice', relayKey: RELAY_KEY, ...target },
    },
    time,
  )
  hand.open()
  return { world, time, service, ...hand, heard: world.heard.nodeEvents }
}

/** Sends a report again as it was, or forged. */
async function send(service: Service, n: number, forged: { body?: string; headers?: Record<string, string> } = {}) {
  const { body, headers, url } = service.arrived[n] ?? { body: '', headers: new Headers(), url: '' }
  const names = ['Content-Type', 'Splicekeeper-Timestamp', 'Splicekeeper-Signature']
  const sent = Object.fromEntries(names.map((name) => [name, headers.get(name) ?? '']))
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...sent, ...forged.headers },
    body: forged.body ?? body,
  })
  return response.status
}

/** Takes what the API has put on the queue, as the consumer does. */
async function consume(world: World): Promise<void> {
  for (const { node, event } of world.heard.nodeEvents.splice(0))
    await handleNodeEvent(node, event, world.ports, world.deps.policy)
}

const idsOf = async (world: World): Promise<readonly string[]> =>
  (await world.store.item('node', 'alice'))?.value.relayEvents ?? []

describe('what a node tells', () => {
  test('reaches the failures queue, signed, with an id and a time', async () => {
    const { tell, time, heard } = await aStage()
    tell(returned)
    tell(failed)
    await time.until(() => heard.length === 2)
    expect(heard).toEqual([
      { node: 'alice', event: { ...returned, id: 'life-1-1', at: NOW } },
      {
        node: 'alice',
        event: {
          type: 'splice_negotiation_failed',
          channelId: CHANNEL,
          reason: 'PeerDisconnected',
          id: 'life-1-2',
          at: aNumber,
        },
      },
    ])
  })

  test('on a machine whose clock is ahead is dated right by the service', async () => {
    const { tell, time, heard, service } = await aStage()
    time.aheadMs = 100_000
    tell(returned)
    await time.until(() => heard.length === 1)
    expect(service.arrived[0]?.body).toContain(`"at":${NOW + 100_000}`)
    expect(heard[0]?.event.at).toBe(NOW)
  })

  test('while the service is down is kept, and told in order when it is back', async () => {
    const { tell, time, service, heard } = await aStage()
    service.instead = () => new Response('', { status: 503 })
    tell(returned)
    await time.said('service: answers HTTP 503; trying again')
    for (const waitMs of [1_000, 2_000, 4_000]) {
      await time.asleep(waitMs)
      time.pass(waitMs)
    }
    await time.asleep(8_000)
    tell({ type: 'splice_negotiated', channelId: CHANNEL })
    service.instead = null
    time.pass(8_000)
    await time.until(() => heard.length === 2)
    expect(heard.map(({ event }) => event.type)).toEqual(['peer_connected', 'splice_negotiated'])
    await time.said('service: accepts our events')
    expect(
      time.lines.filter((line) => line.includes('503')),
      'said once',
    ).toHaveLength(1)
  })

  test('is told to a service that was restarted on its port', async () => {
    const { tell, time, service, heard, world } = await aStage()
    await service.stop()
    tell(returned)
    await time.asleep(BACKOFF_MS)
    await time.said('does not answer; trying again')
    await aService(
      world.deps,
      () => time.now,
      () => time.poke(),
      Number(new URL(service.url).port),
    )
    time.pass(BACKOFF_MS)
    await time.until(() => heard.length === 1)
  })

  test('whose answer was lost is told again under the same id, and counts once', async () => {
    const { tell, time, service, heard, world } = await aStage()
    service.instead = async (real) => {
      await real()
      service.instead = null
      return new Response('', { status: 502 })
    }
    tell(failed)
    await time.asleep(BACKOFF_MS)
    time.pass(BACKOFF_MS)
    await time.until(() => heard.length === 2)
    expect(new Set(heard.map(({ event }) => event.id)).size).toBe(1)
    await consume(world)
    expect(await idsOf(world)).toEqual(['life-1-1'])
  })

  test('and does not fit is left out by itself, and the others arrive', async () => {
    const { tell, time, service, heard } = await aStage()
    service.instead = () => new Response('', { status: 503 })
    tell(returned)
    await time.asleep(BACKOFF_MS)
    tell({ type: 'splice_negotiated', channelId: CHANNEL })
    tell({ type: 'channel_state_changed', channelId: CHANNEL })
    service.instead = () => {
      const unfit = service.arrived.at(-1)?.body.includes('splice_negotiated') === true
      return unfit ? new Response('', { status: 400 }) : new Response('', { status: 202 })
    }
    time.pass(BACKOFF_MS)
    await time.until(() => service.arrived.length === 5)
    const bodies = service.arrived.slice(1).map(({ body }) => body.match(/"type":"(\w+)"/g)?.length)
    expect(bodies).toEqual([3, 1, 1, 1])
    expect(heard).toEqual([])
  })
})

describe('a relay that the service does not take says what is wrong', () => {
  test('the wrong key', async () => {
    const { tell, time, heard } = await aStage({ relayKey: 'another key, as long as a key' })
    tell(returned)
    await time.said('refuses our signature: the relay key differs from the relayKey of the node alice')
    expect(heard).toEqual([])
  })

  test('the wrong name', async () => {
    const { tell, time } = await aStage({ node: 'alicia' })
    tell(returned)
    await time.said('knows no node alicia with a relayKey')
  })

  test.each([
    ['ahead of', 600_000],
    ['behind', -600_000],
  ])(
    'a clock ten minutes %s the service’s, by the Date of its answer; once it is set, all is well',
    async (which, aheadMs) => {
      const { tell, time, heard } = await aStage()
      time.aheadMs = aheadMs
      tell(returned)
      await time.said(`${which} the service's: correct it (NTP)`)
      expect(time.lines.at(-1)).toMatch(/clock is (599|600|601) s/)
      time.aheadMs = 0
      await time.asleep(BACKOFF_MS)
      time.pass(BACKOFF_MS)
      await time.until(() => heard.length === 1)
    },
  )

  test.each([
    [{ status: null, code: null }, 'again', 'does not answer'],
    [{ status: 404, code: null }, 'again', 'there is no Splicekeeper'],
    [{ status: 301, code: null }, 'again', 'redirects'],
    [{ status: 429, code: null }, 'again', 'HTTP 429'],
    [{ status: 500, code: null }, 'again', 'HTTP 500'],
    [{ status: 200, code: null }, 'again', 'HTTP 200'],
    [{ status: 401, code: 'timestamp_stale' }, 'again', 'clock'],
    [{ status: 413, code: null }, 'unfit', 'HTTP 413'],
    [{ status: 202, code: null }, 'taken', 'accepts our events'],
  ] as const)('%o', (answer, then, why) => {
    const target = { serviceUrl: 'https://keeper.example', node: 'alice', relayKey: 'secret' }
    const delivered = deliveredOf({ ...answer, date: null }, target, null)
    expect(delivered.then).toBe(then)
    expect(delivered.why).toContain(why)
    expect(delivered.why).not.toContain('secret')
  })
})

describe('a report that somebody caught', () => {
  async function caught() {
    const stage = await aStage()
    stage.tell(failed)
    await stage.time.until(() => stage.heard.length === 1)
    await consume(stage.world)
    expect(await idsOf(stage.world)).toEqual(['life-1-1'])
    return stage
  }

  test('and sends again is taken for what it is: the same event, which counts once', async () => {
    const { service, world } = await caught()
    expect(await send(service, 0)).toBe(202)
    await consume(world)
    expect(await idsOf(world)).toEqual(['life-1-1'])
  })

  test('and sends again five minutes later is refused', async () => {
    const { service, world } = await caught()
    world.told.now = NOW + 301_000
    expect(await send(service, 0)).toBe(401)
    expect(world.heard.nodeEvents).toEqual([])
  })

  test('and changes, or gives a new time, or another signature, is refused', async () => {
    const { service, world } = await caught()
    const body = service.arrived[0]?.body.replace('splice_negotiation_failed', 'process_started') ?? ''
    expect(body).toContain('process_started')
    const forgeries = [
      { body },
      { headers: { 'Splicekeeper-Timestamp': String(NOW / 1000 + 1) } },
      { headers: { 'Splicekeeper-Signature': 'ab'.repeat(32) } },
    ]
    for (const forged of forgeries) expect(await send(service, 0, forged)).toBe(401)
    expect(world.heard.nodeEvents).toEqual([])
  })
})

describe('a subscription', () => {
  test('that ends is taken up again, with growing pauses, and it is said once', async () => {
    const { end, time } = await aStage()
    for (const waitMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      end()
      await time.asleep(waitMs)
      time.pass(waitMs)
      await Promise.resolve()
    }
    expect(time.lines.filter((line) => line === 'node: the node: cut; trying again')).toHaveLength(1)
  })

  test('stands only while it lasts', async () => {
    const time = new ManualTime()
    const { source, open, end } = aSource()
    const link = { openedAt: null }
    const stopped = new AbortController()
    const ended = subscribe({ source, link, reported: () => undefined }, time.ports, () => undefined, stopped.signal)
    expect(link.openedAt).toBeNull()
    open()
    expect(link.openedAt).toBe(1_000_000)
    end()
    await time.asleep(500)
    expect(link.openedAt).toBeNull()
    stopped.abort()
    await ended
  })

  test('that lasted is taken up again soon', async () => {
    const { end, open, time } = await aStage()
    end()
    await time.asleep(500)
    time.pass(500)
    await Promise.resolve()
    open()
    time.pass(60_000)
    end()
    await time.asleep(500)
  })

  test('that does not open is given up, and tried again', async () => {
    const { end, time } = await aStage()
    end()
    await time.asleep(500)
    time.pass(500)
    await time.asleep(20_000)
    time.pass(20_000)
    await time.said('node: the node: ended by us; trying again')
    await time.asleep(1_000)
    time.pass(1_000)
    await time.asleep(20_000)
  })
})
