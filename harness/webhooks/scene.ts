import { memoryStore, type MemoryHooks } from '../../adapters/store/memory.ts'
import { DeliveryHint, type Endpoint } from '../../core/ports/endpoint.ts'
import type { Ports, Store } from '../../core/ports/ports.ts'
import { deliverWebhooks, remindEndpoints, type Delivery, type DeliveryPorts } from '../../core/webhooks/delivery.ts'
import { newEndpoint, type Delivered } from '../../core/webhooks/endpoint.ts'
import { endpointOf, updateEndpoint, updateEndpoints } from '../../core/webhooks/stored-endpoints.ts'
import { aBench, aConfiguredNode } from '../ports/bench.ts'
import { aSpliceId, countingIds, policy } from '../values.ts'
import { ID, MINUTE, OK, START, TENANT, notice } from './values.ts'

type Queued = { readonly notice: DeliveryHint; readonly at: number }

/** A table, a queue and a receiver under one virtual clock. */
export class Scene {
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

export function anEndpoint(change: Partial<Endpoint> = {}): Endpoint {
  const url = 'https://example.com/'
  const made = { id: ID, url, description: null, deliveredThrough: 0, secret: 'whsec_a' }
  return { ...newEndpoint(made, START), ...change }
}

export async function aScene(endpoints = [anEndpoint()], hooks: MemoryHooks = {}): Promise<Scene> {
  const scene = new Scene(hooks)
  await updateEndpoints(TENANT, scene.store, () => ({ endpoints }))
  return scene
}

export const evt = (...numbers: number[]): string[] => numbers.map((n) => `evt_${n}`)
