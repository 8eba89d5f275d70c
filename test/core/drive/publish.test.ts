import { describe, expect, test } from 'vitest'
import type { MemoryHooks } from '../../../adapters/store/memory.ts'
import { eventIdOf } from '../../../core/splice/ids.ts'
import type { Ports } from '../../../core/ports/ports.ts'
import { publish } from '../../../core/drive/publish.ts'
import type { EventType, Splice } from '../../../core/splice/splice.ts'
import { aSpliceId, NOW } from '../../../harness/values.ts'
import { aBench, type Bench } from '../../../harness/ports/bench.ts'
import { aCandidate } from '../../../harness/records/attempts.ts'
import { aLiveSplice } from '../../../harness/records/splices.ts'

const TYPES: EventType[] = ['splice.accepted', 'splice.submitted', 'splice.pending']

function said(count: number, publishedThrough = 0): Splice {
  const events = TYPES.slice(0, count).map((type, n) => ({ n: n + 1, type, at: NOW + n, epoch: n }))
  return aLiveSplice({ events, eventSerial: count, publishedThrough })
}

async function log(bench: Bench): Promise<string[]> {
  return (await bench.store.eventsAfter('acme', 0, 100)).map((line) => line.id)
}

/** Ports that write down since when the log was searched. */
function searched(bench: Bench): { ports: Ports; since: number[] } {
  const since: number[] = []
  const store: Ports['store'] = {
    ...bench.store,
    appendOnce: async (tenant, event, at) => {
      since.push(at)
      return bench.store.appendOnce(tenant, event, at)
    },
  }
  return { ports: { ...bench.ports, store }, since }
}

const idsOf = (...numbers: number[]): string[] => numbers.map((n) => eventIdOf(aSpliceId(1), n))

describe('what was said is published', () => {
  test('in order, once, with its id, type, time and epoch', async () => {
    const bench = aBench()
    const published = await publish(said(3), 0, bench.ports)
    expect(published.publishedThrough).toBe(3)
    expect(await bench.store.eventsAfter('acme', 0, 100)).toMatchObject(
      TYPES.map((type, n) => ({
        id: eventIdOf(aSpliceId(1), n + 1),
        type,
        spliceId: aSpliceId(1),
        at: NOW + n,
        epoch: n,
      })),
    )
    for (const type of TYPES) expect(bench.counts.get(type)).toBe(1)
  })

  test('with the splice as it was when it happened, not as it is now', async () => {
    const bench = aBench()
    const snapshot = { state: 'submitted', txid: null, feeSats: null, failureCode: null, attentionCode: null } as const
    const events = [{ n: 1, type: 'splice.submitted', at: NOW, epoch: 0, snapshot }] satisfies Splice['events']
    const now = aLiveSplice({ state: 'settled', events, eventSerial: 1, candidates: [aCandidate()] })
    await publish({ ...now, metadata: { order: '42' } }, 1, bench.ports)
    expect((await bench.store.eventsAfter('acme', 0, 1))[0]?.snapshot).toEqual({
      status: 'submitted',
      txid: null,
      feeSats: null,
      failureCode: null,
      attentionCode: null,
      paymentId: now.paymentId,
      node: now.node,
      channel: now.channelId,
      kind: 'splice_out',
      amountSats: 50_000,
      metadata: { order: '42' },
    })
  })

  test('what is published already is left alone, and nothing is searched for or written', async () => {
    const bench = aBench()
    const { ports, since } = searched(bench)
    const splice = said(3, 3)
    expect(await publish(splice, 3, ports)).toBe(splice)
    expect(await log(bench)).toEqual([])
    expect(since).toEqual([])
  })

  test('only the rest is published', async () => {
    const bench = aBench()
    expect((await publish(said(3, 2), 2, bench.ports)).publishedThrough).toBe(3)
    expect(await log(bench)).toEqual(idsOf(3))
  })

  test('what this process said is not searched for', async () => {
    const { ports, since } = searched(aBench())
    await publish(said(2, 1), 1, ports)
    expect(since).toEqual([])
  })
})

describe('what a process that died had said', () => {
  test('is searched for in the log, from before its time, and not appended again', async () => {
    const bench = aBench()
    await publish(said(2), 0, bench.ports)
    // Enough of others behind it, so that the log's own tail does not recognise it any more.
    for (let n = 2; n < 40; n++) await publish({ ...said(1), id: aSpliceId(n) }, 0, bench.ports)
    const { ports, since } = searched(bench)
    const published = await publish(said(3), 2, ports)
    expect(published.publishedThrough).toBe(3)
    expect(since).toEqual([NOW - 10_000, NOW - 10_000])
    const mine = (await log(bench)).filter((id) => idsOf(1, 2, 3).includes(id))
    expect(mine).toEqual(idsOf(1, 2, 3))
  })

  test('is searched for even where it is the last thing that was said', async () => {
    const { ports, since } = searched(aBench())
    await publish(said(2, 1), 2, ports)
    expect(since).toEqual([NOW + 1 - 10_000])
  })

  test('is appended where it is missing', async () => {
    const bench = aBench()
    await publish(said(2), 2, bench.ports)
    expect(await log(bench)).toEqual(idsOf(1, 2))
  })

  test('a death between two events leaves no gap and says nothing twice', async () => {
    let dies = false
    const hooks: MemoryHooks = {
      after: (operation) => {
        if (dies && operation.type === 'put') throw new Error('died')
      },
    }
    const bench = aBench({ hooks })
    dies = true
    await expect(publish(said(2), 0, bench.ports)).rejects.toThrow('died')
    dies = false
    for (let n = 2; n < 40; n++) await publish({ ...said(1), id: aSpliceId(n) }, 0, bench.ports)
    await publish(said(2), 2, bench.ports)
    expect((await log(bench)).filter((id) => idsOf(1, 2).includes(id))).toEqual(idsOf(1, 2))
  })
})
