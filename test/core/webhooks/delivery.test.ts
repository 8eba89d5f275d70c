import { describe, expect, test } from 'vitest'
import type { Store } from '../../../core/ports/ports.ts'
import { Policy } from '../../../core/splice/policy.ts'
import { deliverWebhooks } from '../../../core/webhooks/delivery.ts'
import { aSpliceId, policy } from '../../../harness/values.ts'
import { aScene, anEndpoint, evt } from '../../../harness/webhooks/scene.ts'
import {
  BROKEN,
  DAY,
  DOWN,
  HOUR,
  ID,
  MINUTE,
  OK,
  SECOND,
  START,
  TENANT,
  notice,
} from '../../../harness/webhooks/values.ts'

describe('an endpoint that answers', () => {
  test('is told every line once, in order, under the id of its event, with the same bytes each time', async () => {
    const scene = await aScene()
    await scene.say(1, 60)
    await scene.take()
    expect(scene.ids).toEqual(evt(...Array.from({ length: 60 }, (_, n) => n + 1)))
    expect((await scene.endpoint()).deliveredThrough).toBe(60)
    expect((await scene.endpoint()).lease).toBeNull()
    expect(JSON.parse(scene.arrived[6]?.body ?? '')).toEqual({
      type: 'splice.pending',
      timestamp: '2026-11-30T00:00:00.000Z',
      data: { sequence: 7, splice: aSpliceId(1), epoch: 0, webhook: null, snapshot: null },
    })
  })

  test('is told nothing by hints that are doubled, late or for nothing', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    for (let n = 0; n < 3; n += 1) await scene.take()
    await scene.take({ tenant: 'other', endpointId: ID })
    await scene.take({ tenant: TENANT, endpointId: 'whk_2' })
    expect(scene.ids).toEqual(evt(1, 2))
  })

  test('has its rest left to the next consumer when one has sent for long enough', async () => {
    const scene = await aScene()
    await scene.say(1, 10)
    scene.answer = () => {
      scene.now += 9 * SECOND
      return OK
    }
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 2, 3))
    expect(scene.queue).toMatchObject([{ notice }])
    expect((await scene.endpoint()).lease).toBeNull()
    await scene.pass(5 * MINUTE)
    expect(scene.ids).toEqual(evt(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
  })

  test('is told no more by one whose time is up to the millisecond', async () => {
    const scene = await aScene()
    await scene.say(1, 5)
    scene.answer = () => {
      scene.now += 10 * SECOND
      return OK
    }
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 2))
    expect(scene.queue).toEqual([{ notice, at: START + 20 * SECOND }])
  })

  test('stays with one consumer from the first line to the last, however many are read at a time', async () => {
    let writes = 0
    const scene = await aScene([anEndpoint()], {
      before: (operation) => {
        if (operation.type === 'put' && operation.row.pk.startsWith('WEBHOOKS#')) writes += 1
        return null
      },
    })
    await scene.say(1, 60)
    writes = 0
    await scene.take()
    // Taken once, a cursor for each line, given back once.
    expect(writes).toBe(1 + 60 + 1)
  })

  test('is counted for each line that it took, and did not take', async () => {
    const scene = await aScene()
    await scene.say(1, 3)
    scene.answer = ({ id }) => (id === 'evt_3' ? BROKEN : OK)
    await scene.take()
    expect([...scene.counts]).toEqual([
      ['webhook.delivered', 2],
      ['webhook.failed', 1],
    ])
  })

  test('is never told past a gap in the log', async () => {
    const scene = await aScene()
    await scene.say(1, 3)
    const store: Store = {
      ...scene.store,
      eventsAfter: async (...asked) =>
        (await scene.store.eventsAfter(...asked)).filter(({ sequence }) => sequence !== 2),
    }
    await expect(deliverWebhooks(notice, { ...scene.ports, store }, policy)).rejects.toThrow('event 3')
    expect(scene.ids).toEqual(evt(1))
    expect((await scene.endpoint()).deliveredThrough).toBe(1)
  })
})

