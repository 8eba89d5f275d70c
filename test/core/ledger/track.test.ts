import { describe, expect, test } from 'vitest'
import type { ChainTransaction, SpendHint } from '../../../core/ports/chain.ts'
import { NO_AMOUNTS } from '../../../core/ledger/transaction-amounts.ts'
import { channelKey, type ChannelState, type ForeignPayment } from '../../../core/ports/records.ts'
import type { ConfiguredNode } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import { sweep } from '../../../core/sweep/sweep.ts'
import { withCachedTips } from '../../../core/chain/cached-tip.ts'
import { track } from '../../../core/ledger/track.ts'
import { aForeignCandidate, aForeignPayment } from '../../../harness/records/payments.ts'
import { aPaymentId, aTxid, FUNDING, NOW, policy, TIP } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../../harness/ports/bench.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { aChannelSeen } from '../../../harness/records/states.ts'
import { aSplicing, aTransaction, FUNDING_WITNESS, onChain, P2WSH } from '../../../harness/transactions.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const splicing = aSplicing(FUNDING)
const ID = splicing.txid

type Setting = { readonly bench: Bench; readonly chain: FakeChain; readonly asked: string[] }

/** A payment of the spender of the funding outpoint, which stands at a height or, null, in the mempool. */
async function tracked(height: number | null, overrides: Partial<ForeignPayment> = {}): Promise<Setting> {
  const chain = new FakeChain([onChain(splicing, height)])
  const asked: string[] = []
  const requests = (operation: { type: string }): null => {
    asked.push(operation.type)
    return null
  }
  const port = fakeNode(() => ok(aLook()))
  const node = aConfiguredNode({ chain, port: { ...port, contribution: async () => ok({ amountSats: -5 }) } })
  const bench = aBench({ nodes: [node], hooks: { before: requests } })
  const [candidate] = aForeignPayment().candidates
  if (candidate === undefined) throw new Error('no candidate')
  const payment = aForeignPayment({
    id: ID,
    dueAt: NOW,
    candidates: [{ ...candidate, txid: ID }],
    ...overrides,
  })
  await bench.store.putItem('payment', payment.id, payment, 0)
  await bench.store.putItem('tx', payment.id, { paymentId: payment.id, foreign: true }, 0)
  asked.length = 0
  return { bench, chain, asked }
}

/** The same with another node, or another chain source. */
function withNode(setting: Setting, overrides: Partial<ConfiguredNode>): Setting {
  const alice = setting.bench.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  const ports = { ...setting.bench.ports, nodes: new Map([['alice', { ...alice, ...overrides }]]) }
  return { ...setting, bench: { ...setting.bench, ports } }
}

async function once({ bench }: Setting): Promise<ForeignPayment> {
  await track(ID, bench.ports, policy)
  const item = await bench.store.item('payment', ID)
  if (item === null) throw new Error('no payment')
  return item.value
}

