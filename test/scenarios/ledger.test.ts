import { describe, expect, test } from 'vitest'
import { track } from '../../core/ledger/track.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import { byId, byTxid, stored, waiting, walk } from '../../harness/keeper/ledger.ts'

const BLOCKS = { blockMs: 10 * MINUTE }
const FOREIGN = { amountSats: 70_000, mergeOurs: false }

/** A splice that waits for its time, far from now: it looks, and never submits. */
async function onlooker(keeper: Keeper): Promise<string> {
  const notBefore = keeper.world.now() + 500 * HOUR
  const budget = {
    maxAttempts: 1,
    deadline: notBefore + HOUR,
    maxFeeRateSatPerKw: null,
    maxFeeSats: null,
  }
  const { id } = await keeper.post({ notBefore, budget, amountSats: 33_333 })
  return id
}

/** A splice of the peer, in the mempool. */
async function peerSplices(keeper: Keeper): Promise<{ txid: string; hex: string }> {
  keeper.node.peerSplice(keeper.channelId, FOREIGN)
  keeper.world.advance(5_000)
  return waiting(keeper)
}

describe('a foreign splice', () => {
  test('of the peer is recorded, confirmed, graduated, reorged, and graduated again, under one id', async () => {
    const keeper = await startKeeper()
    const { txid } = await peerSplices(keeper)
    await keeper.run(65 * MINUTE, BLOCKS)
    expect(await byTxid(keeper, txid)).toMatchObject({
      id: txid,
      kind: 'foreign_splice',
      status: 'final',
      spliceId: null,
      node: 'alice',
      channelId: keeper.channelId,
      amountSats: keeper.node.channel(keeper.channelId).funding.valueSats - 10_000_000,
      contributionSats: null,
      feeSats: keeper.world.chain.transaction(txid)?.feeSats,
    })
    expect((await stored(keeper, txid)).dueAt).toBeNull()

    keeper.world.reorg(keeper.world.chain.confirmations(txid) ?? 0, { include: 'none', newLength: 9 })
    await keeper.run(2 * MINUTE)
    expect(await byTxid(keeper, txid)).toMatchObject({ id: txid, status: 'pending', confirmations: 0 })
    await keeper.run(3 * HOUR, BLOCKS)
    expect(await byTxid(keeper, txid)).toMatchObject({ id: txid, status: 'final', kind: 'foreign_splice' })
    expect((await stored(keeper, txid)).dueAt).toBeNull()
  })

  test('that a reorg replaces after it graduated keeps its id, and the figures are those of the other candidate', async () => {
    const keeper = await startKeeper()
    const looker = await onlooker(keeper)
    const first = await peerSplices(keeper)
    await walk(keeper, looker)
    keeper.node.peerReplace(keeper.channelId)
    keeper.world.advance(5_000)
    const second = waiting(keeper)
    await keeper.run(2 * HOUR, BLOCKS)
    expect(await byTxid(keeper, first.txid)).toMatchObject({
      id: first.txid,
      txid: second.txid,
      status: 'final',
    })

    const depth = keeper.world.chain.confirmations(second.txid) ?? 0
    keeper.world.reorg(depth, { transactions: [first.hex], drop: [second.txid] })
    await keeper.run(2 * MINUTE)
    const after = await byTxid(keeper, second.txid)
    expect(after).toMatchObject({ id: first.txid, txid: first.txid })
    expect(after?.feeSats).toBe(keeper.world.chain.transaction(first.txid)?.feeSats)
    await keeper.run(2 * HOUR, BLOCKS)
    expect(await byId(keeper, first.txid)).toMatchObject({ txid: first.txid, status: 'final' })
  })

  test('is followed by nobody else: what the tenant may not see is not there', async () => {
    const keeper = await startKeeper()
    const { txid } = await peerSplices(keeper)
    await keeper.run(65 * MINUTE, BLOCKS)
    expect(await byTxid(keeper, txid)).not.toBeNull()
    expect(await byTxid(keeper, txid, 'other')).toBeNull()
    expect(await byId(keeper, txid, 'other')).toBeNull()
  })

  test('and the next one, both locked while we were away, are two payments', async () => {
    const keeper = await startKeeper({ node: { channels: [{ lockDepth: 1 }] } })
    const first = await peerSplices(keeper)
    keeper.world.mine(1)
    keeper.world.advance(5_000)
    const second = await peerSplices(keeper)
    keeper.world.mine(1)
    keeper.world.advance(5_000)
    await keeper.run(2 * HOUR, BLOCKS)
    for (const { txid } of [first, second])
      expect(await byTxid(keeper, txid)).toMatchObject({ id: txid, kind: 'foreign_splice', status: 'final' })
  })

  test('that happens while the chain source is down is recorded when it is back', async () => {
    const keeper = await startKeeper()
    const { txid } = await peerSplices(keeper)
    keeper.world.mine(6)
    keeper.chainView.down = true
    await keeper.run(20 * MINUTE)
    expect(await byTxid(keeper, txid)).toBeNull()
    keeper.chainView.down = false
    await keeper.run(12 * MINUTE)
    expect(await byTxid(keeper, txid)).toMatchObject({ id: txid, status: 'final' })
  })
})

