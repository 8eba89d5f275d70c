import { describe, expect, test } from 'vitest'
import { decide } from '../../../core/decision/decide.ts'
import { drive } from '../../../core/drive/drive.ts'
import type { ChannelSnapshot, NodeLook } from '../../../core/ports/node.ts'
import type { AbortRequest, NodePort } from '../../../core/ports/ports.ts'
import { ok } from '../../../core/values/result.ts'
import { freeLease } from '../../../core/drive/lease.ts'
import type { Attempt, Splice } from '../../../core/splice/splice.ts'
import { aTxid, FUNDING, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode } from '../../../harness/ports/bench.ts'
import { aChannel, aLook, capabilities } from '../../../harness/looks/node.ts'
import { aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aHeldLease, aNodeSeen } from '../../../harness/records/states.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aVerdict } from '../../../harness/verdicts.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const GHOST = aTxid('7')
const cln = capabilities({
  software: 'core-lightning',
  reportsCandidates: true,
  checksFunding: true,
  queuesOffline: false,
  nonExecutionProofs: ['no_return_not_reached', 'disconnected_since'],
})
const announced: Partial<Attempt> = {
  result: { type: 'unknown', message: '', at: NOW - 400_000 },
  fenceAt: NOW - 300_000,
  steps: [{ name: 'splice_update_secured', at: NOW - 400_000, txid: GHOST }],
}
const busy: Partial<Attempt> = {
  result: { type: 'refused', class: 'in_flight', code: 355, message: 'busy', at: NOW - 300_000 },
  notExecuted: { proof: 'refused', at: NOW - 300_000 },
  count: 2,
}
const haunted = (more: Partial<ChannelSnapshot> = {}) =>
  aChannel({ candidates: [{ txid: GHOST, signed: false }], ...more })

type Given = {
  readonly attempt?: Partial<Attempt>
  readonly splice?: Partial<Splice>
  readonly channel?: ChannelSnapshot | null
  readonly lease?: ReturnType<typeof aHeldLease> | null
  readonly verdict?: Parameters<typeof aVerdict>[0]
  readonly node?: Partial<NodeLook>
}
function decided({
  attempt = announced,
  splice,
  channel = haunted(),
  lease = aHeldLease(),
  verdict,
  node,
}: Given = {}) {
  const record = aSubmittedSplice({ attempts: [anAttempt(attempt)], ...splice })
  const channels = channel === null ? [] : [channel]
  const observation = anObservation({
    node: aLook({ capabilities: cln, channels, ...node }),
    channel,
    lease: lease,
  })
  return decide(record, aVerdict({ isBusy: true, ...verdict }), observation, NOW, policy)
}
const wedged: Given = { attempt: busy, splice: { state: 'queued' }, channel: aChannel({ candidates: [] }) }

describe('a ghost is cleared', () => {
  test('when fence and quiet have passed and it was certainly never signed', () => {
    expect(decided()).toMatchObject({ rule: 'abort_unsigned', act: 'abort', event: null })
  })

  test.each<[string, Given]>([
    ['its fence', { attempt: { ...announced, fenceAt: NOW - policy.quietMs } }],
    ['the last clearing', { splice: { aborted: { count: 1, at: NOW - policy.quietMs } } }],
  ])('as soon as the quiet period since %s has passed', (_says, given) => {
    expect(decided(given).rule).toBe('abort_unsigned')
  })

  test('when its signatures were about to be sent, and that was refused', () => {
    const result = { type: 'refused', class: 'config', message: '', at: NOW - 400_000 } as const
    const steps = [{ name: 'splice_signed', at: NOW - 400_000, txid: GHOST }]
    const notExecuted = { proof: 'refused', at: NOW - 400_000 } as const
    expect(
      decided({ attempt: { ...announced, steps, result, notExecuted }, splice: { state: 'queued' } }),
    ).toMatchObject({
      rule: 'abort_unsigned',
      act: 'abort',
    })
  })

  test.each<[string, Given]>([
    ['it is signed', { channel: haunted({ candidates: [{ txid: GHOST, signed: true }] }) }],
    [
      'its signatures were about to be sent',
      { attempt: { ...announced, steps: [{ name: 'splice_signed', at: 1, txid: GHOST }] } },
    ],
    ['it is not ours', { attempt: { ...announced, steps: [] } }],
    [
      'another one beside it is not ours',
      {
        channel: haunted({
          candidates: [
            { txid: GHOST, signed: false },
            { txid: aTxid('8'), signed: false },
          ],
        }),
      },
    ],
    ['the fence has not passed', { attempt: { ...announced, fenceAt: NOW + 1 } }],
    ['the fence passed just now', { attempt: { ...announced, fenceAt: NOW - 179_999 } }],
    ['nobody knows whether its request is still open at the node', { attempt: { ...announced, fenceAt: null } }],
    ['the node is still catching up with the chain', { node: { synced: false } }],
    ['the node does not list the channel', { channel: null }],
    ['the node names no funding', { channel: haunted({ funding: null }), splice: { submittedOn: null } }],
    ['the peer is away', { channel: haunted({ peerConnected: false }) }],
    ['the channel is not ready', { channel: haunted({ ready: false }) }],
    ['the channel has moved', { channel: haunted({ funding: `${aTxid('9')}:0` }) }],
    ['another splice has the lease', { lease: aHeldLease({ holder: 'another' }) }],
    ['the channel is frozen', { lease: aHeldLease({ frozen: { cause: 'x', at: 1, note: 'x' } }) }],
    ['it was cleared a moment ago', { splice: { aborted: { count: 1, at: NOW - 179_999 } } }],
    ['it was cleared four times', { splice: { aborted: { count: 4, at: NOW - 400_000 } } }],
    ['the chain shows something', { verdict: { name: 'unattributed' } }],
    ['the chain is not known', { verdict: { name: 'not_known' } }],
  ])('but not when %s', (_says, given) => {
    expect(decided(given).act).toBeNull()
  })
})

