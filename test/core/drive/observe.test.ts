import { describe, expect, test } from 'vitest'
import type { SpendHint } from '../../../core/ports/chain.ts'
import { channelKey, type ChannelLease } from '../../../core/ports/records.ts'
import type { NodeLook } from '../../../core/ports/node.ts'
import type { ChainView, Observation } from '../../../core/decision/observation.ts'
import { observe, leaseKeyOf } from '../../../core/drive/observe.ts'
import type { ConfiguredNode, NodePort } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { aPaymentId, aSpliceId, aTxid, NOW, TIP } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, aSharedView, type Bench } from '../../../harness/ports/bench.ts'
import { aCandidate, anAttempt } from '../../../harness/records/attempts.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { aChannelSeen, aNodeSeen } from '../../../harness/records/states.ts'
import { aTransaction, fundingOf, FUNDING_WITNESS, onChain, P2WPKH, P2WSH } from '../../../harness/transactions.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const OPEN = aTransaction({
  inputs: [{ outpoint: `${aTxid('1')}:0`, witness: FUNDING_WITNESS }],
  outputs: [{ script: P2WSH, amountSats: 1_000_000 }],
})
const FUNDING = fundingOf(OPEN)
const SCRIPT = aSplice().script ?? ''
type Output = { readonly script: string; readonly amountSats: number }

/** A transaction that spends the funding, and pays these outputs. */
function spending(outputs: readonly Output[], close = false) {
  const input = { outpoint: FUNDING, witness: FUNDING_WITNESS }
  return close
    ? aTransaction({ inputs: [{ ...input, sequence: 0x80_00_00_01 }], outputs, locktime: 0x20_00_00_01 })
    : aTransaction({ inputs: [input], outputs })
}

const change: Output = { script: P2WSH, amountSats: 949_000 }
const payout: Output = { script: SCRIPT, amountSats: 50_000 }
const PAID = spending([change, payout])

function aWatched(overrides: Partial<Splice> = {}): Splice {
  return aSplice({
    state: 'submitted',
    fundingHistory: [FUNDING],
    submittedOn: FUNDING,
    attempts: [anAttempt({ submittedOn: FUNDING })],
    ...overrides,
  })
}

type Given = {
  readonly chain?: FakeChain
  readonly node?: Partial<ConfiguredNode>
  readonly look?: NodeLook
  readonly port?: Partial<NodePort>
  readonly generation?: number
  readonly before?: (bench: Bench) => Promise<unknown>
}

async function observed(splice: Splice, given: Given = {}): Promise<Observation> {
  const look = given.look ?? aLook({ channels: [aChannel({ funding: FUNDING })] })
  const bench = aBench({
    nodes: [
      aConfiguredNode({
        port: { ...fakeNode(() => ok(look)), ...given.port },
        chain: given.chain ?? new FakeChain([onChain(OPEN, 100)]),
        ...given.node,
      }),
    ],
    generation: given.generation ?? 0,
  })
  await given.before?.(bench)
  return observe(splice, bench.ports, null)
}

async function chainOf(splice: Splice, given: Given = {}): Promise<ChainView> {
  const { chain } = await observed(splice, given)
  if (chain === null) throw new Error('the chain was not looked at')
  return chain
}

/** What the spender of the funding is to a splice. */
async function effect(splice: Splice, tx = PAID, given: Given = {}): Promise<string | undefined> {
  const chain = new FakeChain([onChain(OPEN, 100), onChain(tx, 190)])
  return (await chainOf(splice, { chain, ...given })).fundingSpends[0]?.spender?.effect
}