describe('a look at a payment', () => {
  test('that finds nothing new costs two calls of the chain and four requests, and the next is in ten minutes', async () => {
    const setting = await tracked(null)
    await once(setting)
    setting.asked.length = 0
    setting.chain.calls.length = 0
    const payment = await track(ID, setting.bench.ports, policy).then(
      async () => (await setting.bench.store.item('payment', ID))?.value,
    )
    expect(setting.chain.calls).toEqual(['tip', `spend ${FUNDING}`])
    expect(setting.asked.slice(0, -1)).toEqual(['get', 'get', 'get', 'put'])
    expect(payment?.dueAt).toBe(NOW + policy.watchEveryMs)
  })

  test('asks the tip once for all of them in a sweep', async () => {
    const { bench, chain } = await tracked(null)
    const ports = withCachedTips(bench.ports)
    for (let n = 0; n < 3; n++) await track(ID, ports, policy)
    expect(chain.calls.filter((call) => call === 'tip')).toHaveLength(1)
  })

  test('that finds something is followed by another one at once', async () => {
    const payment = await once(await tracked(TIP))
    expect(payment).toMatchObject({ dueAt: NOW, candidates: [{ block: { height: TIP } }] })
  })

  test('asks the node once what we added, when it has confirmed', async () => {
    expect((await once(await tracked(null))).candidates[0]?.contributionAsked).toBe(false)
    const confirmed = await once(await tracked(TIP))
    expect(confirmed.candidates[0]).toMatchObject({ contributionAsked: true, contributionSats: -5 })
  })

  test('graduates at final depth, at that of the channel if it requires more, and leaves the index', async () => {
    const setting = await tracked(TIP - 5, { kind: 'foreign_splice' })
    expect(await once(setting)).toMatchObject({ dueAt: null, final: { block: { height: TIP - 5 } } })
    const deep = await tracked(TIP - 5, { kind: 'foreign_splice' })
    const seen = aChannelSeen({ lockDepth: 8 })
    await deep.bench.store.putItem('channel', channelKey('alice', seen.channelId), seen, 0)
    expect(await once(deep)).toMatchObject({ final: null })
  })

  test('that a splice of ours has claimed meanwhile is absorbed', async () => {
    const setting = await tracked(TIP)
    const { store } = setting.bench
    await store.putItem('tx', ID, { paymentId: aPaymentId(1) }, 1)
    expect(await once(setting)).toMatchObject({
      absorbedBy: aPaymentId(1),
      candidates: [{ block: null }],
    })
  })

  test.each(['tip', `spend ${FUNDING}`])('changes nothing where the chain source does not answer: %s', async (call) => {
    const setting = await tracked(TIP)
    setting.chain.fails = (asked) => asked === call
    expect(await once(setting)).toMatchObject({ dueAt: NOW, candidates: [{ block: null }] })
    expect(setting.asked).not.toContain('put')
  })

  test('believes no spender that does not spend the outpoint, and no absence where the outpoint is unknown', async () => {
    const lie = await tracked(null)
    const spender = onChain(aSplicing(`${aTxid('9')}:0`), TIP)
    lie.chain.spends.set(FUNDING, { own: 'confirmed', valueSats: null, spender })
    expect((await once(lie)).candidates).toHaveLength(1)
    for (const change of [{ txid: aTxid('8') }, { hex: 'ffff' }]) {
      lie.chain.spends.set(FUNDING, {
        own: 'confirmed',
        valueSats: null,
        spender: { ...onChain(splicing, TIP), ...change },
      })
      expect((await once(lie)).candidates).toMatchObject([{ txid: ID, block: null }])
    }
    const unknown = await tracked(null, { kind: 'foreign_splice' })
    const confirmed = await once(await tracked(TIP, { kind: 'foreign_splice' }))
    await unknown.bench.store.putItem('payment', ID, confirmed, 1)
    unknown.chain.spends.set(FUNDING, { own: 'unknown', valueSats: null, spender: null })
    expect((await once(unknown)).candidates[0]?.block).not.toBeNull()
  })

  test('of a final spender whose channel is gone calls it a close, or a splice if its output was spent as a funding', async () => {
    const seen = aChannelSeen({ goneAt: NOW })
    const key = channelKey('alice', seen.channelId)
    const closed = await tracked(TIP - 9)
    await closed.bench.store.putItem('channel', key, seen, 0)
    expect(await once(closed)).toMatchObject({ kind: 'channel_close', dueAt: null })
    const spliced = await tracked(TIP - 9)
    await spliced.bench.store.putItem('channel', key, seen, 0)
    const next = onChain(aSplicing(`${ID}:0`), TIP)
    spliced.chain.spends.set(`${ID}:0`, { own: 'confirmed', valueSats: 1, spender: next })
    expect(await once(spliced)).toMatchObject({ kind: 'foreign_splice', dueAt: null })
  })

  test('says what a spender is by the fundings that its node named, but of one of ours: that is a splice', async () => {
    const seen = aChannelSeen({ funding: `${ID}:0`, earlier: [FUNDING] })
    const key = channelKey('alice', seen.channelId)
    const foreign = await tracked(TIP)
    await foreign.bench.store.putItem('channel', key, seen, 0)
    expect((await once(foreign)).kind).toBe('foreign_splice')
    const ours = await tracked(TIP)
    await ours.bench.store.putItem('channel', key, seen, 0)
    await ours.bench.store.putItem('tx', ID, { paymentId: aPaymentId(1) }, 1)
    expect((await once(ours)).kind).toBe('unclassified')
  })

  test.each<[string, number, boolean]>([
    ['is not final yet', TIP - 4, false],
    ['is ours', TIP - 9, true],
  ])('calls no spender a close that %s, though the channel is gone', async (_says, height, ours) => {
    const setting = await tracked(height)
    const { store } = setting.bench
    const seen = aChannelSeen({ goneAt: NOW })
    await store.putItem('channel', channelKey('alice', seen.channelId), seen, 0)
    if (ours) await store.putItem('tx', ID, { paymentId: aPaymentId(1) }, 1)
    expect((await once(setting)).kind).toBe('unclassified')
  })

  test('calls nothing a close while the chain source does not say what became of its outputs', async () => {
    const setting = await tracked(TIP - 9)
    const seen = aChannelSeen({ goneAt: NOW })
    await setting.bench.store.putItem('channel', channelKey('alice', seen.channelId), seen, 0)
    setting.chain.fails = (asked) => asked === `spend ${ID}:0`
    expect(await once(setting)).toMatchObject({ kind: 'unclassified', candidates: [{ block: null }] })
  })

  test('of a spender that is gone from the chain puts it back to pending', async () => {
    const setting = await tracked(TIP)
    expect((await once(setting)).candidates[0]?.block).not.toBeNull()
    setting.chain.spends.set(FUNDING, { own: 'confirmed', valueSats: null, spender: null })
    expect((await once(setting)).candidates[0]?.block).toBeNull()
  })

  test('of what is at rest writes nothing, and of what does not exist nothing is asked', async () => {
    const setting = await tracked(TIP - 9, { kind: 'foreign_splice' })
    await once(setting)
    setting.asked.length = 0
    await once(setting)
    expect(setting.asked).not.toContain('put')
    setting.chain.calls.length = 0
    await track(aTxid('0'), setting.bench.ports, policy)
    expect(setting.chain.calls).toEqual([])
  })

  test('of one that is final and unclassified goes on until the channel tells what it was', async () => {
    const setting = await tracked(TIP - 9)
    await setting.bench.store.putItem('channel', channelKey('alice', 'c'.repeat(64)), aChannelSeen(), 0)
    const payment = await once(setting)
    expect(payment).toMatchObject({ kind: 'unclassified', final: { block: { height: TIP - 9 } } })
    expect(payment.dueAt).not.toBeNull()
  })

  test('writes the pointers that a crash left out', async () => {
    const setting = await tracked(null)
    const candidates = [{ ...(await once(setting)).candidates[0], txid: aTxid('8') }]
    const item = await setting.bench.store.item('payment', ID)
    if (item === null) throw new Error('no payment')
    const [lost] = item.value.candidates.map((candidate) => ({ ...candidate, ...candidates[0] }))
    if (lost === undefined) throw new Error('no candidate')
    await setting.bench.store.putItem('payment', ID, { ...item.value, candidates: [lost] }, item.version)
    await once(setting)
    expect((await setting.bench.store.item('tx', aTxid('8')))?.value).toEqual({
      paymentId: ID,
      foreign: true,
    })
  })
})

