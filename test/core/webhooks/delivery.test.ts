import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../adapters/store/memory.ts'
import type { MemoryHooks } from '../../../adapters/store/memory.ts'
import { updateEndpoint, updateEndpoints, endpointOf } from '../../../core/webhooks/stored-endpoints.ts'
import type { Delivery, DeliveryPorts } from '../../../core/webhooks/delivery.ts'
import { hintEndpoints, remindEndpoints, deliverWebhooks } from '../../../core/webhooks/delivery.ts'
import { DeliveryHint } from '../../../core/ports/endpoint.ts'
import { Policy } from '../../../core/splice/policy.ts'
import type { Ports, Store } from '../../../core/ports/ports.ts'
import type { Delivered } from '../../../core/webhooks/endpoint.ts'
import type { Endpoint } from '../../../core/ports/endpoint.ts'
import {
  LEASE_MS,
  disabledByWish,
  enabled,
  newEndpoint,
  rotated,
  setBack,
} from '../../../core/webhooks/endpoint.ts'
import { aBench, aConfiguredNode } from '../../../harness/ports/bench.ts'
import { aSpliceId, countingIds } from '../../../harness/values.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 30)
const TENANT = 'acme'
const ID = 'whk_1'
const OK: Delivered = { ok: true, status: 204 }
const DOWN: Delivered = { ok: false, fault: 'no_answer', status: null }
const BROKEN: Delivered = { ok: false, fault: 'status', status: 500 }
const policy = Policy.parse({})
const notice: DeliveryHint = { tenant: TENANT, endpointId: ID }

type Queued = { readonly notice: DeliveryHint; readonly at: number }

/** A table, a queue and a receiver under one virtual clock. */
class Scene {
  now = START
  /** What arrived, in that order. */
  readonly arrived: Delivery[] = []
  /** What the receiver answers; may do other things meanwhile. */
  answer: (delivery: Delivery) => Promise<Delivered> | Delivered = () => OK
  queue: Queued[] = []
  queueFails = false
  readonly counts = new Map<string, number>()
  readonly store: Store
  readonly ports: DeliveryPorts

  constructor(hooks: MemoryHooks = {}) {
    this.store = memoryStore({ ids: countingIds('write'), hooks })
    this.ports = {
      store: this.store,
      clock: { now: () => this.now },
      chance: { fraction: () => 1 - Number.EPSILON, ...countingIds('chance') },
      telemetry: {
        count: (name, value = 1) => void this.counts.set(name, (this.counts.get(name) ?? 0) + value),
        info: () => undefined,
        alarm: () => undefined,
      },
      call: () => ({ signal: new AbortController().signal }),
      webhooks: {
        hint: async (each, delayMs) => {
          if (this.queueFails) throw new Error('the queue is down')
          this.queue.push({ notice: each, at: this.now + delayMs })
        },
      },
      webhook: {
        deliver: async (delivery) => {
          this.arrived.push(delivery)
          return this.answer(delivery)
        },
      },
    }
  }

  /** The ports of a sweep, which knows the tenants by their nodes. */
  get swept(): Ports {
    const { ports } = aBench({ nodes: [aConfiguredNode()] })
    return { ...ports, ...this.ports }
  }

  async endpoint(id = ID, tenant = TENANT): Promise<Endpoint> {
    const endpoint = await endpointOf(tenant, id, this.store)
    if (endpoint === null) throw new Error(`no endpoint ${id}`)
    return endpoint
  }

  change(change: (endpoint: Endpoint) => Endpoint): Promise<Endpoint | null> {
    return updateEndpoint(TENANT, ID, this.store, change)
  }

  async say(from: number, to: number, tenant = TENANT): Promise<void> {
    for (let n = from; n <= to; n += 1) {
      const event = {
        id: `evt_${n}`,
        type: 'splice.pending' as const,
        spliceId: aSpliceId(1),
        epoch: 0,
        at: this.now,
      }
      await this.store.appendEvent(tenant, event)
    }
  }

  take(each: DeliveryHint = notice): Promise<void> {
    return deliverWebhooks(each, this.ports, policy)
  }

  /** Time passes: messages that are due are taken, and a sweep comes every minute. */
  async pass(ms: number, stepMs = MINUTE): Promise<void> {
    const end = this.now + ms
    while (this.now < end) {
      this.now = Math.min(end, this.now + stepMs)
      await remindEndpoints(this.swept)
      for (;;) {
        const index = this.queue.findIndex(({ at }) => at <= this.now)
        if (index < 0) break
        for (const due of this.queue.splice(index, 1)) await this.take(due.notice)
      }
    }
  }