describe('a late classification', () => {
  test('that does not downgrade a confirmed payment', async () => {
    const keeper = await startKeeper()
    const looker = await onlooker(keeper)
    const { txid } = await peerSplices(keeper)
    await walk(keeper, looker)
    expect(await byTxid(keeper, txid)).toMatchObject({ kind: 'unclassified', status: 'pending' })
    await keeper.run(35 * MINUTE, BLOCKS)
    const confirmed = await byTxid(keeper, txid)
    expect(confirmed).toMatchObject({ kind: 'unclassified', status: 'confirmed' })
    // The lock says what it is, long after its confirmation.
    await keeper.run(HOUR, BLOCKS)
    const classified = await byTxid(keeper, txid)
    expect(classified).toMatchObject({ kind: 'foreign_splice', status: 'final', block: confirmed?.block })
    await walk(keeper, looker)
    expect(await byTxid(keeper, txid)).toMatchObject({ kind: 'foreign_splice', status: 'final' })
  })
})

test('a merge leaves a live intent untouched', async () => {
  const keeper = await startKeeper()
  const id = await onlooker(keeper)
  await keeper.run(MINUTE)
  const { txid } = await peerSplices(keeper)
  const before = await keeper.splice(id)
  await walk(keeper, id)
  await track(txid, keeper.ports, keeper.policy)
  expect(await keeper.splice(id)).toEqual(before)
  await keeper.run(2 * HOUR, BLOCKS)
  expect(await byTxid(keeper, txid)).toMatchObject({ kind: 'foreign_splice', status: 'final' })
  expect(await byId(keeper, (await keeper.splice(id)).paymentId)).toMatchObject({ status: 'intended', txid: null })
  expect(await keeper.splice(id)).toMatchObject({ state: 'queued', attempts: [], candidates: [] })
})

