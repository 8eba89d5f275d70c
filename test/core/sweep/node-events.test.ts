import { describe, expect, test } from 'vitest'
import type { MemoryHooks } from '../../../adapters/store/memory.ts'
import type { NodeState } from '../../../core/ports/records.ts'
import { ok } from '../../../core/values/result.ts'
import { freeLease } from '../../../core/drive/lease.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { handleNodeEvent, type NodeEvent } from '../../../core/sweep/node-events.ts'
import { NodeEventType } from '../../../core/nodes/relay-event.ts'
import { aSpliceId, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../../harness/ports/bench.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aLook } from '../../../harness/looks/node.ts'
import { anAttempt } from '../../../harness/records/attempts.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'

const KEY = 'c'.repeat(64)
const [ME, OTHER] = [aSpliceId(1), aSpliceId(2)]
const started: NodeEvent = { id: 'e1', type: 'process_started', at: NOW - 5 }
const failed: NodeEvent = {
  id: 'e2',
  type: 'splice_negotiation_failed',
  at: NOW,
  channelId: KEY,
  reason: 'CounterpartyAborted',
}

/** A node that was seen, with a splice that holds its channel's lease and one that waits. */
async function bench(
  splice: Partial<Splice> = {},
  seen: Partial<NodeState> = {},
  hooks: MemoryHooks = {},
): Promise<Bench> {
  const made = aBench({ hooks })
  await made.store.putItem('node', 'alice', aNodeSeen(seen), 0)
  await made.store.create(aSubmittedSplice({ attempts: [anAttempt({ startedAt: NOW - 10 })], ...splice }))
  await made.store.putItem('lease', KEY, { ...freeLease, holder: ME, waiting: [OTHER] }, 0)
  return made
}

const take = async (made: Bench, event: NodeEvent, node = 'alice'): Promise<void> =>
  handleNodeEvent(node, event, made.ports, policy)
const over = async (made: Bench): Promise<string | null> => (await made.store.load(ME))?.stopped?.code ?? null
const node = async (made: Bench): Promise<NodeState | null> => (await made.store.item('node', 'alice'))?.value ?? null

test('a relay reports what its node tells of a splice, its channels, its peers and itself', () => {
  expect(NodeEventType.options).toEqual([
    'process_started',
    'splice_negotiated',
    'splice_negotiation_failed',
    'channel_state_changed',
    'peer_connected',
    'peer_disconnected',
  ])
})

describe('a start of the process', () => {
  test('is noted, and what may go on is hinted', async () => {
    const made = await bench()
    await take(made, started)
    expect(await node(made)).toMatchObject({ processStarts: [NOW - 5], relayEvents: ['e1'] })
    expect(made.hints).toEqual([ME, OTHER])
  })

  test('taken twice, it is noted once', async () => {
    const made = await bench()
    await take(made, started)
    await take(made, started)
    expect((await node(made))?.processStarts).toEqual([NOW - 5])
  })

  test('is never noted later than now: the clock of a relay may be ahead', async () => {
    const made = await bench()
    await take(made, { ...started, at: NOW + 60_000 })
    expect((await node(made))?.processStarts).toEqual([NOW])
  })

  test('the last twenty are kept, and the ids of the last two hundred events', async () => {
    const made = await bench({}, { processStarts: many(20), relayEvents: many(200).map(String) })
    await take(made, started)
    const seen = await node(made)
    expect(seen?.processStarts).toEqual([...many(20).slice(1), NOW - 5])
    expect(seen?.relayEvents).toEqual([...many(200).slice(1).map(String), 'e1'])
  })

  test('a failure is no start', async () => {
    const made = await bench()
    await take(made, { id: 'e3', type: 'splice_negotiation_failed', at: NOW })
    expect(await node(made)).toMatchObject({ processStarts: [], relayEvents: ['e3'] })
  })

  test.each(['splice_negotiated', 'channel_state_changed', 'peer_connected', 'peer_disconnected'] as const)(
    '%s says only that it is time to look: it is written nowhere',
    async (type) => {
      const made = await bench()
      const before = await made.store.item('node', 'alice')
      await take(made, { id: 'e3', type, at: NOW, channelId: KEY })
      expect(await made.store.item('node', 'alice')).toEqual(before)
      expect(made.hints).toEqual([ME, OTHER])
    },
  )
})