  get ids(): string[] {
    return this.arrived.map(({ id }) => id)
  }
}

function anEndpoint(change: Partial<Endpoint> = {}): Endpoint {
  const url = 'https://example.com/'
  const made = { id: ID, url, description: null, deliveredThrough: 0, secret: 'whsec_a' }
  return { ...newEndpoint(made, START), ...change }
}

async function aScene(endpoints = [anEndpoint()], hooks: MemoryHooks = {}): Promise<Scene> {
  const scene = new Scene(hooks)
  await updateEndpoints(TENANT, scene.store, () => ({ endpoints }))
  return scene
}

const evt = (...numbers: number[]): string[] => numbers.map((n) => `evt_${n}`)

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
      data: { sequence: 7, splice: aSpliceId(1), epoch: 0, webhook: null },
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
    await expect(deliverWebhooks(notice, { ...scene.ports, store }, policy)).rejects.toThrow('line 3')
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

describe('crashes and races', () => {
  class Died extends Error {}

  test('a consumer that dies between a delivery and its cursor has it delivered again, under the same id, and in order', async () => {
    let dies = false
    const scene = await aScene([anEndpoint()], {
      before: (operation) => {
        if (dies && operation.type === 'put') throw new Died()
        return null
      },
    })
    await scene.say(1, 3)
    scene.answer = ({ id }) => {
      dies = id === 'evt_2'
      return OK
    }
    await expect(scene.take()).rejects.toThrow(Died)
    dies = false
    scene.answer = () => OK
    // The dead one's lease is waited for, and then the sweep finds it.
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 2))
    scene.now += LEASE_MS
    await scene.pass(MINUTE)
    expect(scene.ids).toEqual(evt(1, 2, 2, 3))
    expect(scene.arrived[1]?.body).toBe(scene.arrived[2]?.body)
  })

  test('whenever a consumer dies, every line arrives, and none before the one in front of it was taken', async () => {
    let lives = 0
    for (let at = 1; at < 60; at += 1) {
      let writes = 0
      let armed = false
      const scene = await aScene([anEndpoint()], {
        before: () => {
          if (armed && (writes += 1) === at) throw new Died()
          return null
        },
      })
      await scene.say(1, 4)
      armed = true
      const died = await scene.take().then(
        () => false,
        () => true,
      )
      armed = false
      if (died) lives += 1
      await scene.pass(3 * MINUTE)
      expect([...new Set(scene.ids)], `call ${at}`).toEqual(evt(1, 2, 3, 4))
      const numbers = scene.ids.map((id) => Number(id.slice(4)))
      for (const [index, number] of numbers.entries())
        expect(number - Math.max(0, ...numbers.slice(0, index))).toBeLessThanOrEqual(1)
      expect((await scene.endpoint()).deliveredThrough).toBe(4)
    }
    expect(lives).toBeGreaterThan(10)
  })

  test('an end that was not told before its consumer died is told by the next, once', async () => {
    for (let at = 1; at < 30; at += 1) {
      let calls = 0
      let armed = false
      const scene = await aScene([anEndpoint()], {
        before: () => {
          if (armed && (calls += 1) === at) throw new Died()
          return null
        },
      })
      await scene.say(1, 1)
      scene.answer = () => ({ ok: false, fault: 'status', status: 410 })
      armed = true
      await scene.take().catch(() => undefined)
      armed = false
      await scene.pass(3 * MINUTE)
      const types = (await scene.store.eventsAfter(TENANT, 0, 10)).map(({ type }) => type)
      expect(types, `call ${at}`).toEqual(['splice.pending', 'webhook.disabled'])
      expect(await scene.endpoint()).toMatchObject({ disabled: { announced: true } })
    }
  })

  test('an end that was told long before its consumer died is not told again', async () => {
    let dies = false
    const scene = await aScene([anEndpoint()], {
      after: (operation) => {
        if (dies && operation.type === 'put' && operation.row.pk.startsWith('EV#')) throw new Died()
      },
    })
    await scene.say(1, 1)
    scene.answer = () => ({ ok: false, fault: 'status', status: 410 })
    dies = true
    await expect(scene.take()).rejects.toThrow(Died)
    dies = false
    await scene.say(2, 40)
    await scene.pass(MINUTE)
    const lines = await scene.store.eventsAfter(TENANT, 0, 100)
    expect(lines.filter(({ type }) => type === 'webhook.disabled')).toHaveLength(1)
    expect(await scene.endpoint()).toMatchObject({ disabled: { announced: true } })
  })

  test('of two consumers at once one sends, and a line whose hint met the lease is not left lying', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    scene.answer = async ({ id }) => {
      if (id === 'evt_2') {
        await scene.say(3, 3)
        await scene.take()
      }
      return OK
    }
    await Promise.all([scene.take(), scene.take(), scene.take()])
    expect(scene.ids).toEqual(evt(1, 2, 3))
  })

  test('a line that comes just as the lease is given back is sent by its holder', async () => {
    let late: (() => Promise<void>) | null = null
    const arrived: string[] = []
    const scene = await aScene([anEndpoint()], {
      after: async (operation) => {
        if (operation.type !== 'slice' || arrived.length !== 1) return
        const act = late
        late = null
        await act?.()
      },
    })
    await scene.say(1, 1)
    scene.answer = ({ id }) => {
      arrived.push(id)
      return OK
    }
    // It has looked for more, found nothing, and is about to give back.
    late = async () => {
      await scene.say(2, 2)
      await scene.take()
    }
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 2))
  })

  test('two that act at once all the same repeat a line, and never skip or save over each other', async () => {
    const scene = await aScene()
    await scene.say(1, 3)
    scene.answer = async ({ id }) => {
      // The first holder hangs for longer than its lease, while another goes on.
      if (scene.arrived.length === 1) {
        scene.now += LEASE_MS
        await scene.take()
        expect(id).toBe('evt_1')
      }
      return OK
    }
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 1, 2, 3))
    expect((await scene.endpoint()).deliveredThrough).toBe(3)
  })

  test('the late failure of one whose lease is over undoes nothing', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    scene.answer = async () => {
      if (scene.arrived.length > 1) return OK
      scene.now += LEASE_MS
      await scene.take()
      return DOWN
    }
    await scene.take()
    expect(await scene.endpoint()).toMatchObject({ deliveredThrough: 2, failing: null })
  })

  test.each<[string, (endpoint: Endpoint, now: number) => Endpoint]>([
    [
      'has it by now',
      (endpoint, now) => ({ ...endpoint, lease: { holder: 'another', until: now + LEASE_MS } }),
    ],
    ['took it away', (endpoint) => setBack(endpoint, 0)],
  ])('one whose lease is over gives nothing back where somebody else %s', async (_says, meanwhile) => {
    let hangs = false
    let stands: Endpoint | null = null
    const scene: Scene = await aScene([anEndpoint()], {
      after: async (operation) => {
        if (!hangs || operation.type !== 'slice' || scene.arrived.length === 0) return
        // It read that nothing is left, and then hung for long.
        hangs = false
        scene.now += LEASE_MS
        stands = await scene.change((each) => meanwhile(each, scene.now))
      },
    })
    await scene.say(1, 1)
    hangs = true
    await scene.take()
    expect(stands).not.toBeNull()
    expect(await scene.endpoint()).toEqual(stands)
  })

  test('one that is enabled again while the log is told of its end stays enabled', async () => {
    let enables = true
    const scene: Scene = await aScene([anEndpoint()], {
      after: async (operation) => {
        if (operation.type !== 'put' || !JSON.stringify(operation.row.body).includes('webhook.disabled'))
          return
        if (enables) await scene.change(enabled)
        enables = false
      },
    })
    await scene.say(1, 1)
    scene.answer = () => ({ ok: false, fault: 'status', status: 410 })
    await scene.take()
    expect(enables).toBe(false)
    expect((await scene.endpoint()).disabled).toBeNull()
  })

  test('many writers of one item at once all get through', async () => {
    const many = Array.from({ length: 10 }, (_, n) =>
      anEndpoint({ id: `whk_${n}`, url: `https://example.com/${n}` }),
    )
    const scene = await aScene(many)
    await scene.say(1, 3)
    await Promise.all(many.map(({ id }) => scene.take({ tenant: TENANT, endpointId: id })))
    for (const { id } of many) expect((await scene.endpoint(id)).deliveredThrough).toBe(3)
    expect(scene.arrived).toHaveLength(30)
  })
})