describe('a wedge is cleared', () => {
  test.each([
    ['busy', 355],
    ['that a negotiation is open already', 358],
  ])('after the node said %s twice, with nothing in flight', (_says, code) => {
    const result = { type: 'refused', class: 'in_flight', code, message: '', at: NOW - 300_000 } as const
    expect(decided({ ...wedged, attempt: { ...busy, result } })).toMatchObject({
      rule: 'abort_unsigned',
      act: 'abort',
    })
  })

  test.each<[string, Splice['state'], Attempt]>([
    ['is dead', 'queued', aNotExecutedAttempt()],
    ['was never answered', 'submitted', anAttempt({ result: null, fenceAt: NOW - 400_000 })],
  ])('whatever became of another attempt: one that %s', (_says, state, other) => {
    const attempts = [other, anAttempt({ number: 2, ...busy })]
    expect(decided({ ...wedged, splice: { state, attempts } })).toMatchObject({
      rule: 'abort_unsigned',
      act: 'abort',
    })
  })

  test.each<[string, Given]>([
    ['it said so once', { attempt: { ...busy, count: 1 } }],
    [
      'it said something else',
      {
        attempt: {
          ...busy,
          result: { type: 'refused', class: 'in_flight', code: 351, message: '', at: NOW - 300_000 },
        },
      },
    ],
    [
      'it said that no negotiation is open',
      {
        attempt: {
          ...busy,
          result: { type: 'refused', class: 'not_now', code: 358, message: '', at: NOW - 300_000 },
        },
      },
    ],
    ['it was cleared since', { splice: { state: 'queued', aborted: { count: 1, at: NOW - 200_000 } } }],
    [
      'it was cleared in the moment it said so',
      { splice: { state: 'queued', aborted: { count: 1, at: NOW - 300_000 } } },
    ],
    ['a negotiation is reported', { channel: aChannel({ candidates: [], negotiation: 'active' }) }],
    ['the node reports no candidates at all', { channel: aChannel({ candidates: null }) }],
  ])('but not when %s', (_says, given) => {
    expect(decided({ ...wedged, ...given }).rule).not.toBe('abort_unsigned')
  })
})

describe('clearing', () => {
  async function driven(holder: string | null = null) {
    const asked: AbortRequest[] = []
    const cleared: number[] = []
    const channel = haunted()
    const port: NodePort = {
      ...fakeNode(() => ok(aLook({ capabilities: cln, channels: [channel] }))),
      abortUnsigned: async (request) => {
        asked.push(request)
        cleared.push((await bench.store.load(splice.id))?.aborted?.count ?? 0)
        return ok(undefined)
      },
    }
    const bench = aBench({ nodes: [aConfiguredNode({ port, chain: new FakeChain() })] })
    const { splice } = await bench.store.create(aSubmittedSplice({ attempts: [anAttempt(announced)] }))
    await bench.store.putItem('node', 'alice', aNodeSeen(), 0)
    await bench.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
    if (holder !== null) {
      await bench.store.create(aSubmittedSplice({ id: holder, attempts: [anAttempt()] }))
      await bench.store.putItem('lease', splice.channelId, { ...freeLease, holder }, 0)
    }
    await drive(splice.id, bench.ports, { policy, mayAct: true, shared: null })
    return { asked, cleared, bench }
  }

  test('is journalled, and then asked for with what is known to be unsigned', async () => {
    const { asked, cleared, bench } = await driven()
    expect(asked).toEqual([{ channelId: 'c'.repeat(64), submittedOn: FUNDING, txids: [GHOST] }])
    expect(cleared).toEqual([1])
    expect(bench.counts.get('abort_unsigned.done')).toBe(1)
  })

  test('is not asked for while another splice has the channel', async () => {
    expect((await driven('spl_another')).asked).toEqual([])
  })
})