describe('an endpoint that fails', () => {
  test.each([DOWN, BROKEN, { ok: false, fault: 'target_refused', status: null } as const])(
    'holds up what comes after, until it takes the line: %j',
    async (failure) => {
      const scene = await aScene()
      await scene.say(1, 3)
      let failures = 3
      scene.answer = ({ id }) => (id === 'evt_2' && (failures -= 1) >= 0 ? failure : OK)
      await scene.take()
      await scene.pass(HOUR)
      expect(scene.ids).toEqual(evt(1, 2, 2, 2, 2, 3))
      expect((await scene.endpoint()).failing).toBeNull()
    },
  )

  test('is tried for three days, ever more seldom, then disabled, and the log says so once', async () => {
    const scene = await aScene()
    const at: number[] = []
    scene.answer = () => {
      at.push(scene.now - START)
      return DOWN
    }
    await scene.say(1, 2)
    await scene.take()
    await scene.pass(3 * DAY - 2 * MINUTE)
    expect((await scene.endpoint()).disabled).toBeNull()
    const gaps = at.slice(1).map((each, n) => each - (at[n] ?? 0))
    expect(gaps.slice(0, 7)).toEqual([60, 60, 120, 360, 1_320, 5_160, 20_520].map((each) => each * SECOND))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(6 * HOUR + MINUTE)
    expect(at.length).toBeGreaterThanOrEqual(15)
    await scene.pass(5 * MINUTE)
    expect(at.at(-1)).toBe(3 * DAY)
    expect((await scene.endpoint()).disabled).toMatchObject({ reason: 'failing', announced: true })
    const tried = at.length
    await scene.pass(DAY)
    expect(at).toHaveLength(tried)
    const lines = await scene.store.eventsAfter(TENANT, 2, 10)
    expect(lines).toMatchObject([{ sequence: 3, type: 'webhook.disabled', spliceId: null, endpointId: ID }])
  })

  test('that comes back within three days has it all, in order', async () => {
    const scene = await aScene()
    scene.answer = () => DOWN
    await scene.say(1, 2)
    await scene.take()
    await scene.pass(2 * DAY)
    await scene.say(3, 4)
    scene.answer = () => OK
    scene.arrived.length = 0
    await scene.pass(7 * HOUR)
    expect(scene.ids).toEqual(evt(1, 2, 3, 4))
  })

  test('is not given up for time in which nobody tried', async () => {
    const scene = await aScene()
    scene.answer = () => DOWN
    await scene.say(1, 1)
    await scene.take()
    scene.now += 10 * DAY
    await scene.take()
    expect(await scene.endpoint()).toMatchObject({ disabled: null, failing: { failures: 2 } })
  })

  test('and says 410 is disabled at once; another endpoint of the tenant is told of it', async () => {
    const scene = await aScene([anEndpoint(), anEndpoint({ id: 'whk_2', url: 'https://example.com/2' })])
    await scene.say(1, 1)
    scene.answer = ({ url }) => (url.endsWith('2') ? OK : { ok: false, fault: 'status', status: 410 })
    await scene.take()
    expect(await scene.endpoint()).toMatchObject({ disabled: { reason: 'gone', announced: true } })
    expect(scene.counts.get('webhook.disabled')).toBe(1)
    await scene.pass(2 * MINUTE)
    const second = scene.arrived.filter(({ url }) => url.endsWith('2'))
    expect(second.map(({ body }) => body)).toMatchObject([
      expect.stringContaining('splice.pending'),
      expect.stringContaining(`"type":"webhook.disabled"`),
    ])
  })

  test('is hinted for its next try where that is soon; later ones are left to the sweep', async () => {
    const scene = await aScene()
    scene.answer = () => DOWN
    await scene.say(1, 1)
    const waits: (number | undefined)[] = []
    for (let n = 0; n < 4; n += 1) {
      await scene.take()
      for (const each of scene.queue) expect(each.notice).toEqual(notice)
      waits.push(scene.queue.pop()?.at)
      scene.now = (await scene.endpoint()).failing?.nextAttemptAt ?? 0
    }
    expect(waits).toEqual([5, 25, 105, undefined].map((wait) => wait && START + wait * SECOND))
  })

  test.each([
    [2 * MINUTE, [2 * MINUTE]],
    [2 * MINUTE + 1, []],
  ])('is hinted for a next try that is at most two minutes away: %d ms', async (waitMs, hinted) => {
    const scene = await aScene()
    scene.answer = () => DOWN
    await scene.say(1, 1)
    const patient = Policy.parse({ webhookBackoffBaseMs: waitMs })
    await deliverWebhooks(notice, scene.ports, patient)
    expect(scene.queue.map(({ at }) => at - START)).toEqual(hinted)
  })

  test('is left alone by a hint that comes before its next try', async () => {
    const scene = await aScene()
    scene.answer = () => DOWN
    await scene.say(1, 1)
    await scene.take()
    await scene.take()
    scene.now += 4 * SECOND
    await scene.take()
    expect(scene.ids).toEqual(evt(1))
    scene.now += 1 * SECOND
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 1))
  })
})
