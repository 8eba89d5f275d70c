import { describe, expect, test } from 'vitest'
import type { World } from '../../harness/api/world.ts'
import { ID, aWorldWith, bump, isSplice } from './api-requests.ts'

describe('bumps that race', () => {
  test('two at once with two keys: one is accepted, the other finds it open', async () => {
    const world = await aWorldWith()
    const answers = await Promise.all([bump(world, { key: 'one' }), bump(world, { key: 'two' })])
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409])
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'bump_open' })
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test('two at once with one key: both get the one bump', async () => {
    const world = await aWorldWith()
    const answers = await Promise.all([bump(world), bump(world)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 202])
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test('one that loses is tried again on what stands then', async () => {
    let losses = 4
    const world = await aWorldWith({
      hooks: { before: (operation) => (isSplice(operation) && losses-- > 0 ? 'lost_race' : null) },
    })
    expect((await bump(world)).status).toBe(202)
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
    expect(world.heard.lines).toHaveLength(1)
  })

  test('one whose transaction confirmed meanwhile is refused', async () => {
    let once = true
    const world: World = await aWorldWith({
      hooks: {
        before: async (operation) => {
          if (!isSplice(operation) || !once) return null
          once = false
          const stored = await world.store.load(ID)
          if (stored !== null) await world.store.save({ ...stored, state: 'confirmed' })
          return null
        },
      },
    })
    expect((await bump(world)).body).toMatchObject({ status: 409, code: 'not_bumpable' })
    expect((await world.store.load(ID))?.bumps).toEqual([])
  })

  test('one that loses every race is busy, and nothing is written, hinted or audited', async () => {
    const world = await aWorldWith({
      hooks: { before: (operation) => (isSplice(operation) ? 'lost_race' : null) },
    })
    const answer = await bump(world)
    expect(answer.status).toBe(503)
    expect(answer.body).toMatchObject({ code: 'busy' })
    expect(answer.headers.get('Retry-After')).toBe('1')
    expect(world.heard).toMatchObject({ puts: 100, hints: [], lines: [] })
    expect((await world.store.load(ID))?.bumps).toEqual([])
  })

  test('one whose answer was lost on the way back finds its bump', async () => {
    let fails = true
    const world = await aWorldWith({
      hooks: { before: (operation) => (fails && isSplice(operation) ? 'no_response' : null) },
    })
    const failed = await bump(world)
    expect(failed.status).toBe(503)
    expect(failed.body).toMatchObject({ code: 'store_unavailable', retry: 'same_key' })
    expect(JSON.stringify(failed.body)).not.toContain('no_response')
    fails = false
    const again = await bump(world)
    expect(again.status).toBe(200)
    expect((await world.store.load(ID))?.bumps).toHaveLength(1)
  })

  test('a database that fails before it has written leaves nothing', async () => {
    let fails = true
    const world = await aWorldWith({
      hooks: { before: (operation) => (fails && isSplice(operation) ? 'throttle' : null) },
    })
    expect((await bump(world)).status).toBe(503)
    fails = false
    expect((await world.store.load(ID))?.bumps).toEqual([])
    expect(world.heard).toMatchObject({ hints: [] })
    expect((await bump(world)).status).toBe(202)
  })
})
