import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import { abortUnsigned } from '../../../core/drive/abort-unsigned.ts'
import type { ChannelLease } from '../../../core/ports/records.ts'
import type { NodeFault } from '../../../core/ports/node.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import type { AbortRequest, ConfiguredNode, NodePort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { freeLease } from '../../../core/drive/lease.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aSpliceId, aTxid, FUNDING, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode } from '../../../harness/ports/bench.ts'
import { aChannel } from '../../../harness/looks/node.ts'
import { anAttempt } from '../../../harness/records/attempts.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { queueOf } from '../../../harness/records/queue.ts'

const [ME, OTHER] = [aSpliceId(1), aSpliceId(2)]
const KEY = aSubmittedSplice().channelId
const GHOST = aTxid('7')

type Given = {
  readonly splice?: Partial<Splice>
  readonly observation?: Partial<Observation>
  readonly lease?: Partial<ChannelLease>
  readonly node?: Partial<ConfiguredNode>
  /** What the node answers. */
  readonly answer?: Result<void, NodeFault>
  readonly hooks?: MemoryHooks
}

/** A splice that left a ghost on its channel, and a node that clears. */
async function aScene({ splice: more = {}, observation = {}, lease, node = {}, answer, hooks }: Given = {}) {
  const asked: AbortRequest[] = []
  /** What stood in the table when the node was asked. */
  const stood: { readonly cleared: Splice['aborted']; readonly holder: string | null }[] = []
  const port: NodePort = {
    ...fakeNode(() => err({ class: 'unreachable', message: 'nobody looks' })),
    abortUnsigned: async (request) => {
      asked.push(request)
      const holder = (await bench.store.item('lease', KEY))?.value.holder ?? null
      stood.push({ cleared: (await bench.store.load(ME))?.aborted ?? null, holder })
      return answer ?? ok(undefined)
    },
  }
  const bench = aBench({
    nodes: [aConfiguredNode({ port, ...node })],
    ...(hooks === undefined ? {} : { hooks }),
  })
  const attempt = anAttempt({ steps: [{ name: 'splice_update_secured', at: NOW - 400_000, txid: GHOST }] })
  const { splice } = await bench.store.create(aSubmittedSplice({ attempts: [attempt], ...more }))
  await bench.store.create(aSubmittedSplice({ id: OTHER }))
  if (lease !== undefined) await bench.store.putItem('lease', KEY, { ...freeLease, ...lease }, 0)
  const channel = aChannel({ candidates: [{ txid: GHOST, signed: false }] })
  const seen = anObservation({ channel, ...observation })
  return { asked, stood, bench, splice, seen, clear: () => abortUnsigned(splice, seen, bench.ports, policy) }
}

const isSave = (operation: Operation): boolean =>
  operation.type === 'put' && JSON.stringify(operation.row.body).includes('"aborted":{')

describe('the node is asked to clear what is left of a splice', () => {
  test('once the lease is taken and the record says so, with no more than what was certainly never signed', async () => {
    const { asked, stood, bench, clear } = await aScene()
    expect(await clear()).toBe('idle')
    expect(asked).toEqual([{ channelId: KEY, submittedOn: FUNDING, txids: [GHOST] }])
    expect(stood).toEqual([{ cleared: { count: 1, at: NOW }, holder: ME }])
    expect([...bench.counts]).toEqual([['abort_unsigned.done', 1]])
  })

  test('with no transaction, where only the channel is stuck', async () => {
    const channel = aChannel({ candidates: [] })
    const { asked, clear } = await aScene({ observation: { channel } })
    await clear()
    expect(asked).toEqual([{ channelId: KEY, submittedOn: FUNDING, txids: [] }])
  })

  test('and each time is counted in the record', async () => {
    const { stood, clear } = await aScene({ splice: { aborted: { count: 2, at: NOW - 400_000 } } })
    await clear()
    expect(stood).toMatchObject([{ cleared: { count: 3, at: NOW } }])
  })

  test('as long as what was seen is no older than a submission may be', async () => {
    const { asked, clear } = await aScene({ observation: { at: NOW - policy.sendWithinMs } })
    await clear()
    expect(asked).toHaveLength(1)
  })
})