describe('hints', () => {
  test('are sent to every endpoint that may be told, and a queue that fails is counted', async () => {
    const failing = { since: 0, failures: 1, nextAttemptAt: START + 1, fault: 'status', status: 500 } as const
    const scene = await aScene([
      anEndpoint(),
      anEndpoint({ id: 'whk_2', disabled: { at: 0, reason: 'asked', announced: true } }),
      anEndpoint({ id: 'whk_3', failing }),
    ])
    await hintEndpoints(TENANT, scene.ports)
    await hintEndpoints('other', scene.ports)
    expect(scene.queue).toMatchObject([{ notice }])
    scene.queueFails = true
    await hintEndpoints(TENANT, scene.ports)
    expect(scene.counts.get('webhook_hint_failed')).toBe(1)
  })

  test('that are lost are made good by the sweep', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    await scene.pass(MINUTE)
    expect(scene.ids).toEqual(evt(1, 2))
    expect(scene.counts.get('webhook.behind')).toBe(1)
  })

  test('are not sent, nothing is read and nobody is alarmed, where there is no queue for them', async () => {
    let reads = 0
    const scene = await aScene([anEndpoint()], {
      before: () => {
        reads += 1
        return null
      },
    })
    await scene.say(1, 1)
    reads = 0
    const { ports, alarms, counts } = aBench({ nodes: [aConfiguredNode()] })
    const without: Ports = { ...ports, store: scene.store }
    await hintEndpoints(TENANT, without)
    await remindEndpoints(without)
    expect(reads).toBe(0)
    expect(alarms).toEqual([])
    expect([...counts]).toEqual([])
  })

  test('are not sent by a sweep to whoever is disabled, waits for its next try, or is being told', async () => {
    const failing = { since: 0, failures: 1, nextAttemptAt: START + 1, fault: 'status', status: 500 } as const
    const scene = await aScene([
      anEndpoint({ disabled: { at: 0, reason: 'asked', announced: true } }),
      anEndpoint({ id: 'whk_2', failing }),
      anEndpoint({ id: 'whk_3', lease: { holder: 'another', until: START + 1 } }),
      anEndpoint({ id: 'whk_4' }),
    ])
    await scene.say(1, 1)
    await remindEndpoints(scene.swept)
    expect(scene.queue.map(({ notice: { endpointId } }) => endpointId)).toEqual(['whk_4'])
  })

  test('are sent once by a sweep, however many tenants it asks about, and those without an endpoint are no fault', async () => {
    const tenants = Array.from({ length: 40 }, (_, n) => `tenant-${n}`)
    const listening = tenants.filter((_, n) => n % 3 === 0)
    const scene = new Scene()
    for (const tenant of listening) {
      await updateEndpoints(tenant, scene.store, () => ({ endpoints: [anEndpoint()] }))
      await scene.say(1, 1, tenant)
    }
    const { ports, alarms } = aBench({ nodes: [aConfiguredNode({ tenants })] })
    await remindEndpoints({ ...ports, store: scene.store, webhooks: scene.ports.webhooks })
    expect(scene.queue.map(({ notice: { tenant } }) => tenant).toSorted()).toEqual(listening.toSorted())
    expect(alarms).toEqual([])
  })

  test('of one tenant that cannot be read are missed aloud, and the others have theirs', async () => {
    const scene = await aScene([anEndpoint()], {
      before: (operation) =>
        operation.type === 'get' && operation.key.pk === 'WEBHOOKS#lost' ? 'throttle' : null,
    })
    await scene.say(1, 1)
    const bench = aBench({ nodes: [aConfiguredNode({ tenants: ['lost', TENANT] })] })
    await remindEndpoints({ ...bench.ports, store: scene.store, webhooks: scene.ports.webhooks })
    expect(scene.queue).toMatchObject([{ notice }])
    expect(bench.alarms).toHaveLength(1)
    expect(bench.alarmed).toEqual([{ tenant: 'lost', error: 'MemoryStoreFault' }])
  })

  test('name a tenant and an endpoint, and perhaps a line; a message that does not is refused', () => {
    const taken = (change: object): boolean => DeliveryHint.safeParse({ ...notice, ...change }).success
    expect(taken({})).toBe(true)
    expect(taken({ sequence: 1 })).toBe(true)
    for (const name of ['tenant', 'endpointId']) {
      expect(taken({ [name]: 'x'.repeat(128) })).toBe(true)
      for (const value of ['', 'x'.repeat(129), undefined]) expect(taken({ [name]: value })).toBe(false)
    }
    for (const sequence of [0, -1, 1.5]) expect(taken({ sequence })).toBe(false)
    expect(taken({ secret: 'x' })).toBe(false)
  })

  test('a sweep costs a read by tenant where nobody listens, and two where nobody is behind, however long the log is', async () => {
    let reads = 0
    const scene = await aScene([anEndpoint({ deliveredThrough: 200 })], {
      before: (operation) => {
        if (operation.type !== 'put') reads += 1
        return null
      },
    })
    await scene.say(1, 200)
    reads = 0
    await remindEndpoints(scene.swept)
    expect(reads).toBe(2)
    await updateEndpoints(TENANT, scene.store, () => ({ endpoints: [] }))
    reads = 0
    await remindEndpoints(scene.swept)
    expect(reads).toBe(1)
    expect(scene.queue).toEqual([])
  })
})