describe('a look gathers the node first and the chain last', () => {
  test('the tip is asked for at the very end: depths come out too small, never too great', async () => {
    const calls: string[] = []
    const chain = new FakeChain([onChain(OPEN, 100)])
    await observed(aWatched(), {
      chain,
      port: {
        look: async () => {
          calls.push(`node after ${chain.calls.length} calls to the chain`)
          return ok(aLook({ channels: [aChannel({ funding: FUNDING })] }))
        },
      },
    })
    expect(calls).toEqual(['node after 0 calls to the chain'])
    expect(chain.calls).toEqual([`spend ${FUNDING}`, 'fee', 'tip'])
  })

  test('everything that is known comes with it', async () => {
    const lease: ChannelLease = { holder: 'x', queue: [], frozen: null }
    const splice = aWatched({ candidates: [aCandidate()] })
    const followed = { height: 5, hash: aTxid('e'), seenAt: 1, hashes: [aTxid('e')], orphans: [] }
    const seen = await observed(splice, {
      generation: 4,
      node: { quietAbsenceMs: 7 },
      before: async ({ store }) => {
        await store.putItem('node', 'alice', aNodeSeen({ processStarts: [5] }), 0)
        await store.putItem('channel', channelKey('alice', splice.channelId), aChannelSeen(), 0)
        await store.putItem('lease', splice.channelId, lease, 0)
        await store.putItem('guard', '-', { generation: 3, backupAt: null }, 0)
        await store.putItem('chain', splice.network, followed, 0)
      },
    })
    expect(seen).toMatchObject({
      followed,
      at: NOW,
      node: { nodeId: splice.nodeId },
      channel: { funding: FUNDING },
      nodeState: { processStarts: [5] },
      channelState: { node: 'alice' },
      quietAbsenceMs: 7,
      lease: { value: lease },
      generation: { configured: 4, stored: 3 },
      chain: { tip: { height: TIP }, reachedFunding: true, earlierEffect: null, feeRateSatPerKw: 1_000 },
    })
  })

  test('how sweeps follow the chain is asked only where a candidate was seen', async () => {
    const followed = { height: 5, hash: aTxid('e'), seenAt: 1, hashes: [aTxid('e')], orphans: [] }
    const before = async ({ store }: Bench) => store.putItem('chain', aWatched().network, followed, 0)
    expect((await observed(aWatched(), { before })).followed).toBeNull()
    expect((await observed(aWatched({ candidates: [aCandidate()] }), { before })).followed).toEqual(followed)
  })

  test('what is not known is null, never made up', async () => {
    const fault = { class: 'unreachable', message: '' } as const
    const seen = await observed(aWatched(), { port: { look: async () => err(fault) } })
    expect(seen).toMatchObject({
      node: null,
      channel: null,
      nodeState: null,
      channelState: null,
      quietAbsenceMs: null,
      lease: null,
      generation: { configured: 0, stored: null },
    })
  })

  test('a node that is not configured any more leaves node and chain unknown', async () => {
    const bench = aBench()
    expect(await observe(aWatched(), bench.ports, null)).toMatchObject({
      node: null,
      chain: null,
      quietAbsenceMs: null,
    })
  })

  test('a look that a sweep shares is not taken again', async () => {
    const port = fakeNode(() => {
      throw new Error('asked again')
    })
    const bench = aBench({ nodes: [aConfiguredNode({ port })] })
    const shared = await observe(aWatched(), bench.ports, aSharedView({ look: ok(aLook({ version: 'shared' })) }))
    expect(shared.node?.version).toBe('shared')
  })

  test('only the channel of the splice is looked at', async () => {
    const other = aChannel({ channelId: 'd'.repeat(64) })
    const mine = aChannel({ funding: FUNDING })
    expect((await observed(aWatched(), { look: aLook({ channels: [other, mine] }) })).channel).toEqual(mine)
    expect((await observed(aWatched(), { look: aLook({ channels: [other] }) })).channel).toBeNull()
  })

  test('the funding that another node names leads nowhere', async () => {
    const elsewhere = `${aTxid('9')}:0`
    const channels = [aChannel({ funding: elsewhere })]
    expect((await chainOf(aWatched(), { look: aLook({ channels }) })).reachedFunding).toBe(false)
    const stranger = aLook({ channels, nodeId: `02${'9'.repeat(64)}` })
    expect((await chainOf(aWatched(), { look: stranger })).reachedFunding).toBe(true)
  })
})

describe('a chain source that fails', () => {
  test.each(['spend', 'tip'])('at %s leaves everything unknown', async (call) => {
    const chain = new FakeChain([onChain(OPEN, 100)])
    chain.fails = (asked) => asked.startsWith(call)
    expect((await observed(aWatched(), { chain })).chain).toBeNull()
  })

  test('to estimate a feerate leaves only that unknown', async () => {
    const chain = new FakeChain([onChain(OPEN, 100)])
    chain.fails = (asked) => asked === 'fee'
    expect((await chainOf(aWatched(), { chain })).feeRateSatPerKw).toBeNull()
  })

  test('of one that has ended no feerate is asked', async () => {
    const chain = new FakeChain([onChain(OPEN, 100)])
    expect((await chainOf(aWatched({ state: 'failed' }), { chain })).feeRateSatPerKw).toBeNull()
    expect(chain.calls).not.toContain('fee')
  })
})

