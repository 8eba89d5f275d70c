import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Operation } from '../../adapters/store/memory.ts'
import { CHANNEL, NOW } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'

const Entries = z.object({
  data: z.array(
    z.object({
      sequence: z.int(),
      at: z.string(),
      action: z.string(),
      key: z.object({ id: z.string(), name: z.string() }),
      about: z.record(z.string(), z.string()),
    }),
  ),
})

async function entries(world: World, query = '', key = world.keys.operator) {
  return Entries.parse((await request(world, 'GET', `/v1/audit${query}`, { key })).body).data
}

const cancel = (world: World, id: string, key: string) => request(world, 'POST', `/v1/splices/${id}/cancel`, { key })

const isPutOf = (operation: Operation, prefix: string): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith(prefix)

async function ordered(world: World): Promise<string> {
  return z.string().parse((await order(world, 'order-1')).body['id'])
}

describe('the audit log', () => {
  test('says who did what to what, and never the key', async () => {
    const world = await aWorld()
    const id = await ordered(world)
    await cancel(world, id, world.keys.operator)
    const lease = { holder: null, queue: [], frozen: { cause: 'anomaly', at: NOW, note: '' } }
    const version = (await world.store.item('lease', CHANNEL))?.version ?? 0
    expect(await world.store.putItem('lease', CHANNEL, lease, version)).toBe(true)
    const note = 'checked by hand ✓'
    await request(world, 'POST', `/v1/channels/${CHANNEL}/unfreeze`, {
      key: world.keys.landlord,
      body: { note },
    })
    const found = await entries(world)
    expect(found).toMatchObject([
      {
        sequence: 1,
        at: new Date(NOW).toISOString(),
        action: 'cancel',
        key: { name: 'olga' },
        about: { splice: id },
      },
      { sequence: 2, action: 'unfreeze', key: { name: 'lars' }, about: { channel: CHANNEL, cause: 'anomaly', note } },
    ])
    expect(await entries(world, '?after=1')).toEqual(found.slice(1))
    for (const secret of [world.keys.operator, world.keys.landlord]) expect(JSON.stringify(found)).not.toContain(secret)
  })

  test('is of operators: what a client does to its own splice is not in it', async () => {
    const world = await aWorld()
    await cancel(world, await ordered(world), world.keys.writer)
    expect(await entries(world)).toEqual([])
    expect(world.heard.lines).toMatchObject([{ message: 'audit', fields: { action: 'cancel', key: 'shop' } }])
  })

  test('of a tenant is not shown to another', async () => {
    const world = await aWorld()
    await cancel(world, await ordered(world), world.keys.operator)
    expect(await entries(world, '', world.keys.stranger)).toEqual([])
  })

  test('has one entry for an act that was tried several times', async () => {
    let losses = 0
    const world = await aWorld({
      before: (operation) => (isPutOf(operation, 'SPL#') && losses-- > 0 ? 'lost_race' : null),
    })
    losses = 0
    const id = await ordered(world)
    losses = 3
    expect((await cancel(world, id, world.keys.operator)).status).toBe(200)
    expect(await entries(world)).toHaveLength(1)
  })

  test('that cannot be written stops the act', async () => {
    let fails = false
    const world = await aWorld({
      before: (operation) => (fails && isPutOf(operation, 'AUDIT#') ? 'throttle' : null),
    })
    const id = await ordered(world)
    fails = true
    expect((await cancel(world, id, world.keys.operator)).status).toBe(503)
    expect((await world.store.load(id))?.state).toBe('queued')
  })

  test('has an entry of an act that died right after it, and the act can be done again', async () => {
    let dies = false
    const world = await aWorld({
      before: (operation) => (dies && isPutOf(operation, 'SPL#') ? 'throttle' : null),
    })
    const id = await ordered(world)
    dies = true
    expect((await cancel(world, id, world.keys.operator)).status).toBe(503)
    dies = false
    expect((await cancel(world, id, world.keys.operator)).body['status']).toBe('cancelled')
    expect((await entries(world)).map(({ action }) => action)).toEqual(['cancel', 'cancel'])
  })

  test('has nothing of what was refused', async () => {
    const world = await aWorld()
    await request(world, 'POST', '/v1/splices/spl_none/resolve', {
      key: world.keys.operator,
      body: { outcome: 'failed', note: 'x' },
    })
    expect(await entries(world)).toEqual([])
  })
})