test('what the node could not clear is counted as left, and stands in the record as asked for', async () => {
  const { bench, clear } = await aScene({ answer: err({ class: 'unreachable', message: 'hung up' }) })
  expect(await clear()).toBe('idle')
  expect([...bench.counts]).toEqual([['abort_unsigned.failed', 1]])
  expect((await bench.store.load(ME))?.aborted?.count).toBe(1)
})

describe('nothing is asked for, and nothing is journalled,', () => {
  const unable = fakeNode(() => err({ class: 'unreachable', message: 'nobody looks' }))
  const before: readonly (readonly [string, Given])[] = [
    ['where the node has nothing to clear with', { node: { port: unable } }],
    ['where the node is configured no longer', { node: { name: 'carol' } }],
    ['where the channel is gone', { observation: { channel: null } }],
    ['where nothing was ever submitted', { splice: { submittedOn: null } }],
    ['out of a table that was restored', { observation: { generation: { configured: 1, stored: 0 } } }],
    ['out of a table that nobody guards', { observation: { generation: { configured: 0, stored: null } } }],
  ]
  test.each(before)('%s; nor is the lease taken', async (_says, given) => {
    const { asked, bench, splice, clear } = await aScene(given)
    expect(await clear()).toBe('idle')
    expect(asked).toEqual([])
    expect(await bench.store.load(ME)).toEqual(splice)
    expect(await bench.store.item('lease', KEY)).toBeNull()
  })

  const after: readonly (readonly [string, Given])[] = [
    ['while another splice has the channel', { lease: { holder: OTHER } }],
    ['while another splice is first in line', { lease: { queue: queueOf(OTHER) } }],
    ['while the channel is frozen', { lease: { holder: ME, frozen: { cause: 'x', at: 1, note: 'x' } } }],
    ['once what was seen is old', { observation: { at: NOW - policy.sendWithinMs - 1 } }],
  ]
  test.each(after)('%s', async (_says, given) => {
    const { asked, bench, splice, clear } = await aScene(given)
    expect(await clear()).toBe('idle')
    expect(asked).toEqual([])
    expect(await bench.store.load(ME)).toEqual(splice)
    expect([...bench.counts]).toEqual([])
  })

  test('when taking the lease took so long that what was seen is old by now', async () => {
    const { asked, bench, splice, clear } = await aScene({
      hooks: {
        after: (operation) => {
          if (operation.type === 'put' && operation.row.pk.startsWith('LEASE#'))
            bench.now = NOW + policy.sendWithinMs + 1
        },
      },
    })
    expect(await clear()).toBe('idle')
    expect(asked).toEqual([])
    expect(await bench.store.load(ME)).toEqual(splice)
  })
})

describe('without its line in the journal the node is not asked', () => {
  test('because somebody else wrote the record since it was read', async () => {
    const { asked, bench, splice, clear } = await aScene()
    await bench.store.save({ ...splice, cancelRequestedAt: NOW })
    expect(await clear()).toBe('busy')
    expect(asked).toEqual([])
    expect([...bench.counts]).toEqual([])
  })

  test.each(['throttle', 'no_response'] as const)('because the write failed: %s', async (fault) => {
    const { asked, clear } = await aScene({
      hooks: { before: (operation) => (isSave(operation) ? fault : null) },
    })
    await expect(clear()).rejects.toThrow(fault)
    expect(asked).toEqual([])
  })

  test('but a lost answer to a write that was ours is no reason not to ask', async () => {
    const { asked, clear } = await aScene({
      hooks: { before: (operation) => (isSave(operation) ? 'lost_response' : null) },
    })
    await clear()
    expect(asked).toHaveLength(1)
  })
})