describe('what is asked for', () => {
  test('an endpoint that is disabled hears nothing, and has it all once it is enabled', async () => {
    const scene = await aScene()
    await scene.change((each) => disabledByWish(each, scene.now))
    await scene.say(1, 2)
    await scene.take()
    await scene.take({ ...notice, sequence: 1 })
    await scene.pass(HOUR)
    expect(scene.ids).toEqual([])
    await scene.change(enabled)
    await scene.pass(MINUTE)
    expect(scene.ids).toEqual(evt(1, 2))
    expect(await scene.store.endOfLog(TENANT)).toBe(2)
    await scene.change((each) => disabledByWish(each, scene.now))
    await scene.take({ ...notice, sequence: 1 })
    expect(scene.ids).toEqual(evt(1, 2))
  })

  test('one that is disabled while a delivery is under way keeps its cursor', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    scene.answer = async () => {
      await scene.change((each) => disabledByWish(each, scene.now))
      return OK
    }
    await scene.take()
    expect(await scene.endpoint()).toMatchObject({ deliveredThrough: 0, disabled: { reason: 'asked' } })
    expect(scene.ids).toEqual(evt(1))
  })

  test('one that is removed while a delivery is under way is told no more, and nothing fails', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    scene.answer = async () => {
      await updateEndpoints(TENANT, scene.store, () => ({ endpoints: [] }))
      return OK
    }
    await scene.take()
    expect(scene.ids).toEqual(evt(1))
    expect(scene.queue).toEqual([])
  })

  test('a replay sends what came after a sequence again, in order, also when it is asked for in the middle of a delivery', async () => {
    const scene = await aScene()
    await scene.say(1, 4)
    await scene.take()
    await scene.change((each) => setBack(each, 2))
    await scene.take()
    expect(scene.ids).toEqual(evt(1, 2, 3, 4, 3, 4))
    await scene.say(5, 5)
    let asked = false
    scene.answer = async () => {
      if (!asked) await scene.change((each) => setBack(each, 3))
      asked = true
      return OK
    }
    await scene.take()
    await scene.pass(MINUTE)
    expect(scene.ids.slice(6)).toEqual(evt(5, 4, 5))
  })

  test('one line is sent again by itself, and one that is still to come only in its turn', async () => {
    const scene = await aScene()
    await scene.say(1, 2)
    await scene.take({ ...notice, sequence: 2 })
    expect(scene.ids).toEqual(evt(1, 2))
    await scene.take({ ...notice, sequence: 1 })
    await scene.take({ ...notice, sequence: 2 })
    expect(scene.ids).toEqual(evt(1, 2, 1, 2))
    expect(scene.counts.get('webhook.repeated')).toBe(2)
    scene.answer = () => BROKEN
    await scene.take({ ...notice, sequence: 1 })
    expect(await scene.endpoint()).toMatchObject({ deliveredThrough: 2, failing: null })
    expect(scene.counts.get('webhook.failed')).toBe(1)
  })

  test('a line that a restored log has lost is not sent again', async () => {
    const scene = await aScene([anEndpoint({ deliveredThrough: 5 })])
    await scene.take({ ...notice, sequence: 3 })
    expect(scene.ids).toEqual([])
  })

  test('a rotated secret signs for another day, behind the new one', async () => {
    const scene = await aScene()
    await scene.change((each) => rotated(each, 'whsec_b', scene.now))
    await scene.say(1, 1)
    await scene.take()
    scene.now += DAY
    await scene.say(2, 2)
    await scene.take()
    expect(scene.arrived.map(({ secrets }) => secrets)).toEqual([['whsec_b', 'whsec_a'], ['whsec_b']])
  })

  test('of more rotations in a day than secrets can be kept, the newest stay', () => {
    const names = ['b', 'c', 'd', 'e', 'f']
    const last = names.reduce((each, name) => rotated(each, `whsec_${name}`, START), anEndpoint())
    expect(last.secrets.map(({ secret }) => secret)).toEqual(['whsec_f', 'whsec_e', 'whsec_d', 'whsec_c'])
  })

  test('a tenant never hears of another one', async () => {
    const scene = await aScene()
    await updateEndpoints('other', scene.store, () => ({
      endpoints: [anEndpoint({ url: 'https://other.example/' })],
    }))
    await scene.say(1, 1)
    await scene.say(101, 102, 'other')
    await scene.take()
    await scene.take({ tenant: 'other', endpointId: ID })
    expect(scene.arrived.map(({ url, id }) => `${url} ${id}`)).toEqual([
      'https://example.com/ evt_1',
      'https://other.example/ evt_101',
      'https://other.example/ evt_102',
    ])
  })
})
