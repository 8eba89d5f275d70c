import { describe, expect, test } from 'vitest'
import { paymentIdOf } from '../../core/ids.ts'
import { channelKey } from '../../core/items.ts'
import type { ForeignPayment } from '../../core/items.ts'
import { err, ok } from '../../core/result.ts'
import { sweep } from '../../core/sweep.ts'
import { tipsOf, track } from '../../core/track.ts'
import { aForeignPayment } from '../support/payments.ts'
import { aSpliceId, aTxid } from '../support/splices.ts'
import type { Bench } from './builders.ts'
import {
  aBench,
  aChannel,
  aChannelSeen,
  aConfiguredNode,
  aLook,
  ANCHOR,
  aSplicing,
  fakeNode,
  FakeChain,
  NOW,
  onChain,
  policy,
  TIP,
} from './builders.ts'

const splicing = aSplicing(ANCHOR)
const ID = splicing.txid

type Setting = { readonly bench: Bench; readonly chain: FakeChain; readonly asked: string[] }

/** A payment of the spender of the anchor, which stands at a height or, null, in the mempool. */
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

async function once({ bench }: Setting): Promise<ForeignPayment> {
  await track(ID, bench.ports, policy, tipsOf(bench.ports))
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
    const payment = await track(ID, setting.bench.ports, policy, tipsOf(setting.bench.ports)).then(
      async () => (await setting.bench.store.item('payment', ID))?.value,
    )
    expect(setting.chain.calls).toEqual(['tip', `spend ${ANCHOR}`])
    expect(setting.asked.slice(0, -1)).toEqual(['get', 'get', 'get', 'put'])
    expect(payment?.dueAt).toBe(NOW + policy.watchEveryMs)
  })

  test('asks the tip once for all of them in a sweep', async () => {
    const { bench, chain } = await tracked(null)
    const tips = tipsOf(bench.ports)
    for (let n = 0; n < 3; n++) await track(ID, bench.ports, policy, tips)
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
    await store.putItem('tx', ID, { paymentId: paymentIdOf(aSpliceId(1)) }, 1)
    expect(await once(setting)).toMatchObject({
      absorbedBy: paymentIdOf(aSpliceId(1)),
      candidates: [{ block: null }],
    })
  })

  test.each(['tip', `spend ${ANCHOR}`])(
    'changes nothing where the chain source does not answer: %s',
    async (call) => {
      const setting = await tracked(TIP)
      setting.chain.fails = (asked) => asked === call
      expect(await once(setting)).toMatchObject({ dueAt: NOW, candidates: [{ block: null }] })
      expect(setting.asked).not.toContain('put')
    },
  )

  test('believes no spender that does not spend the outpoint, and no absence where the outpoint is unknown', async () => {
    const lie = await tracked(null)
    const spender = onChain(aSplicing(`${aTxid('9')}:0`), TIP)
    lie.chain.spends.set(ANCHOR, { own: 'confirmed', valueSats: null, spender })
    expect((await once(lie)).candidates).toHaveLength(1)
    const unknown = await tracked(null, { kind: 'foreign_splice' })
    const confirmed = await once(await tracked(TIP, { kind: 'foreign_splice' }))
    await unknown.bench.store.putItem('payment', ID, confirmed, 1)
    unknown.chain.spends.set(ANCHOR, { own: 'unknown', valueSats: null, spender: null })
    expect((await once(unknown)).candidates[0]?.block).not.toBeNull()
  })

  test('of a buried spender whose channel is gone calls it a close, or a splice if its output was spent as a funding', async () => {
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

  test('of one that is buried and unclassified goes on until the channel tells what it was', async () => {
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
    expect(chain.calls).toContain(`spend ${ANCHOR}`)
  })

  test('finds a final payment again by its block, when that has left the chain', async () => {
    const setting = await tracked(TIP - 5, { kind: 'foreign_splice' })
    const { bench } = setting
    const { final } = await once(setting)
    const orphans = [{ height: TIP - 5, hash: final?.block.hash ?? '' }]
    const chain = { height: TIP, hash: aTxid('e'), seenAt: 1, hashes: [aTxid('e')], orphans }
    await bench.store.putItem('chain', 'regtest', chain, 0)
    const reorged = onChain(splicing, null)
    setting.chain.spends.set(ANCHOR, { own: 'confirmed', valueSats: null, spender: reorged })
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
