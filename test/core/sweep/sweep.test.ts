import { describe, expect, test } from 'vitest'
import { err, ok } from '../../../core/values/result.ts'
import type { Guard } from '../../../core/ports/records.ts'
import type { ConfiguredNode, Ports } from '../../../core/ports/ports.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { drive } from '../../../core/drive/drive.ts'
import { sweep } from '../../../core/sweep/sweep.ts'
import { aSpliceAtRest, aLiveSplice } from '../../../harness/records/splices.ts'
import { aSpliceId, aTxid, FUNDING, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../../harness/ports/bench.ts'
import { aCandidate, anAttempt } from '../../../harness/records/attempts.ts'
import { aLook } from '../../../harness/looks/node.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'
import { FIRST } from '../../../harness/records/bumps.ts'
import { onChain } from '../../../harness/transactions.ts'

type Sent = { looks: number; submissions: number }

/** A node at rest, with a count of what it was asked. */
function counting(sent: Sent, answers: () => boolean = () => true): ConfiguredNode {
  const port = fakeNode(() => ok(aLook()))
  return aConfiguredNode({
    port: {
      ...port,
      look: async (call) => {
        sent.looks += 1
        return answers() ? port.look(call) : err({ class: 'config', message: 'refused' })
      },
      submit: async (request, call) => {
        sent.submissions += 1
        return port.submit(request, call)
      },
    },
  })
}

const nothing = (): Sent => ({ looks: 0, submissions: 0 })

/** Ports over a table in which one record does not fit its schema. */
function unreadable(bench: Bench, bad: string): Ports {
  const { store } = bench
  const read = (ids: readonly string[]): void => {
    if (ids.includes(bad)) throw new Error('does not fit its schema')
  }
  return {
    ...bench.ports,
    store: {
      ...store,
      load: async (id) => {
        read([id])
        return store.load(id)
      },
      loadMany: async (ids) => {
        read(ids)
        return store.loadMany(ids)
      },
    },
  }
}

async function given(bench: Bench, count: number, overrides: Partial<Splice> = {}): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => aSpliceId(n + 1))
  for (const id of ids) await bench.store.create(aLiveSplice({ id, ...overrides }))
  return ids
}

