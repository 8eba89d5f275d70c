import { describe, expect, test } from 'vitest'
import { channelKey, type ChannelState } from '../../../core/ports/records.ts'
import type { ChannelSnapshot } from '../../../core/ports/node.ts'
import type { ConfiguredNode } from '../../../core/ports/ports.ts'
import { ok } from '../../../core/values/result.ts'
import { saveNodeState } from '../../../core/nodes/node-state.ts'
import { aTxid, FUNDING, NOW, TIP } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, type Bench } from '../../../harness/ports/bench.ts'
import { aSplicing, aTransaction, fundingOf, onChain, type Built } from '../../../harness/transactions.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { aChannelSeen } from '../../../harness/records/states.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const CHANNEL = 'c'.repeat(64)
const OTHER = 'd'.repeat(64)
const KEY = channelKey('alice', CHANNEL)

const first = aSplicing(FUNDING, 900_000)
const second = aSplicing(fundingOf(first), 800_000)
const chainOf = (...built: readonly Built[]): FakeChain => new FakeChain(built.map((tx) => onChain(tx, TIP)))

async function note(bench: Bench, chain: FakeChain, ...channels: Partial<ChannelSnapshot>[]): Promise<void> {
  const configured: ConfiguredNode = aConfiguredNode({ chain })
  await saveNodeState(configured, ok(aLook({ channels: channels.map(aChannel) })), bench.ports)
}

async function seen(bench: Bench, key = KEY): Promise<ChannelState | null> {
  return (await bench.store.item('channel', key))?.value ?? null
}