describe('a look at an open, which spends nothing of ours', () => {
  const [older, newer] = [aSplicing(FUNDING, 700_000), aSplicing(FUNDING, 710_000)]
  const both = [older, newer].map(({ txid }) => aForeignCandidate({ txid, feeSats: null }))

  async function opened(
    shown: readonly ChainTransaction[],
    channel: Partial<ChannelState> = {},
    more: Partial<ForeignPayment> = {},
  ) {
    const setting = await tracked(null, { kind: 'channel_open', spends: null, candidates: both, ...more })
    const chain = new FakeChain(shown)
    const { bench } = setting
    const seen = aChannelSeen(channel)
    await bench.store.putItem('channel', channelKey('alice', seen.channelId), seen, 0)
    const look = () => once(withNode(setting, { chain }))
    return { chain, look }
  }

  test('asks for its candidates by name, the newest first, until one is to be seen', async () => {
    const replaced = await opened([onChain(newer)])
    await replaced.look()
    expect(replaced.chain.calls).toEqual(['tip', `transaction ${newer.txid}`])
    const original = await opened([onChain(older, TIP)])
    const { candidates } = await original.look()
    expect(original.chain.calls.slice(1)).toEqual([`transaction ${newer.txid}`, `transaction ${older.txid}`])
    expect(candidates.map(({ block }) => block?.height ?? null)).toEqual([TIP, null])
  })

  test('notes what it pays, and not by how much it changes a capacity that was none', async () => {
    const [first] = (await (await opened([onChain(older, TIP)])).look()).candidates
    const feeRateSatPerKw = Math.floor(300_000 / older.parsed.weight)
    expect(first).toMatchObject({ feeSats: 300, amountSats: 70_000 })
    const bare = [aForeignCandidate({ ...NO_AMOUNTS, txid: older.txid })]
    const [fresh] = (await (await opened([onChain(older, TIP)], {}, { candidates: bare })).look()).candidates
    expect(fresh).toMatchObject({ feeSats: 300, feeRateSatPerKw, amountSats: null })
    const unread = { ...onChain(older, TIP), hex: 'ffff' }
    const [unreadable] = (await (await opened([unread], {}, { candidates: bare })).look()).candidates
    expect(unreadable).toMatchObject({ ...NO_AMOUNTS, block: { height: TIP } })
  })

  test.each<[string, readonly ChainTransaction[], Partial<ChannelState>, number | null]>([
    ['nothing of it is to be seen', [], {}, TIP],
    ['it waits in the mempool', [onChain(newer)], {}, null],
    ['it waits in the mempool, and the channel is gone', [onChain(newer)], { goneAt: 1 }, TIP],
    ['it is in a block', [onChain(newer, TIP)], {}, null],
    ['it is in a block, and the channel is gone', [onChain(newer, TIP)], { goneAt: 1 }, null],
  ])('counts the blocks in which nothing is to be expected of it: %s', async (_says, shown, channel, since) => {
    expect((await (await opened(shown, channel)).look()).idleSinceHeight).toBe(since)
  })

  test('changes nothing where the chain source does not answer', async () => {
    const { chain, look } = await opened([onChain(older, TIP)])
    chain.fails = (call) => call.startsWith('transaction')
    expect(await look()).toMatchObject({ dueAt: NOW, idleSinceHeight: null, candidates: both })
  })
})