describe('a sweep', () => {
  test('looks at each node once, hints whatever may be sent, and sends nothing itself', async () => {
    const sent = nothing()
    const bench = aBench({ nodes: [counting(sent)] })
    const ids = await given(bench, 20)
    expect(await sweep(bench.ports, policy, null)).toEqual({ nodes: 1, due: 20, failed: 0 })
    expect(sent).toEqual({ looks: 1, submissions: 0 })
    expect([...bench.hints].sort()).toEqual([...ids].sort())
    expect(bench.counts.get('sweep.due')).toBe(20)
  })

  test('feeds only what is due', async () => {
    const bench = aBench({ nodes: [counting(nothing())] })
    await sweep(bench.ports, policy, null)
    await given(bench, 1, { dueAt: NOW + 1 })
    expect((await sweep(bench.ports, policy, null)).due).toBe(0)
    bench.now = NOW + 1
    expect((await sweep(bench.ports, policy, null)).due).toBe(1)
  })

  test.each([
    [NOW, 1],
    [NOW + 1, 0],
  ])('uses its look for no splice that has changed since (changed at %i)', async (updatedAt, hinted) => {
    const bench = aBench({ nodes: [counting(nothing())] })
    await given(bench, 1, { updatedAt })
    await sweep(bench.ports, policy, null)
    expect(bench.hints).toHaveLength(hinted)
  })

  test.each([
    [10_000, 1],
    [10_001, 0],
  ])('what its gates saw %i ms ago, when the lease is ours, is sent %i times', async (slowMs, sends) => {
    const sent = nothing()
    const bench: Bench = aBench({
      nodes: [counting(sent)],
      hooks: {
        before: (operation) => {
          if (operation.type === 'put' && operation.row.pk.startsWith('LEASE#')) bench.now += slowMs
          return null
        },
      },
    })
    const [id] = await given(bench, 1)
    await sweep(bench.ports, policy, null)
    await drive(id ?? '', bench.ports, { policy, mayAct: true, shared: null })
    expect(sent.submissions).toBe(sends)
    expect((await bench.store.load(id ?? ''))?.attempts).toHaveLength(sends)
  })

  test('goes through all pages', async () => {
    const bench = aBench({ nodes: [counting(nothing())] })
    const ids = await given(bench, 40)
    const store: Ports['store'] = {
      ...bench.store,
      due: async (shard, before, _limit, cursor) => bench.store.due(shard, before, 1, cursor),
    }
    expect((await sweep({ ...bench.ports, store }, policy, null)).due).toBe(40)
    expect([...bench.hints].sort()).toEqual([...ids].sort())
  })

  test('that runs out of time stops, and owes the rest', async () => {
    const over = new AbortController()
    const bench = aBench({ nodes: [counting(nothing())] })
    await given(bench, 40)
    let pages = 0
    const store: Ports['store'] = {
      ...bench.store,
      due: async (shard, before, _limit, cursor) => bench.store.due(shard, before, 1, cursor),
      loadMany: async (ids) => {
        pages += 1
        over.abort()
        return bench.store.loadMany(ids)
      },
    }
    const ports = { ...bench.ports, store, call: () => ({ signal: over.signal }) }
    const { due } = await sweep(ports, policy, null)
    expect(pages).toBe(1)
    expect(due).toBeGreaterThan(0)
    expect(due).toBeLessThan(40)
    expect((await bench.store.item('node', 'alice'))?.value.processedTip).toBeUndefined()
  })

  test('begins with another shard each minute, so that none is left out for ever', async () => {
    const bench = aBench({ nodes: [counting(nothing())] })
    const begun: number[] = []
    const store: Ports['store'] = {
      ...bench.store,
      due: async (shard, before, limit, cursor) => {
        begun.push(shard)
        return bench.store.due(shard, before, limit, cursor)
      },
    }
    const firsts: (number | undefined)[] = []
    for (let minute = 0; minute < 16; minute += 1) {
      begun.length = 0
      bench.now = NOW + minute * 60_000
      await sweep({ ...bench.ports, store }, policy, null)
      expect(new Set(begun).size).toBe(16)
      firsts.push(begun[0])
    }
    expect(new Set(firsts).size).toBe(16)
  })

  test('drives each of a long page once', async () => {
    const bench = aBench({ nodes: [counting(nothing())] })
    const ids = await given(bench, 20)
    const store: Ports['store'] = {
      ...bench.store,
      due: async (shard) => ({ ids: shard === 0 ? ids : [], cursor: null }),
    }
    expect((await sweep({ ...bench.ports, store }, policy, null)).due).toBe(20)
    expect(bench.counts.get('decision.submit')).toBe(20)
  })

  test('writes the tip of the chain down when it has changed', async () => {
    const chain = new FakeChain()
    const bench = aBench({ nodes: [aConfiguredNode({ chain })] })
    await sweep(bench.ports, policy, null)
    await sweep(bench.ports, policy, null)
    const seen = await bench.store.item('chain', 'regtest')
    expect(seen).toMatchObject({ version: 1, value: { height: 200, seenAt: NOW } })
    chain.fails = (call) => call === 'tip'
    await sweep(bench.ports, policy, null)
    expect((await bench.store.item('chain', 'regtest'))?.version).toBe(1)
    expect(bench.alarms).toEqual([])
  })

  test('writes no tip down while the chain moves under it', async () => {
    class Moving extends FakeChain {
      override readonly blockHash: FakeChain['blockHash'] = async () => ok(null)
    }
    const bench = aBench({ nodes: [aConfiguredNode({ chain: new Moving() })] })
    await sweep(bench.ports, policy, null)
    expect(await bench.store.item('chain', 'regtest')).toBeNull()
    expect(bench.alarms).toEqual([])
  })
})

describe('a splice at rest whose block has left the chain', () => {
  const gone = { height: 190, hash: aTxid('7') }
  const settled = aSpliceAtRest({
    state: 'settled',
    fundingHistory: [FUNDING],
    submittedOn: FUNDING,
    attempts: [anAttempt()],
    candidates: [aCandidate({ txid: FIRST.txid, block: gone })],
    lockedAt: 1,
    settledAt: 1,
  })
  async function world(bad: string | null) {
    const chain = new FakeChain([onChain(FIRST)])
    const bench = aBench({ nodes: [aConfiguredNode({ chain })] })
    await bench.store.create(settled)
    const seen = { height: 200, hash: aTxid('e'), seenAt: 1, hashes: [aTxid('e')], orphans: [gone] }
    await bench.store.putItem('chain', 'regtest', seen, 0)
    const swept = await sweep(bad === null ? bench.ports : unreadable(bench, bad), policy, null)
    return { swept, splice: await bench.store.load(settled.id) }
  }

  test('is looked at again, though nothing of it is due', async () => {
    const { swept, splice } = await world(null)
    expect(swept).toEqual({ nodes: 1, due: 0, failed: 0 })
    expect(splice).toMatchObject({ state: 'pending', epoch: 1, candidates: [{ block: null }] })
  })

  test('counts as failed where it cannot be read', async () => {
    const { swept, splice } = await world(settled.id)
    expect(swept).toEqual({ nodes: 1, due: 0, failed: 1 })
    expect(splice?.state).toBe('settled')
  })
})

