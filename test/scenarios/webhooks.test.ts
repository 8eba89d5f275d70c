import { describe, expect, test } from 'vitest'
import { updateEndpoints } from '../../core/webhooks/stored-endpoints.ts'
import type { DeliveryHint, DeliveryQueue } from '../../core/ports/endpoint.ts'
import { newEndpoint } from '../../core/webhooks/endpoint.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import { START } from '../../harness/keeper/times.ts'

const TENANT = 'acme'

/** A keeper with a queue of notices, and a tenant that wants to be told. */
async function aKeeperThatTells(queue: DeliveryQueue): Promise<Keeper> {
  const keeper = await startKeeper({ wrap: (ports) => ({ ...ports, webhooks: queue }) })
  const made = {
    id: 'whk_1',
    url: 'https://example.com/',
    description: null,
    deliveredThrough: 0,
    secret: 'whsec_a',
  }
  await updateEndpoints(TENANT, keeper.store, () => ({ endpoints: [newEndpoint(made, START)] }))
  return keeper
}

async function settle(keeper: Keeper): Promise<void> {
  const { id } = await keeper.post()
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect(keeper.crashes).toEqual([])
  expect(keeper.payouts).toBe(1)
}

describe('a splice whose tenant has a webhook', () => {
  test('hints its endpoint with what it published, and so does every sweep until it is taken', async () => {
    const heard: DeliveryHint[] = []
    const keeper = await aKeeperThatTells({ hint: async (notice) => void heard.push(notice) })
    await settle(keeper)
    const lines = await keeper.store.endOfLog(TENANT)
    expect(lines).toBeGreaterThanOrEqual(4)
    expect(heard.length).toBeGreaterThanOrEqual(lines)
    expect(new Set(heard.map((notice) => JSON.stringify(notice)))).toEqual(
      new Set([JSON.stringify({ tenant: TENANT, endpointId: 'whk_1' })]),
    )
    heard.length = 0
    await keeper.sweep()
    expect(heard).toHaveLength(1)
  })

  test('settles all the same when the queue of notices is down', async () => {
    const keeper = await aKeeperThatTells({ hint: () => Promise.reject(new Error('the queue is down')) })
    await settle(keeper)
    expect(keeper.counts.get('webhook_hint_failed')).toBeGreaterThan(0)
  })
})
