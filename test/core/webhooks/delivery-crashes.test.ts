import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../../core/ports/endpoint.ts'
import { LEASE_MS, enabled, setBack } from '../../../core/webhooks/endpoint.ts'
import { Scene, aScene, anEndpoint, evt } from '../../../harness/webhooks/scene.ts'
import { DOWN, MINUTE, OK, TENANT } from '../../../harness/webhooks/values.ts'

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
    ['has it by now', (endpoint, now) => ({ ...endpoint, lease: { holder: 'another', until: now + LEASE_MS } })],
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
        if (operation.type !== 'put' || !JSON.stringify(operation.row.body).includes('webhook.disabled')) return
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
    const many = Array.from({ length: 10 }, (_, n) => anEndpoint({ id: `whk_${n}`, url: `https://example.com/${n}` }))
    const scene = await aScene(many)
    await scene.say(1, 3)
    await Promise.all(many.map(({ id }) => scene.take({ tenant: TENANT, endpointId: id })))
    for (const { id } of many) expect((await scene.endpoint(id)).deliveredThrough).toBe(3)
    expect(scene.arrived).toHaveLength(30)
  })
})