describe('one that fails does not stop the others', () => {
  test('a record that cannot be read', async () => {
    const bench = aBench({ nodes: [counting(nothing())] })
    const ids = await given(bench, 60)
    const bad = ids[7] ?? ''
    expect(await sweep(unreadable(bench, bad), policy, null)).toEqual({ nodes: 1, due: 60, failed: 1 })
    expect([...bench.hints].sort()).toEqual(ids.filter((id) => id !== bad).sort())
    expect(bench.alarms).toEqual(['a splice could not be driven'])
    expect(bench.alarmed).toEqual([{ spliceId: bad, error: 'does not fit its schema' }])
  })

  test('a record that cannot be written', async () => {
    let bad = ''
    const bench = aBench({
      nodes: [counting(nothing())],
      hooks: {
        before: (operation) => (operation.type === 'put' && operation.row.pk === `SPL#${bad}` ? 'throttle' : null),
      },
    })
    const ids = await given(bench, 20, { notBefore: NOW + 60_000 })
    bad = ids[3] ?? ''
    expect((await sweep(bench.ports, policy, null)).failed).toBe(1)
    for (const id of ids)
      expect((await bench.store.load(id))?.waitingFor?.code ?? null).toBe(id === bad ? null : 'not_before')
  })

  test('a look that cannot be written down', async () => {
    const bench = aBench({
      nodes: [counting(nothing())],
      hooks: {
        before: (operation) => (operation.type === 'put' && operation.row.pk === 'NODE#alice' ? 'throttle' : null),
      },
    })
    const ids = await given(bench, 1)
    expect((await sweep(bench.ports, policy, null)).failed).toBe(0)
    expect(bench.alarms).toEqual(['a look could not be saved'])
    expect(bench.alarmed).toMatchObject([{ node: 'alice' }])
    expect(bench.hints).toEqual(ids)
  })

  test('a node whose adapter throws', async () => {
    const port = fakeNode(() => {
      throw new Error('a bug')
    })
    const bench = aBench({ nodes: [aConfiguredNode({ port }), { ...counting(nothing()), name: 'carol' }] })
    await given(bench, 1)
    await bench.store.create(aLiveSplice({ id: aSpliceId(2), node: 'carol' }))
    expect((await sweep(bench.ports, policy, null)).failed).toBe(0)
    expect(bench.hints).toEqual([aSpliceId(2)])
    expect((await bench.store.load(aSpliceId(1)))?.waitingFor?.code).toBe('node_unreachable')
  })

  test('a splice of a node that is not configured any more', async () => {
    const bench = aBench({ nodes: [counting(nothing())] })
    await given(bench, 1, { node: 'gone' })
    expect((await sweep(bench.ports, policy, null)).failed).toBe(0)
    expect((await bench.store.load(aSpliceId(1)))?.waitingFor?.code).toBe('node_unreachable')
  })
})

describe('a node that refuses our credential', () => {
  test('is asked once a sweep who it is, nothing is sent, and an answer lifts the pause', async () => {
    const sent = nothing()
    let answers = true
    const bench = aBench({ nodes: [counting(sent, () => answers)] })
    const ids = await given(bench, 10)
    await sweep(bench.ports, policy, null)
    bench.hints.length = 0
    answers = false
    await sweep(bench.ports, policy, null)
    expect(sent.looks).toBe(2)
    expect(bench.hints).toEqual([])
    expect(bench.alarms).toEqual(['node paused'])
    expect((await bench.store.item('node', 'alice'))?.value.paused?.message).toBe('refused')
    answers = true
    await sweep(bench.ports, policy, null)
    expect((await bench.store.item('node', 'alice'))?.value.paused).toBeNull()
    expect([...bench.hints].sort()).toEqual([...ids].sort())
  })
})

describe('the guard against a restored backup', () => {
  const guard = async (bench: Bench): Promise<Guard | null> => (await bench.store.item('guard', '-'))?.value ?? null
  const stored: Guard = { generation: 3, backupAt: 5 }

  test('a new table gets the configured generation', async () => {
    const bench = aBench({ generation: 3 })
    await sweep(bench.ports, policy, null)
    expect(await guard(bench)).toEqual({ generation: 3, backupAt: null })
    expect(bench.alarms).toEqual([])
  })

  test.each<[string, number, number | null, Guard, boolean]>([
    ['the same one is left alone', 3, null, stored, false],
    ['the same one is left alone, whatever is said of a backup', 3, 9, stored, false],
    ['it is raised with the time of the backup', 4, 9, { generation: 4, backupAt: 9 }, false],
    ['it is not raised without it', 4, null, stored, true],
    ['it is never lowered', 2, 9, stored, true],
    ['a lower one is not accepted', 2, null, stored, true],
  ])('%s', async (_says, generation, backupAt, expected, alarmed) => {
    const bench = aBench({ generation })
    await bench.store.putItem('guard', '-', stored, 0)
    await sweep(bench.ports, policy, backupAt)
    expect(await guard(bench)).toEqual(expected)
    expect(bench.alarmed).toEqual(alarmed ? [{ stored: 3, configured: generation }] : [])
  })
})