describe('a payment of ours', () => {
  test('is intended, pending, confirmed and final, and found by the txid of its candidate', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    const { paymentId } = await keeper.splice(id)
    expect(await byId(keeper, paymentId)).toMatchObject({ status: 'intended', spliceId: id, candidates: [] })
    const pending = await keeper.until(id, ['pending'])
    const txid = pending.candidates[0]?.txid ?? ''
    expect(await byTxid(keeper, txid)).toMatchObject({ id: paymentId, status: 'pending', txid })
    await keeper.until(id, ['confirmed'])
    expect(await byTxid(keeper, txid)).toMatchObject({ id: paymentId, status: 'confirmed' })
    await keeper.until(id, ['settled'])
    expect(await byTxid(keeper, txid)).toMatchObject({ id: paymentId, status: 'final', kind: 'splice_out' })
    expect(await byTxid(keeper, txid, 'other')).toBeNull()
    expect(await keeper.store.item('payment', txid)).toBeNull()
  })

  test("is found by every candidate's txid, and a reorg that carries the confirmed one after graduation resolves to it", async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['pending'])
    const first = waiting(keeper)
    keeper.node.bump(keeper.channelId)
    await keeper.run(2 * MINUTE)
    const second = waiting(keeper)
    expect(second.txid).not.toBe(first.txid)
    await keeper.until(id, ['settled'])
    const { paymentId } = await keeper.splice(id)
    for (const { txid } of [first, second])
      expect(await byTxid(keeper, txid)).toMatchObject({ id: paymentId, txid: second.txid, status: 'final' })

    const depth = keeper.world.chain.confirmations(second.txid) ?? 0
    keeper.world.reorg(depth, { include: 'none', newLength: depth + 2 })
    await keeper.run(3 * MINUTE)
    for (const { txid } of [first, second])
      expect(await byTxid(keeper, txid)).toMatchObject({ id: paymentId, status: 'pending' })
    await keeper.run(3 * HOUR, BLOCKS)
    for (const { txid } of [first, second])
      expect(await byTxid(keeper, txid)).toMatchObject({ id: paymentId, txid: second.txid, status: 'final' })
  })

  test('whose first candidate is mined instead of the newest has the figures of that one', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['pending'])
    const first = waiting(keeper)
    keeper.node.bump(keeper.channelId)
    await keeper.run(2 * MINUTE)
    keeper.world.chain.mine(1, { transactions: [first.hex] })
    await keeper.run(2 * MINUTE)
    const payment = await byTxid(keeper, first.txid)
    expect(payment).toMatchObject({ id: (await keeper.splice(id)).paymentId, txid: first.txid, status: 'confirmed' })
    expect(payment?.feeSats).toBe(keeper.world.chain.transaction(first.txid)?.feeSats)
  })

  test('that is cancelled is void', async () => {
    const keeper = await startKeeper()
    const id = await onlooker(keeper)
    await keeper.cancel(id)
    expect(await byId(keeper, (await keeper.splice(id)).paymentId)).toMatchObject({ status: 'void' })
  })
})

describe('an earlier foreign candidate', () => {
  /** Ours is queued behind a splice of the peer, and joins when that is replaced. */
  async function joined(keeper: Keeper) {
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(2 * MINUTE)
    keeper.node.connectPeer()
    const foreign = await peerSplices(keeper)
    await walk(keeper, id)
    await keeper.run(MINUTE)
    expect(await byTxid(keeper, foreign.txid)).toMatchObject({ id: foreign.txid, status: 'pending' })
    keeper.node.peerReplace(keeper.channelId, { mergeOurs: true })
    await keeper.run(MINUTE)
    return { id, foreign }
  }

  test('is absorbed by ours, and its txid and its id find ours', async () => {
    const keeper = await startKeeper()
    const { id, foreign } = await joined(keeper)
    await keeper.until(id, ['settled'])
    await keeper.run(HOUR, BLOCKS)
    expect((await keeper.splice(id)).state).toBe('settled')
    expect(keeper.payouts).toBe(1)
    const ours = { id: (await keeper.splice(id)).paymentId, status: 'final', spliceId: id }
    expect(await byTxid(keeper, foreign.txid)).toMatchObject(ours)
    expect(await byId(keeper, foreign.txid)).toMatchObject(ours)
    const payment = await stored(keeper, foreign.txid)
    expect(payment.absorbedBy).toBe((await keeper.splice(id)).paymentId)
    expect(payment.dueAt).toBeNull()
  })

  test('stands for itself again if it confirms instead, and ours pays nothing', async () => {
    const keeper = await startKeeper()
    const { id, foreign } = await joined(keeper)
    await keeper.run(11 * MINUTE)
    expect(await byTxid(keeper, foreign.txid)).toMatchObject({ id: (await keeper.splice(id)).paymentId })
    keeper.world.chain.mine(1, { transactions: [foreign.hex] })
    await keeper.run(3 * HOUR, BLOCKS)
    expect(await byTxid(keeper, foreign.txid)).toMatchObject({
      id: foreign.txid,
      txid: foreign.txid,
      status: 'final',
      kind: 'foreign_splice',
      spliceId: null,
    })
    expect((await byId(keeper, (await keeper.splice(id)).paymentId))?.status).not.toBe('final')
  })
})

