import { describe, expect, test } from 'vitest'
import { disabledByWish, enabled, rotated, setBack } from '../../../core/webhooks/endpoint.ts'
import { updateEndpoints } from '../../../core/webhooks/stored-endpoints.ts'
import { aScene, anEndpoint, evt } from '../../../harness/webhooks/scene.ts'
import { BROKEN, DAY, HOUR, ID, MINUTE, OK, START, TENANT, notice } from '../../../harness/webhooks/values.ts'

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