describe('the ledger of a channel', () => {
  test('begins with the funding of the first sweep, and asks the chain nothing', async () => {
    const bench = aBench()
    const chain = chainOf()
    await note(bench, chain, {})
    await note(bench, chain, {})
    expect((await seen(bench))?.ledger).toEqual({ through: FUNDING })
    expect(chain.calls).toEqual([])
    expect(await bench.store.item('tx', aTxid('a'))).toBeNull()
  })

  test('begins with the funding of an item that is older than the ledger, which may have moved since', async () => {
    const bench = aBench()
    const chain = chainOf(first)
    await bench.store.putItem('channel', KEY, aChannelSeen(), 0)
    await note(bench, chain, { funding: fundingOf(first) })
    expect((await bench.store.item('payment', first.txid))?.value.kind).toBe('foreign_splice')
    expect((await seen(bench))?.ledger).toEqual({ through: fundingOf(first) })
  })

  test('begins with the funding that comes after a first sweep that knew none', async () => {
    const bench = aBench()
    const chain = chainOf()
    await note(bench, chain, { funding: null })
    expect(await seen(bench)).not.toHaveProperty('ledger')
    await note(bench, chain, {})
    expect((await seen(bench))?.ledger).toEqual({ through: FUNDING })
    expect(await bench.store.item('payment', aTxid('a'))).toBeNull()
  })

  test('takes over each step between two sweeps, once', async () => {
    const bench = aBench()
    const chain = chainOf(first, second)
    await note(bench, chain, {})
    await note(bench, chain, { funding: fundingOf(second) })
    for (const [{ txid }, spends] of [
      [first, FUNDING],
      [second, fundingOf(first)],
    ] as const) {
      expect((await bench.store.item('payment', txid))?.value).toMatchObject({ id: txid, spends })
      expect((await bench.store.item('tx', txid))?.value).toEqual({ paymentId: txid, foreign: true })
    }
    const calls = chain.calls.length
    await note(bench, chain, { funding: fundingOf(second) })
    expect(chain.calls).toHaveLength(calls)
    expect(bench.alarms).toEqual([])
  })

  test('leaves what a splice of ours made to that splice', async () => {
    const bench = aBench()
    const chain = chainOf(first)
    await note(bench, chain, {})
    await bench.store.putItem('tx', first.txid, { paymentId: aTxid('5') }, 0)
    await note(bench, chain, { funding: fundingOf(first) })
    expect((await bench.store.item('tx', first.txid))?.value).toEqual({ paymentId: aTxid('5') })
    expect(await bench.store.item('payment', first.txid)).toBeNull()
    expect((await seen(bench))?.ledger).toEqual({ through: fundingOf(first) })
  })

  test('waits for a chain source that does not answer, or does not know the transaction yet', async () => {
    const bench = aBench()
    const unknown = chainOf()
    await note(bench, unknown, {})
    await note(bench, unknown, { funding: fundingOf(first) })
    const down = chainOf(first)
    down.fails = () => true
    await note(bench, down, { funding: fundingOf(first) })
    expect((await seen(bench))?.ledger).toEqual({ through: FUNDING })
    expect(bench.alarms).toEqual([])
    await note(bench, chainOf(first), { funding: fundingOf(first) })
    expect((await seen(bench))?.ledger).toEqual({ through: fundingOf(first) })
    expect(await bench.store.item('payment', first.txid)).not.toBeNull()
  })

  test('gives a move up that nothing explains, with an alarm, and goes on from there', async () => {
    const bench = aBench()
    const chain = chainOf(first)
    const elsewhere = aTransaction({ inputs: [{ outpoint: `${aTxid('9')}:0` }] })
    await note(bench, chain, {})
    await note(bench, chainOf(elsewhere), { funding: fundingOf(elsewhere) })
    expect(bench.alarms).toEqual(['the ledger cannot follow a channel'])
    expect((await seen(bench))?.ledger).toEqual({ through: fundingOf(elsewhere) })
    bench.now += 24 * 3_600_000
    await note(bench, chainOf(), { funding: `${aTxid('8')}:0` })
    bench.now += 24 * 3_600_000
    await note(bench, chainOf(), { funding: `${aTxid('8')}:0` })
    expect(bench.alarms).toHaveLength(2)
  })

  test('waits a day for a transaction that no chain source knows, and no longer', async () => {
    const bench = aBench()
    await note(bench, chainOf(), {})
    const moved = { funding: fundingOf(first) }
    await note(bench, chainOf(), moved)
    bench.now = NOW + 24 * 3_600_000 - 1
    await note(bench, chainOf(), moved)
    expect(bench.alarms).toEqual([])
    expect((await seen(bench))?.ledger).toEqual({ through: FUNDING })
    bench.now += 1
    await note(bench, chainOf(), moved)
    expect(bench.alarmed).toEqual([{ node: 'alice', channel: CHANNEL }])
    expect((await seen(bench))?.ledger).toEqual({ through: fundingOf(first) })
  })

  test('that cannot be written keeps nothing else from being written down', async () => {
    const bench = aBench()
    await note(bench, chainOf(), {})
    const putItem: typeof bench.store.putItem = async (kind, ...rest) => {
      if (kind === 'payment') throw new Error('throttled')
      return bench.store.putItem(kind, ...rest)
    }
    const ports = { ...bench.ports, store: { ...bench.store, putItem } }
    const look = aLook({ version: '2', channels: [aChannel({ funding: fundingOf(first) })] })
    await saveNodeState(aConfiguredNode({ chain: chainOf(first) }), ok(look), ports)
    expect((await bench.store.item('node', 'alice'))?.value.version).toBe('2')
    expect(bench.alarms).toEqual(['the ledger could not be updated'])
    expect(bench.alarmed).toEqual([{ node: 'alice', error: 'throttled' }])
    expect((await seen(bench))?.ledger).toEqual({ through: FUNDING })
  })
})

