import { describe, expect, test } from 'vitest'
import { DeliveryHint } from '../../../core/ports/endpoint.ts'
import type { Ports } from '../../../core/ports/ports.ts'
import { hintEndpoints, remindEndpoints } from '../../../core/webhooks/delivery.ts'
import { updateEndpoints } from '../../../core/webhooks/stored-endpoints.ts'
import { aBench, aConfiguredNode } from '../../../harness/ports/bench.ts'
import { Scene, aScene, anEndpoint, evt } from '../../../harness/webhooks/scene.ts'
import { MINUTE, START, TENANT, notice } from '../../../harness/webhooks/values.ts'

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
      before: (operation) => (operation.type === 'get' && operation.key.pk === 'WEBHOOKS#lost' ? 'throttle' : null),
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
