import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import type { Ports } from '../../../core/ports/ports.ts'
import { ok } from '../../../core/values/result.ts'
import { sweep } from '../../../core/sweep/sweep.ts'
import { aSpliceId, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../../harness/ports/bench.ts'
import { aLiveSplice } from '../../../harness/records/splices.ts'
import { aLook } from '../../../harness/looks/node.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const FED = 'e'.repeat(64)

/** A node at rest with a chain source that counts what it is asked. */
function aWorld(hooks: MemoryHooks = {}) {
  const chain = new FakeChain()
  const nodes = [aConfiguredNode({ chain, port: fakeNode(() => ok(aLook())) })]
  return { chain, bench: aBench({ nodes, hooks }) }
}

async function given(bench: Bench, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => aSpliceId(n + 1))
  for (const id of ids) await bench.store.create(aLiveSplice({ id }))
  return ids
}

const processedTip = async ({ store }: Bench): Promise<string | undefined> =>
  (await store.item('node', 'alice'))?.value.processedTip

const saves = (operation: Operation): boolean => operation.type === 'put' && operation.row.pk.startsWith('SPL#')

describe('a tip with which all splices of a node were looked at', () => {
  test('is noted, and not again while it stands', async () => {
    const { bench } = aWorld()
    await given(bench, 3)
    await sweep(bench.ports, policy, null)
    expect(await processedTip(bench)).toBe(FED)
    const { version } = (await bench.store.item('node', 'alice')) ?? {}
    bench.now = NOW + 60_000
    await sweep(bench.ports, policy, null)
    expect((await bench.store.item('node', 'alice'))?.version).toBe(version)
  })

  test('is not, where one has changed since the look', async () => {
    const { bench } = aWorld()
    await bench.store.create(aLiveSplice({ updatedAt: NOW + 1 }))
    await sweep(bench.ports, policy, null)
    expect(await processedTip(bench)).toBeUndefined()
  })

  test('is not, where another writer was faster', async () => {
    let lost = false
    const { bench } = aWorld({ before: (operation) => (lost && saves(operation) ? 'lost_race' : null) })
    await given(bench, 2)
    lost = true
    await sweep(bench.ports, policy, null)
    expect(await processedTip(bench)).toBeUndefined()
  })

  test('is not, where one could not be saved', async () => {
    let fails = false
    const { bench } = aWorld({ before: (operation) => (fails && saves(operation) ? 'throttle' : null) })
    await given(bench, 2)
    fails = true
    await sweep(bench.ports, policy, null)
    expect(await processedTip(bench)).toBeUndefined()
  })

  test('is not, where the chain source did not say who spends what', async () => {
    const { bench, chain } = aWorld()
    await given(bench, 2)
    chain.fails = (call) => call.startsWith('spend')
    await sweep(bench.ports, policy, null)
    expect(await processedTip(bench)).toBeUndefined()
  })
})

describe('what a sweep shares between the splices of a node', () => {
  test('is read and asked for once: tip, estimate, node, channel, chain and guard', async () => {
    const reads: string[] = []
    const before = (operation: Operation) => {
      if (operation.type === 'get') reads.push(operation.key.pk.split('#')[0] ?? '')
      return null
    }
    const { bench, chain } = aWorld({ before })
    await given(bench, 5)
    await sweep(bench.ports, policy, null)
    reads.length = 0
    chain.calls.length = 0
    bench.now = NOW + 60_000
    await sweep(bench.ports, policy, null)
    expect(chain.calls.filter((call) => call === 'tip')).toHaveLength(1)
    expect(chain.calls.filter((call) => call === 'fee')).toHaveLength(1)
    for (const item of ['NODE', 'CH', 'CHAIN', 'GUARD'])
      expect(
        reads.filter((read) => read === item),
        item,
      ).toHaveLength(1)
  })

  test('is not taken for a splice of another network', async () => {
    const { bench } = aWorld()
    await bench.store.create(aLiveSplice({ network: 'signet' }))
    let reads = 0
    const store: Ports['store'] = {
      ...bench.store,
      item: async (kind, key) => {
        if (kind === 'guard') reads += 1
        return bench.store.item(kind, key)
      },
    }
    await sweep({ ...bench.ports, store }, policy, null)
    expect(reads, 'the sweep itself, and the splice').toBe(2)
  })
})

test('more than a page is looked at page by page, each splice once', async () => {
  const { bench } = aWorld()
  await given(bench, 250)
  const pages: number[] = []
  const store: Ports['store'] = {
    ...bench.store,
    loadMany: async (ids) => {
      pages.push(ids.length)
      return bench.store.loadMany(ids)
    },
  }
  expect((await sweep({ ...bench.ports, store }, policy, null)).due).toBe(250)
  expect(pages).toEqual([100, 100, 50])
  expect(bench.counts.get('decision.submit')).toBe(250)
})