describe('a splice-out is known by its output', () => {
  test.each<[string, readonly Output[], string]>([
    ['our script and amount, and the channel funded anew', [change, payout], 'ours'],
    ['a satoshi more', [change, { ...payout, amountSats: 50_001 }], 'none'],
    ['another script', [change, { ...payout, script: P2WPKH }], 'none'],
    ['nothing that funds the channel: a close that pays the same', [payout], 'none'],
  ])('%s', async (_says, outputs, expected) => {
    expect(await effect(aWatched(), spending(outputs))).toBe(expected)
  })

  test('a force-close is none, whatever it pays', async () => {
    expect(await effect(aWatched(), spending([change, payout], true))).toBe('none')
  })

  test('where the node gave no address yet, nothing is ours', async () => {
    expect(await effect(aWatched({ script: null }))).toBe('none')
  })

  test('to a script that could fund a channel, another output has to', async () => {
    const splice = aWatched({ script: P2WSH })
    const mine = { script: P2WSH, amountSats: 50_000 }
    expect(await effect(splice, spending([mine]))).toBe('none')
    expect(await effect(splice, spending([mine, change]))).toBe('ours')
    expect(await effect(splice, spending([mine, { ...change, script: `0020${'cd'.repeat(32)}` }]))).toBe('ours')
    const same = { script: `0020${'cd'.repeat(32)}`, amountSats: 50_000 }
    expect(await effect(splice, spending([mine, same]))).toBe('ours')
  })
})

describe('a transaction belongs to one splice: its pointer, written before the candidate, tells', () => {
  const pointed = (paymentId: string, foreign = false): Given => ({
    before: ({ store }) => store.putItem('tx', PAID.txid, foreign ? { paymentId, foreign } : { paymentId }, 0),
  })
  const splice = aWatched()

  test('to this splice: it is ours, and no other sign is asked for', async () => {
    expect(await effect(aWatched({ script: '00' }), PAID, pointed(splice.paymentId))).toBe('ours')
  })

  test('to another splice: it is not', async () => {
    expect(await effect(splice, PAID, pointed(aPaymentId(2)))).toBe('none')
  })

  test('to a foreign payment: the transaction itself tells', async () => {
    expect(await effect(splice, PAID, pointed('f'.repeat(64), true))).toBe('ours')
  })

  test('what no pointer leads from, and is not ours, the ledger does not know', async () => {
    const rival = spending([change])
    const chain = () => new FakeChain([onChain(OPEN, 100), onChain(rival, 190)])
    const known = {
      before: ({ store }: Bench) => store.putItem('tx', rival.txid, { paymentId: 'x', foreign: true }, 0),
    }
    expect((await chainOf(splice, { chain: chain() })).unrecorded).toEqual([rival.txid])
    expect((await chainOf(splice, { chain: chain(), ...known })).unrecorded).toEqual([])
    const ours = new FakeChain([onChain(OPEN, 100), onChain(PAID, 190)])
    expect((await chainOf(splice, { chain: ours })).unrecorded).toEqual([])
  })
})

describe('an ended splice under watch leaves the same effect to the holder of the lease', () => {
  const ended = aWatched({ state: 'failed' })
  const holding = (holder: Splice | null, heldBy = aSpliceId(2)): Given => ({
    before: async ({ store }) => {
      if (holder !== null) await store.create(holder)
      const lease: ChannelLease = { holder: heldBy, queue: [], frozen: null }
      await store.putItem('lease', ended.channelId, lease, 0)
    },
  })
  const holder = (overrides: Partial<Splice> = {}): Splice => aWatched({ id: aSpliceId(2), ...overrides })

  test.each<[string, Given, string]>([
    ['which asked for the same', holding(holder()), 'none'],
    ['which asked for nothing yet', holding(holder({ attempts: [] })), 'ours'],
    ['which asked for another amount', holding(holder({ amountSats: 50_001 })), 'ours'],
    ['which asked for another script', holding(holder({ script: '00' })), 'ours'],
    ['which splices in', holding(holder({ kind: 'splice_in' })), 'ours'],
    ['which does not exist', holding(null), 'ours'],
    ['which it is itself', holding({ ...ended, dueAt: null }, ended.id), 'ours'],
  ])('%s', async (_says, given, expected) => expect(await effect(ended, PAID, given)).toBe(expected))

  test('one that has not ended explains what is its own', async () => {
    expect(await effect(aWatched(), PAID, holding(holder()))).toBe('ours')
  })

  test('nobody holds the lease', async () => {
    const free: Given = {
      before: ({ store }) => store.putItem('lease', ended.channelId, { holder: null, queue: [], frozen: null }, 0),
    }
    expect(await effect(ended, PAID, free)).toBe('ours')
    expect(await effect(ended)).toBe('ours')
  })

  test('of splice-ins, amounts within the surplus cannot be told apart', async () => {
    const added = spending([{ script: P2WSH, amountSats: 1_050_000 }])
    const port = { contribution: async () => ok({ amountSats: 50_000 }) }
    const into = (overrides: Partial<Splice>) => aWatched({ kind: 'splice_in', script: null, ...overrides })
    const held = async (amountSats: number) => {
      const given = holding(into({ id: aSpliceId(2), amountSats }))
      return effect(into({ state: 'failed' }), added, { ...given, port })
    }
    expect(await held(50_330)).toBe('none')
    expect(await held(49_670)).toBe('none')
    expect(await held(50_331)).toBe('ours')
  })
})