describe('a failure that the node reports', () => {
  test.each<[string, Partial<NodeEvent>, Partial<Splice>, string | null]>([
    ['of the attempt that is alive', {}, {}, 'CounterpartyAborted'],
    ['from before the attempt started', { at: NOW - 10 }, {}, null],
    ['without a reason', { reason: undefined }, {}, null],
    ['of no channel', { channelId: undefined }, {}, null],
    ['of another channel', { channelId: 'd'.repeat(64) }, {}, null],
    ['of another node', {}, { node: 'carol' }, null],
    ['of another type', { type: 'channel_state_changed' }, {}, null],
  ])('%s', async (_says, event, splice, expected) => {
    const made = await bench(splice)
    await take(made, { ...failed, ...event })
    expect(await over(made)).toBe(expected)
    expect((await made.store.load(ME))?.state, 'a wake-up moves nothing').toBe('submitted')
  })

  test('taken twice, the second one changes nothing', async () => {
    const made = await bench()
    await take(made, failed)
    const version = (await made.store.load(ME))?.version
    await take(made, failed)
    expect((await made.store.load(ME))?.version).toBe(version)
    expect((await made.store.load(ME))?.timeline.filter((line) => line.count > 1)).toEqual([])
  })

  test('a crash before it was noted has it taken again, to the same end', async () => {
    let dies = true
    const made = await bench(
      {},
      {},
      {
        before: (operation) => {
          if (dies && operation.type === 'put' && operation.row.pk === 'NODE#alice' && operation.condition !== 'absent')
            throw new Error('died')
          return null
        },
      },
    )
    await expect(take(made, failed)).rejects.toThrow('died')
    expect(await over(made)).toBe('CounterpartyAborted')
    dies = false
    await take(made, failed)
    expect((await node(made))?.relayEvents).toEqual(['e2'])
    expect(await over(made)).toBe('CounterpartyAborted')
  })

  test('by a relay whose clock is ahead says nothing about an attempt that starts later', async () => {
    const made = await bench({ attempts: [anAttempt({ startedAt: NOW })] })
    await take(made, { ...failed, at: NOW + 60_000 })
    expect(await over(made)).toBeNull()
  })

  test('nobody holds the lease: it is only noted', async () => {
    const made = aBench()
    await made.store.putItem('node', 'alice', aNodeSeen(), 0)
    await take(made, failed)
    expect((await node(made))?.relayEvents).toEqual(['e2'])
    expect(made.hints).toEqual([])
  })

  test('on a node that picks the channel itself its own lease is asked', async () => {
    const made = await bench()
    const seen = await made.store.item('node', 'alice')
    if (seen === null) throw new Error('the node was not seen')
    await made.store.putItem(
      'node',
      'alice',
      { ...seen.value, capabilities: { ...seen.value.capabilities, leaseScope: 'node' } },
      seen.version,
    )
    await made.store.putItem('lease', seen.value.nodeId, { ...freeLease, waiting: [aSpliceId(3)] }, 0)
    await take(made, failed)
    expect(made.hints).toEqual([aSpliceId(3)])
  })
})

describe('a splice that waits outside the line of its lease', () => {
  const WAITING = aSpliceId(4)
  const returned: NodeEvent = { id: 'e4', type: 'peer_connected', at: NOW, channelId: KEY }

  /** A node of two tenants; one splice is queued on the channel, in nobody's line. */
  async function queued(over: Partial<Splice> = {}): Promise<Bench> {
    const made = aBench({ nodes: [aConfiguredNode({ tenants: ['acme', 'other'] })] })
    await made.store.putItem('node', 'alice', aNodeSeen(), 0)
    await made.store.create(aSubmittedSplice({ id: WAITING, state: 'queued', attempts: [], ...over }))
    return made
  }

  test('is woken by an event of its channel, and by one of its whole node', async () => {
    const made = await queued()
    await take(made, returned)
    await take(made, { ...started, id: 'e5' })
    expect(made.hints).toEqual([WAITING, WAITING])
  })

  test('is woken by a start of the node while another channel of it is taken', async () => {
    const made = await queued()
    const { version = 0, value } = (await made.store.item('node', 'alice')) ?? {}
    if (value === undefined) throw new Error('no node')
    await made.store.putItem('node', 'alice', { ...value, channelIds: [KEY, 'd'.repeat(64)] }, version)
    await made.store.putItem('lease', 'd'.repeat(64), { ...freeLease, holder: ME }, 0)
    await take(made, { ...started, id: 'e6' })
    expect(made.hints.toSorted()).toEqual([ME, WAITING].toSorted())
  })

  test('is left to the sweep while another one has the lease: it could only enlist', async () => {
    const made = await queued()
    await made.store.putItem('lease', KEY, { ...freeLease, holder: ME }, 0)
    await take(made, returned)
    expect(made.hints).toEqual([ME])
  })

  test.each<[string, Partial<Splice>]>([
    ['of another channel', { channelId: 'd'.repeat(64) }],
    ['of another node', { node: 'carol' }],
    ['of a tenant that may not use the node', { tenant: 'stranger' }],
    ['that is under way', { state: 'submitted' }],
  ])('one %s is not', async (_, over) => {
    const made = await queued(over)
    await take(made, returned)
    expect(made.hints).toEqual([])
  })

  test('and stands in the line as well is woken once', async () => {
    const made = await queued()
    await made.store.putItem('lease', KEY, { ...freeLease, waiting: [WAITING] }, 0)
    await take(made, returned)
    expect(made.hints).toEqual([WAITING])
  })
})