describe('a closing transaction', () => {
  test.each(['cooperative', 'force'] as const)('(%s) is not adopted by a splice of ours', async (how) => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['pending'])
    const ours = waiting(keeper)
    keeper.node.close(keeper.channelId, how)
    if (how === 'force') {
      keeper.world.evict(ours.txid)
      keeper.world.chain.broadcast(keeper.node.channel(keeper.channelId).closing?.hex ?? '')
    }
    const closing = waiting(keeper)
    await keeper.run(MINUTE)
    await walk(keeper, id)
    await keeper.run(2 * HOUR, BLOCKS)
    const splice = await keeper.splice(id)
    expect(splice.candidates.map((candidate) => candidate.txid)).toEqual([ours.txid])
    expect(splice.state).toBe('failed')
    expect(await byTxid(keeper, ours.txid)).toMatchObject({ id: (await keeper.splice(id)).paymentId, status: 'void' })
    expect(await byTxid(keeper, closing.txid)).toMatchObject({
      id: closing.txid,
      kind: 'channel_close',
      status: 'final',
      amountSats: -10_000_000,
    })
  })
})

describe('an open', () => {
  const OPEN = { valueSats: 900_000, oursSats: 500_000 }

  test('is recorded and graduates; what was there at the first sweep is not', async () => {
    const keeper = await startKeeper()
    const channelId = keeper.node.openChannel(OPEN)
    const { txid } = waiting(keeper)
    await keeper.run(MINUTE)
    expect(await byTxid(keeper, txid)).toMatchObject({
      id: txid,
      kind: 'channel_open',
      status: 'pending',
      channelId,
      amountSats: 900_000,
    })
    await keeper.run(2 * HOUR, BLOCKS)
    expect(await byTxid(keeper, txid)).toMatchObject({ id: txid, status: 'final', kind: 'channel_open' })
    const baseline = keeper.node.channel(keeper.channelId).funding
    expect(await byTxid(keeper, baseline.txid)).toBeNull()
  })

  test('that is replaced is one payment, found by both, whichever confirms', async () => {
    for (const confirms of ['first', 'second'] as const) {
      const keeper = await startKeeper()
      const channelId = keeper.node.openChannel(OPEN)
      const first = waiting(keeper)
      await keeper.run(MINUTE)
      keeper.node.replaceOpen(channelId)
      const second = waiting(keeper)
      await keeper.run(MINUTE)
      const mined = confirms === 'first' ? first : second
      keeper.world.chain.mine(1, { transactions: [mined.hex] })
      await keeper.run(3 * HOUR, BLOCKS)
      for (const { txid } of [first, second])
        expect(await byTxid(keeper, txid)).toMatchObject({
          id: first.txid,
          txid: mined.txid,
          status: 'final',
          kind: 'channel_open',
        })
      const seen = await keeper.store.item('channel', `alice/${channelId}`)
      expect(seen?.value.funding?.slice(0, 64)).toBe(mined.txid)
      expect(keeper.alarms).toEqual([])
    }
  })

  test('whose transaction is not to be seen for 2016 blocks is void', async () => {
    const keeper = await startKeeper({ policy: { watchBlocks: 5 } })
    keeper.node.openChannel(OPEN)
    const { txid } = waiting(keeper)
    await keeper.run(MINUTE)
    keeper.world.chain.withhold(txid)
    keeper.chainView.blind = true
    await keeper.run(3 * HOUR, BLOCKS)
    expect(await byTxid(keeper, txid)).toMatchObject({ status: 'void' })
    expect((await stored(keeper, txid)).dueAt).toBeNull()
  })
})

describe('what a sweep costs', () => {
  test('nothing is asked of the chain, and nothing written, where nothing moved', async () => {
    const writes: string[] = []
    const keeper = await startKeeper({
      hooks: {
        before: (operation) => {
          if (operation.type === 'put') writes.push(operation.row.pk)
          return null
        },
      },
    })
    writes.length = 0
    await keeper.sweep()
    await keeper.sweep()
    expect(writes).toEqual([])
  })

  test('a live payment that does not move is looked at once in ten minutes', async () => {
    const keeper = await startKeeper()
    const looker = await onlooker(keeper)
    const { txid } = await peerSplices(keeper)
    await walk(keeper, looker)
    keeper.world.chain.withhold(txid)
    await keeper.run(3 * MINUTE)
    const before = await keeper.store.item('payment', txid)
    await keeper.run(60 * MINUTE)
    const after = await keeper.store.item('payment', txid)
    expect((after?.version ?? 0) - (before?.version ?? 0)).toBeLessThanOrEqual(7)
  })
})