describe('a splice-in is known by two witnesses that agree: the node, and the capacity on chain', () => {
  const into = (overrides: Partial<Splice> = {}) =>
    aWatched({ kind: 'splice_in', address: null, script: null, ...overrides })
  const adding = (sats: number) => spending([{ script: P2WSH, amountSats: 1_000_000 + sats }])
  const saying = (amountSats: number | null): Given => ({
    port: {
      contribution: async () => ok(amountSats === null ? null : { amountSats }),
    },
  })
  const silent: Given = {
    port: { contribution: async () => err({ class: 'unreachable', message: '' } as const) },
  }

  test.each<[string, number, Given, string]>([
    ['both say our amount', 50_000, saying(50_000), 'ours'],
    ['both say our amount and the surplus', 50_330, saying(50_330), 'ours'],
    ['the node alone', 49_999, saying(50_000), 'unknown'],
    ['the chain alone', 50_000, saying(null), 'unknown'],
    ['the chain alone: the node says more', 50_000, saying(50_331), 'unknown'],
    ['neither', 49_999, saying(null), 'none'],
    ['the node does not answer', 50_000, silent, 'unknown'],
    ['the node does not answer, and the chain speaks against it', 49_999, silent, 'unknown'],
  ])('%s', async (_says, added, given, expected) => {
    expect(await effect(into(), adding(added), given)).toBe(expected)
  })

  test('what the old funding held is not known: nothing can be compared', async () => {
    const tx = adding(50_000)
    const chain = new FakeChain([onChain(tx, 190)])
    expect(await effect(into(), tx, { chain, ...saying(50_000) })).toBe('unknown')
    expect(await effect(into(), tx, { chain, ...saying(null) })).toBe('unknown')
  })

  test('of one that asked for nothing, nothing is', async () => {
    expect(await effect(into({ attempts: [] }), adding(50_000), saying(50_000))).toBe('none')
  })
})

describe('after a restore, what was paid since the backup is looked for down the funding history', () => {
  const now = fundingOf(PAID)
  const look = aLook({ channels: [aChannel({ funding: now })] })
  const later = aWatched({ state: 'queued', submittedOn: null, attempts: [], fundingHistory: [now] })
  const backup = (backupAt: number | null): Given => ({
    look,
    chain: new FakeChain([onChain(OPEN, 100), onChain(PAID, 190)]),
    before: ({ store }) => store.putItem('guard', '-', { generation: 1, backupAt }, 0),
  })
  const since = 150 * 600 * 1_000

  test('a transaction with our effect is found', async () => {
    expect((await chainOf(later, backup(since))).earlierEffect).toBe(PAID.txid)
  })

  test.each<[string, Splice, Given]>([
    ['it lies before the backup', later, backup(191 * 600 * 1_000)],
    ['there was no restore', later, backup(null)],
    ['the splice has a candidate', { ...later, candidates: [aCandidate({ txid: PAID.txid })] }, backup(since)],
    ['the splice has ended', { ...later, state: 'failed' }, backup(since)],
    ['the node names no funding', later, { ...backup(since), look: aLook({ channels: [] }) }],
    ['it pays another script', { ...later, script: '00' }, backup(since)],
  ])('not where %s', async (_says, splice, given) => expect((await chainOf(splice, given)).earlierEffect).toBeNull())

  test("another splice's transaction is not taken for ours", async () => {
    const given = backup(since)
    const before = async (bench: Bench) => {
      await given.before?.(bench)
      await bench.store.putItem('tx', PAID.txid, { paymentId: aPaymentId(2) }, 0)
    }
    expect((await chainOf(later, { ...given, before })).earlierEffect).toBeNull()
  })

  test('a splice-in asks the node, and what the node does not deny may be ours', async () => {
    const into: Splice = { ...later, kind: 'splice_in', script: null }
    const port = (contribution: NodePort['contribution']) => ({ ...backup(since), port: { contribution } })
    const fault = { class: 'unreachable', message: '' } as const
    expect(
      (
        await chainOf(
          into,
          port(async () => ok(null)),
        )
      ).earlierEffect,
    ).toBeNull()
    const mine = port(async (_channel, txid) => ok(txid === PAID.txid ? { amountSats: 50_000 } : null))
    expect((await chainOf(into, mine)).earlierEffect).toBe(PAID.txid)
    expect(
      (
        await chainOf(
          into,
          port(async () => err(fault)),
        )
      ).earlierEffect,
    ).toBe(PAID.txid)
  })

  test('a funding history that cannot be walked leaves everything unknown', async () => {
    const chain = new FakeChain([onChain(OPEN, 100), onChain(PAID, 190)])
    chain.fails = (asked) => asked.startsWith('transaction')
    expect((await observed(later, { ...backup(since), chain })).chain).toBeNull()
  })
})