describe('the only splice that a sign may move', () => {
  const LOCKED: NodeEvent = { id: 'e7', type: 'channel_state_changed', at: NOW, channelId: KEY }

  /** A splice with the lease, nobody behind it, and a node that says how often it was looked at. */
  async function alone(hooks: MemoryHooks = {}) {
    let looks = 0
    const look = async () => {
      looks += 1
      return ok(aLook())
    }
    const nodes = [aConfiguredNode({ port: { ...fakeNode(() => ok(aLook())), look } })]
    const made = aBench({ hooks, nodes })
    await made.store.putItem('node', 'alice', aNodeSeen(), 0)
    await made.store.create(aSubmittedSplice({ attempts: [anAttempt({ startedAt: NOW - 10 })] }))
    await made.store.putItem('lease', KEY, { ...freeLease, holder: ME }, 0)
    return { made, looks: () => looks }
  }

  test.each(['channel_state_changed', 'splice_negotiated'] as const)('is looked at at once: %s', async (type) => {
    const { made, looks } = await alone()
    await take(made, { ...LOCKED, type })
    expect(looks()).toBe(1)
    expect(made.counts.get('wake.failed')).toBeUndefined()
  })

  test.each(['peer_connected', 'peer_disconnected', 'process_started'] as const)(
    'is left to a worker, which may send something: %s',
    async (type) => {
      const { made, looks } = await alone()
      await take(made, { ...LOCKED, type })
      expect(looks()).toBe(0)
      expect(made.hints).toEqual([ME])
    },
  )

  test('is hinted where the look fails', async () => {
    let fails = false
    const { made } = await alone({
      before: (operation) =>
        fails && operation.type === 'get' && operation.key.pk.startsWith('SPL#') ? 'throttle' : null,
    })
    fails = true
    await take(made, LOCKED)
    expect(made.hints).toEqual([ME])
    expect(made.counts.get('wake.failed')).toBe(1)
  })

  test('and sends nothing: what has to be sent is hinted', async () => {
    const nodes = [aConfiguredNode()]
    const made = aBench({ nodes })
    await made.store.putItem('node', 'alice', aNodeSeen(), 0)
    await made.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
    await made.store.create(aLiveSplice())
    await made.store.putItem('lease', KEY, { ...freeLease, holder: ME }, 0)
    await take(made, LOCKED)
    expect((await made.store.load(ME))?.attempts).toEqual([])
    expect(made.hints).toEqual([ME])
  })
})

describe('an event that cannot be noted is not lost', () => {
  test('of a node that was not seen yet', async () => {
    const made = aBench()
    await expect(take(made, started)).rejects.toThrow('not been seen')
  })

  test('of a node that everybody writes', async () => {
    let contended = false
    const made = await bench(
      {},
      {},
      {
        before: (operation) => (contended && operation.type === 'put' ? 'lost_race' : null),
      },
    )
    contended = true
    await expect(take(made, started)).rejects.toThrow('contended')
  })

  test('one race is lost, and it is noted all the same', async () => {
    let races = 0
    const made = await bench(
      {},
      {},
      {
        before: (operation) =>
          operation.type === 'put' && operation.condition !== 'absent' && (races += 1) === 1 ? 'lost_race' : null,
      },
    )
    await take(made, started)
    expect((await node(made))?.processStarts).toEqual([NOW - 5])
  })
})

function many(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1)
}