describe('a look at what spends a funding', () => {
  test('says what is known of the spender, where the source has no index of them', async () => {
    const block = { height: 190, hash: aTxid('7') }
    const hints: SpendHint[] = []
    class Hinted extends FakeChain {
      override readonly spend: FakeChain['spend'] = async (_outpoint, hint) => {
        hints.push(hint)
        return ok({ own: 'confirmed' as const, valueSats: null, spender: null })
      }
    }
    const tracking = await tracked(TIP, { unspentThroughHeight: 150 })
    const setting = withNode(tracking, { chain: new Hinted() })
    await once(setting)
    const item = await setting.bench.store.item('payment', ID)
    if (item === null) throw new Error('no payment')
    const candidates = item.value.candidates.map((candidate) => ({ ...candidate, block }))
    const confirmed = { ...item.value, candidates, unspentThroughHeight: null }
    await setting.bench.store.putItem('payment', ID, confirmed, item.version)
    await once(setting)
    expect(hints).toEqual([
      { unspentThroughHeight: 150, spender: null },
      { unspentThroughHeight: null, spender: { txid: ID, blockHash: block.hash } },
    ])
  })

  test('asks for no more than four outputs whether they were spent as a funding', async () => {
    const many = aTransaction({
      inputs: [{ outpoint: FUNDING, witness: FUNDING_WITNESS }],
      outputs: Array.from({ length: 6 }, (_, n) => ({ script: P2WSH, amountSats: 9_000 + n })),
    })
    const setting = await tracked(null)
    const { bench, chain } = setting
    const seen = aChannelSeen({ goneAt: NOW })
    await bench.store.putItem('channel', channelKey('alice', seen.channelId), seen, 0)
    chain.spends.set(FUNDING, { own: 'confirmed', valueSats: null, spender: onChain(many, TIP - 9) })
    expect((await once(setting)).kind).toBe('channel_close')
    const asked = chain.calls.filter((call) => call.startsWith(`spend ${many.txid}`))
    expect(asked).toEqual([0, 1, 2, 3].map((vout) => `spend ${many.txid}:${vout}`))
  })

  test('comes again after ten minutes and a little, so that not all come at once', async () => {
    const setting = await tracked(null)
    await once(setting)
    const { bench } = setting
    const ports = { ...bench.ports, chance: { ...bench.ports.chance, fraction: () => 0.5 } }
    const { dueAt } = await once({ ...setting, bench: { ...bench, ports } })
    expect(dueAt).toBe(NOW + policy.watchEveryMs + policy.dueJitterMs / 2)
  })

  test('cannot be taken while its node is not configured, and comes again', async () => {
    const setting = await tracked(TIP)
    const ports = { ...setting.bench.ports, nodes: new Map() }
    const payment = await once({ ...setting, bench: { ...setting.bench, ports } })
    expect(payment).toMatchObject({ dueAt: NOW + policy.watchEveryMs, candidates: [{ block: null }] })
    expect(setting.chain.calls).toEqual([])
  })

  test('leaves it unasked what we added where the node does not answer, and asks again', async () => {
    const setting = await tracked(TIP)
    const fault = { class: 'unreachable', message: '' } as const
    const port = { ...fakeNode(() => ok(aLook())), contribution: async () => err(fault) }
    const silent = await once(withNode(setting, { port }))
    expect(silent.candidates[0]).toMatchObject({ contributionAsked: false, contributionSats: null })
    expect((await once(setting)).candidates[0]).toMatchObject({ contributionAsked: true })
  })
})