describe('a channel that is new', () => {
  const opening = aTransaction({ inputs: [{ outpoint: `${aTxid('9')}:0` }] })
  const replaced = aTransaction({ inputs: [{ outpoint: `${aTxid('9')}:0` }], locktime: 1 })
  const fresh = { channelId: OTHER, funding: fundingOf(opening), ready: false }

  test('is an open in the ledger, once its funding is known', async () => {
    const bench = aBench()
    await note(bench, chainOf(), {})
    await note(bench, chainOf(), {}, { ...fresh, funding: null })
    expect(bench.alarms).toEqual([])
    await note(bench, chainOf(), {}, fresh)
    expect((await bench.store.item('payment', opening.txid))?.value).toMatchObject({
      kind: 'channel_open',
      spends: null,
      channelId: OTHER,
      candidates: [{ amountSats: 1_000_000 }],
    })
  })

  test('that a crash left out before its node was written down is still new', async () => {
    const bench = aBench()
    await note(bench, chainOf(), {})
    const putItem: typeof bench.store.putItem = async (kind, ...rest) => {
      if (kind === 'node') throw new Error('died')
      return bench.store.putItem(kind, ...rest)
    }
    const ports = { ...bench.ports, store: { ...bench.store, putItem } }
    const look = aLook({ channels: [aChannel({}), aChannel(fresh)] })
    await expect(saveNodeState(aConfiguredNode(), ok(look), ports)).rejects.toThrow('died')
    await note(bench, chainOf(), {}, fresh)
    expect(await bench.store.item('payment', opening.txid)).not.toBeNull()
  })

  test('of a first sweep that died half way is none', async () => {
    const bench = aBench()
    const putItem: typeof bench.store.putItem = async (kind, key, ...rest) => {
      if (key.endsWith(OTHER)) throw new Error('died')
      return bench.store.putItem(kind, key, ...rest)
    }
    const ports = { ...bench.ports, store: { ...bench.store, putItem } }
    const look = aLook({ channels: [aChannel({}), aChannel(fresh)] })
    await expect(saveNodeState(aConfiguredNode(), ok(look), ports)).rejects.toThrow('died')
    await note(bench, chainOf(), {}, fresh)
    expect(await bench.store.item('payment', opening.txid)).toBeNull()
    expect((await seen(bench, channelKey('alice', OTHER)))?.ledger).toEqual({ through: fundingOf(opening) })
  })

  test('keeps one payment when its open is replaced, and is not taken for one whose node went back', async () => {
    const bench = aBench()
    const chain = chainOf(replaced, opening)
    await note(bench, chain, {})
    await note(bench, chain, {}, fresh)
    await note(bench, chain, {}, { ...fresh, funding: fundingOf(replaced) })
    const payment = (await bench.store.item('payment', opening.txid))?.value
    expect(payment?.candidates.map(({ txid }) => txid)).toEqual([opening.txid, replaced.txid])
    expect(await bench.store.item('payment', replaced.txid)).toBeNull()
    await note(bench, chain, {}, { ...fresh, ready: true })
    const key = channelKey('alice', OTHER)
    expect(await seen(bench, key)).toMatchObject({ funding: fundingOf(opening), earlier: [] })
    expect(bench.alarms).toEqual([])
  })

  const BLOCK = { height: 190, hash: aTxid('7') }
  test.each<[string, boolean, Partial<ChannelSnapshot>, boolean]>([
    ['is not ready yet', false, { ready: false }, true],
    ['is ready, its open in no block', false, { ready: true }, true],
    ['is ready, its open in a block', true, { ready: true }, false],
    ['is closing, its open in a block', true, { ready: false, closing: true }, false],
    ['is closing, its open in no block', false, { ready: false, closing: true }, true],
  ])('has its open replaced only until that has confirmed: it %s', async (_says, mined, state, replaces) => {
    const bench = aBench()
    const chain = chainOf(replaced, opening)
    await note(bench, chain, {})
    await note(bench, chain, {}, fresh)
    const item = await bench.store.item('payment', opening.txid)
    if (item === null) throw new Error('no open')
    const candidates = item.value.candidates.map((each) => ({ ...each, block: mined ? BLOCK : null }))
    await bench.store.putItem('payment', opening.txid, { ...item.value, candidates }, item.version)
    await note(bench, chain, {}, { ...fresh, ...state, funding: fundingOf(replaced), capacitySats: 7.9 })
    const after = (await bench.store.item('payment', opening.txid))?.value.candidates
    expect(after?.map(({ amountSats }) => amountSats)).toEqual(replaces ? [1_000_000, 7] : [1_000_000])
    expect(bench.alarms).toEqual(replaces ? [] : ['the ledger cannot follow a channel'])
  })

  test('of the first sweep has its open in the ledger once it is replaced, with what is known of both', async () => {
    const bench = aBench()
    const chain = chainOf(replaced, opening)
    await note(bench, chain, fresh)
    expect(await bench.store.item('payment', opening.txid)).toBeNull()
    await note(bench, chain, { ...fresh, funding: fundingOf(replaced) })
    const payment = (await bench.store.item('payment', opening.txid))?.value
    expect(payment).toMatchObject({
      kind: 'channel_open',
      spends: null,
      candidates: [
        { txid: opening.txid, amountSats: null },
        { txid: replaced.txid, amountSats: 1_000_000 },
      ],
    })
  })
})