describe('a source without an index of spenders is told where to begin', () => {
  const NEXT = fundingOf(PAID)
  async function hints(splice: Splice): Promise<ReadonlyMap<string, SpendHint>> {
    const given = new Map<string, SpendHint>()
    class Hinted extends FakeChain {
      override readonly spend: FakeChain['spend'] = async (outpoint, hint) => {
        given.set(outpoint, hint)
        const spender = outpoint === FUNDING ? onChain(PAID, 190) : null
        return ok({ own: 'confirmed' as const, valueSats: 1_000_000, spender })
      }
    }
    const look = aLook({ channels: [aChannel({ funding: NEXT })] })
    await observed(splice, { chain: new Hinted([onChain(OPEN, 100), onChain(PAID, 190)]), look })
    return given
  }
  const block = { height: 190, hash: aTxid('d') }
  const mined = aCandidate({ txid: PAID.txid, spends: FUNDING, block })

  test('by the transaction that made the next funding, in a block that is not known', async () => {
    const given = await hints(aWatched({ fundingHistory: [FUNDING, NEXT], unspentThroughHeight: 195 }))
    expect(given.get(FUNDING)).toEqual({
      unspentThroughHeight: null,
      spender: { txid: PAID.txid, blockHash: null },
    })
  })

  test('by the height through which the end of the funding history was unspent', async () => {
    const given = await hints(aWatched({ fundingHistory: [FUNDING, NEXT], unspentThroughHeight: 195 }))
    expect(given.get(NEXT)).toEqual({ unspentThroughHeight: 195, spender: null })
  })

  test('by the candidate, with its block', async () => {
    const given = await hints(aWatched({ candidates: [mined] }))
    expect(given.get(FUNDING)?.spender).toEqual({ txid: PAID.txid, blockHash: block.hash })
    const waiting = await hints(aWatched({ candidates: [{ ...mined, block: null }], unspentThroughHeight: 7 }))
    expect(waiting.get(FUNDING)).toEqual({ unspentThroughHeight: 7, spender: null })
  })

  test('by the candidate that is in a block, whatever else was seen of that outpoint or of others', async () => {
    const waiting = aCandidate({ txid: aTxid('7'), spends: FUNDING })
    const elsewhere = aCandidate({ txid: aTxid('8'), spends: NEXT, block: { height: 191, hash: aTxid('6') } })
    const given = await hints(aWatched({ candidates: [elsewhere, waiting, mined] }))
    expect(given.get(FUNDING)?.spender).toEqual({ txid: PAID.txid, blockHash: block.hash })
    expect(given.get(NEXT)?.spender).toEqual({ txid: aTxid('8'), blockHash: aTxid('6') })
  })

  test('by nothing, of an outpoint that is in no record', async () => {
    const given = await hints(aWatched({ unspentThroughHeight: 195 }))
    expect(given.get(NEXT)?.spender).toBeNull()
    expect(given.get(NEXT)?.unspentThroughHeight, 'but not below the block that made it').toBe(189)
  })
})

test('the lease is of the channel, or of the node where leases are per node: the record says which, the node need not answer', () => {
  const splice = aWatched()
  expect(leaseKeyOf(splice)).toBe(splice.channelId)
  expect(leaseKeyOf({ ...splice, leaseScope: 'node' })).toBe(splice.nodeId)
})