describe('a sweep', () => {
  test('feeds payments beside splices, and one that cannot be read stops nothing', async () => {
    const { bench, chain } = await tracked(TIP)
    const bad = aTxid('f')
    await bench.store.putItem('payment', bad, aForeignPayment({ id: bad, dueAt: NOW }), 0)
    const item: typeof bench.store.item = async (kind, key) => {
      if (key === bad) throw new Error('does not fit its schema')
      return bench.store.item(kind, key)
    }
    const swept = await sweep({ ...bench.ports, store: { ...bench.store, item } }, policy, null)
    expect(swept).toEqual({ nodes: 1, due: 2, failed: 1 })
    expect(bench.alarms).toEqual(['a payment could not be tracked'])
    expect((await bench.store.item('payment', ID))?.value.candidates[0]?.block?.height).toBe(TIP)
    expect(chain.calls).toContain(`spend ${FUNDING}`)
  })

  test('finds a final payment again by its block, when that has left the chain', async () => {
    const setting = await tracked(TIP - 5, { kind: 'foreign_splice' })
    const { bench } = setting
    const { final } = await once(setting)
    const orphans = [{ height: TIP - 5, hash: final?.block.hash ?? '' }]
    const chain = { height: TIP, hash: aTxid('e'), seenAt: 1, hashes: [aTxid('e')], orphans }
    await bench.store.putItem('chain', 'regtest', chain, 0)
    const reorged = onChain(splicing, null)
    setting.chain.spends.set(FUNDING, { own: 'confirmed', valueSats: null, spender: reorged })
    await sweep(bench.ports, policy, null)
    const after = (await bench.store.item('payment', ID))?.value
    expect(after).toMatchObject({ id: ID, final: null, dueAt: NOW, candidates: [{ block: null }] })
  })

  test('tracks payments of a node that does not answer', async () => {
    const { bench } = await tracked(TIP)
    const node = bench.ports.nodes.get('alice')
    if (node === undefined) throw new Error('no node')
    const port = fakeNode(() => err({ class: 'unreachable', message: 'away' }))
    await sweep({ ...bench.ports, nodes: new Map([['alice', { ...node, port }]]) }, policy, null)
    expect((await bench.store.item('payment', ID))?.value.candidates[0]?.block?.height).toBe(TIP)
  })

  test('knows no payment of its own where a channel is only listed', async () => {
    const bench = aBench({
      nodes: [aConfiguredNode({ port: fakeNode(() => ok(aLook({ channels: [aChannel()] }))) })],
    })
    expect((await sweep(bench.ports, policy, null)).due).toBe(0)
  })
})
